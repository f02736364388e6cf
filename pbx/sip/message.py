"""Requests and responses: parse, build, encode (RFC 3261 §7).

`parse` reads every header that a typed view of `views.Message` reads, so on a parsed message no view raises.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.fields import NAMES, Headers, canonical, check_value, is_safe
from pbx.sip.grammar import bad, digits, is_token
from pbx.sip.status import reason_phrase
from pbx.sip.uri import Uri
from pbx.sip.views import Message

__all__ = ["MalformedMessage", "Message", "Request", "Response", "build_request", "build_response", "parse"]

MAX_MESSAGE: Final = 65535
"""Largest datagram, in bytes."""
MAX_LINES: Final = 128
"""Most header lines of a message, after unfolding."""
MAX_LINE: Final = 8192
"""Longest start or header line, in characters, after unfolding."""

_REQUIRED: Final = ("Via", "From", "To", "Call-ID", "CSeq")
_SINGLE: Final = (*_REQUIRED[1:], "Max-Forwards", "Content-Length", "Content-Type", "Expires")
_FOLD: Final = re.compile(r"\n[ \t]+")
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?", re.IGNORECASE)


class Request(Message):
    """A request: method (case-sensitive), Request-URI as text and, read on demand, as `uri`."""

    __slots__ = ("method", "raw_uri")

    def __init__(self, method: str, raw_uri: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.raw_uri = raw_uri

    @property
    def uri(self) -> Uri:
        """The Request-URI."""
        return Uri.parse(self.raw_uri)

    @property
    def start_line(self) -> str:
        """`METHOD uri SIP/2.0`."""
        return f"{self.method} {self.raw_uri} SIP/2.0"

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.raw_uri}>"


class Response(Message):
    """A response: status code and reason phrase."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    @property
    def start_line(self) -> str:
        """`SIP/2.0 status reason`."""
        return f"SIP/2.0 {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"


class MalformedMessage(RemoteProtocolError):
    """A datagram that is no proper message.

    `partial` is the request it meant to be, if an answer can be addressed and matched (a sound Via, a CSeq:
    §17.1.3) and it is no ACK; else None, and silence is the answer.  From, To and Call-ID are in it if they
    came (RFC 4475 §3.3.1).  Of its views only `via` is checked.  `framed` = its head could be read, so there
    is no doubt where it ended.
    """

    def __init__(
        self, status: int, reason: str, partial: Request | None = None, framed: bool = False
    ) -> None:
        super().__init__(status, reason)
        self.partial, self.framed = partial, framed


def build_request(
    method: str, uri: Uri | str, headers: Iterable[tuple[str, str]], body: bytes = b""
) -> Request:
    """A request of our own; LocalProtocolError where a value holds CR, LF or NUL."""
    check_value("Method", method)
    return Request(method, check_value("Request-URI", str(uri)), Headers.of(headers), body)


def build_response(
    request: Request,
    status: int,
    reason: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    to_tag: str | None = None,
) -> Response:
    """Answer `request` (§8.2.6): Via, From, To, Call-ID and CSeq are its own, letter for letter.

    `to_tag` is added to a To that has no tag.  `headers` come after the copied ones.  A 100 carries the
    request's Timestamp.  `reason` None takes the usual phrase.
    """
    asked = request.headers.lines
    lines: dict[str, list[str]] = {name: list(asked[name]) for name in _REQUIRED if name in asked}
    if to_tag is not None and "To" in lines and not _has_tag(request):
        lines["To"] = [f"{lines['To'][0]};tag={check_value('To', to_tag)}"]
    if status == 100 and "Timestamp" in asked:
        lines["Timestamp"] = list(asked["Timestamp"])
    answer = Response(status, check_value("Reason", reason or reason_phrase(status)), Headers(lines), body)
    for name, value in headers:
        answer.headers.add(name, value)
    return answer


def _has_tag(request: Request) -> bool:
    try:
        return request.to.tag is not None
    except RemoteProtocolError:  # a partial request, whose To may be the very fault we answer
        return False


def parse(data: bytes) -> Request | Response:
    """Read one datagram; MalformedMessage (a RemoteProtocolError) where it is no proper message.

    Bare LF counts as CRLF, empty lines before the start line are skipped (§7.5), and bytes after
    Content-Length are ignored (§18.3).
    """
    if len(data) > MAX_MESSAGE:
        raise MalformedMessage(513, reason_phrase(513))
    start, lines, rest, terminated = _separate(data)
    framed = False
    try:
        if not terminated:
            raise bad("Headers Do Not End")
        message = _message(start, _read_lines(lines))
        message.body = _body(message.headers, rest)
        framed = True
        _check(message)
    except RemoteProtocolError as error:
        raise MalformedMessage(error.status, error.reason, _salvage(start, lines), framed) from None
    return message


def _separate(data: bytes) -> tuple[str, list[str], bytes, bool]:
    """Start line, unfolded header lines, the bytes after the empty line, and whether there was one."""
    data = data.lstrip(b"\r\n")
    end, skip = data.find(b"\n\r\n"), 3
    bare = data.find(b"\n\n", 0, end if end >= 0 else len(data))
    if bare >= 0:
        end, skip = bare, 2
    head, rest = (data, b"") if end < 0 else (data[:end], data[end + skip :])
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")  # old phones; better a readable name than none
    text = text.replace("\r\n", "\n").removesuffix("\r")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\n", MAX_LINES + 1)
    return lines[0], lines[1:], rest, end >= 0


def _read_lines(lines: Sequence[str]) -> dict[str, list[str]]:
    if len(lines) > MAX_LINES:
        raise bad("Too Many Headers")
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or len(line) > MAX_LINE or not is_safe(line):
            raise bad("Bad Header Line")
        key = NAMES.get(name) or canonical(name)
        if key in fields:
            fields[key].append(value.strip(" \t"))
        else:
            fields[key] = [value.strip(" \t")]
    if len(fields) != len(lines):
        for key in _SINGLE:
            if len(fields.get(key, ())) > 1:
                raise bad(f"Repeated {key}")
    return fields


def _message(start: str, fields: dict[str, list[str]]) -> Request | Response:
    if len(start) > MAX_LINE:
        raise RemoteProtocolError(414, reason_phrase(414))
    if not is_safe(start):
        raise bad("Bad Start Line")
    if start[:4].upper() == "SIP/":
        found = _STATUS_LINE.fullmatch(start)
        if found is None:
            raise bad("Bad Status Line")
        return Response(int(found[1]), found[2] or "", Headers(fields))
    words = start.split(" ")
    if len(words) != 3 or not is_token(words[0]):
        raise bad("Bad Request Line")
    if words[2].upper() != "SIP/2.0":
        _refuse_version(words[2])
    return Request(words[0], words[1], Headers(fields))


def _refuse_version(version: str) -> NoReturn:
    if re.fullmatch(r"SIP/[0-9]{1,9}\.[0-9]{1,9}", version, re.IGNORECASE):
        raise RemoteProtocolError(505, reason_phrase(505))
    raise bad("Bad Request Line")


def _body(headers: Headers, rest: bytes) -> bytes:
    declared = headers.lines.pop("Content-Length", None)
    if declared is None:
        return rest
    length = digits(declared[0], MAX_MESSAGE, "Content-Length")
    if length > len(rest):
        raise bad("Body Shorter Than Content-Length")
    return rest[:length]


def _check(message: Request | Response) -> None:
    """Read the views that every user of a message relies on, and those that are there besides."""
    lines = message.headers.lines
    for name in _REQUIRED:
        if not lines.get(name, ("",))[0]:
            raise bad(f"Missing {name}")
    cseq = message.cseq
    _ = message.via, message.from_, message.to
    if isinstance(message, Request):
        if cseq.method != message.method:
            raise bad("CSeq Names Another Method")
        _ = message.uri
    if "Max-Forwards" in lines:
        _ = message.max_forwards
    if "Contact" in lines:
        _ = message.contacts
    if "Route" in lines:
        _ = message.routes
    if "Record-Route" in lines:
        _ = message.record_routes
    if "Path" in lines:
        _ = message.paths


def _salvage(start: str, lines: Sequence[str]) -> Request | None:
    """The request behind a malformed message, if a 400 to it can be addressed and matched."""
    words = start.split()
    if len(words) < 3 or words[0] == "ACK" or not is_token(words[0]) or words[-1][:4].upper() != "SIP/":
        return None
    fields: dict[str, list[str]] = {}
    for line in lines[:MAX_LINES]:
        name, _, value = line.partition(":")
        key = NAMES.get(name) or NAMES.get(name.strip(" \t").lower())
        value = value.strip(" \t")
        if key in _REQUIRED and value and len(line) <= MAX_LINE and is_safe(line):
            if key not in fields:
                fields[key] = [value]
            elif key == "Via":
                fields[key].append(value)
    if not {"Via", "CSeq"} <= fields.keys():
        return None
    partial = Request(words[0], words[1], Headers(fields))
    try:
        _ = partial.via
    except RemoteProtocolError:
        return None
    return partial
