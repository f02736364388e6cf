"""The small grammar that headers and URIs share: tokens, quoted strings, lists, parameters (RFC 3261 §25.1).

Every value here was written by a stranger, so each scan is linear (possessive patterns, no backtracking)
and each list has a limit.  Errors are `RemoteProtocolError(400)`.
"""

import re
from typing import Final

from pbx.sip.errors import RemoteProtocolError

MAX_ELEMENTS: Final = 128
"""Most elements of one comma-separated header value."""

MAX_PARAMS: Final = 64
"""Most parameters of one value."""

Params = tuple[tuple[str, str | None], ...]
"""Parameters in order: lower-case name, and the value as written (quotes kept), or None for a bare name."""

HOST: Final = r"(\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.-]++)"

_TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]++")
_DELIMITER: Final = re.compile(r'[,"<]')
_QUOTED: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_VALUE: Final = re.compile(r'[^\x00- \x7f",;<>]*+')
_PARAM: Final = re.compile(
    r"[ \t]*+([A-Za-z0-9.!%*_+`'~-]++)[ \t]*+"
    r'(?:=[ \t]*+("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\x00- \x7f",;<>]++)[ \t]*+)?+(?:;|\Z)',
    re.DOTALL,
)
# Parameters that need no second look at their name: nearly all of them.
_USUAL: Final = frozenset({"tag", "branch", "rport", "received", "lr", "transport", "expires", "q", "user"})
# What dialogs and transactions are found by must be a token: we write it into our own messages.
_NEVER_QUOTED: Final = frozenset({"tag", "branch"})


def bad(reason: str) -> RemoteProtocolError:
    """A 400 with these words."""
    return RemoteProtocolError(400, reason)


def is_token(text: str) -> bool:
    """Whether `text` is a token (§25.1)."""
    return _TOKEN.fullmatch(text) is not None


def digits(text: str, largest: int, what: str) -> int:
    """A decimal number up to `largest`; 400 otherwise.  `int` alone would take signs and other scripts."""
    if text.isascii() and text.isdigit() and len(text) <= 20 and (number := int(text)) <= largest:
        return number
    raise bad(f"Bad {what}")


def quote(text: str) -> str:
    """A quoted-string with `text` inside."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """The inside of a quoted-string; any other text as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inside = text[1:-1]
    if "\\" not in inside:
        return inside
    # Three replacements cost a tenth of a regular expression; a surrogate cannot be in decoded text.
    return inside.replace("\\\\", "\udcff").replace("\\", "").replace("\udcff", "\\")


def split_list(text: str) -> list[str]:
    """Elements of a comma-separated value; commas in quotes and in angle brackets do not count (§7.3.1)."""
    if "," not in text:
        return [text] if text else []
    pieces: list[str] = []
    start = at = 0
    while (found := _DELIMITER.search(text, at)) is not None:
        at = found.end()
        match found.group():
            case ",":
                pieces.append(text[start : at - 1].strip(" \t"))
                start = at
                if len(pieces) >= MAX_ELEMENTS:
                    raise bad("Too Many Values")
            case '"':
                at = _quoted_end(text, at - 1)
            case _:
                at = text.find(">", at) + 1
                if not at:
                    raise bad("Unbalanced Angle Bracket")
    pieces.append(text[start:].strip(" \t"))
    return [piece for piece in pieces if piece]


def _quoted_end(text: str, start: int) -> int:
    found = _QUOTED.match(text, start)
    if found is None:
        raise bad("Unbalanced Quote")
    return found.end()


def parse_params(text: str) -> Params:
    """Parameters of a value, `text` starting at the first semicolon (or empty)."""
    if not text:
        return ()
    if '"' in text or " " in text or "\t" in text:
        return _scan_params(text)
    pieces = text[1:].split(";", MAX_PARAMS)
    if len(pieces) > MAX_PARAMS:
        raise bad("Too Many Parameters")
    return tuple([_plain_param(piece) for piece in pieces])


def _plain_param(piece: str) -> tuple[str, str | None]:
    name, equals, value = piece.partition("=")
    name = name.lower()
    if name not in _USUAL and _TOKEN.fullmatch(name) is None:
        raise bad("Bad Parameter")
    if not equals:
        return name, None
    if _VALUE.fullmatch(value) is None:
        raise bad("Bad Parameter")
    return name, value


def _scan_params(text: str) -> Params:
    pairs: list[tuple[str, str | None]] = []
    at, end = 1, len(text)
    while True:
        found = _PARAM.match(text, at)
        if found is None or len(pairs) >= MAX_PARAMS:
            raise bad("Bad Parameter")
        name, value = found[1].lower(), found[2]
        if value is not None and value[0] == '"' and name in _NEVER_QUOTED:
            raise bad("Bad Parameter")
        pairs.append((name, value))
        at = found.end()
        if at == end:
            if text[-1] == ";":
                raise bad("Bad Parameter")
            return tuple(pairs)


def get_param(params: Params, name: str) -> str | None:
    """Value of the first parameter `name`, unquoted; "" for a bare name; None where there is none."""
    for key, value in params:
        if key == name:
            return "" if value is None else unquote(value)
    return None


def put_param(params: Params, name: str, value: str | None) -> Params:
    """`params` with `name` set: in place where it is, else at the end."""
    if any(key == name for key, _ in params):
        return tuple((key, value if key == name else old) for key, old in params)
    return (*params, (name, value))


def format_params(params: Params) -> str:
    """`;name=value;name…`, or empty."""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params])
