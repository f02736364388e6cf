"""Typed header values: name-addr, Via, CSeq, digest challenges and credentials (RFC 3261 §20)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from pbx.sip.grammar import (
    HOST,
    MAX_PARAMS,
    Params,
    bad,
    digits,
    format_params,
    get_param,
    is_token,
    parse_params,
    put_param,
    quote,
    unquote,
)
from pbx.sip.uri import Uri, format_host, parse_host

MAX_CSEQ: Final = 2**31 - 1

_NAME_ADDR: Final = re.compile(
    r'[ \t]*+(?:("[^"\\]*+(?:\\.[^"\\]*+)*+")|([^<"]*+))[ \t]*+<([^<>]*+)>[ \t]*+(;.*+)?+', re.DOTALL
)
_VIA: Final = re.compile(
    r"SIP[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+([A-Za-z0-9.!%*_+`'~-]++)[ \t]++"
    + HOST
    + r"[ \t]*+(?::[ \t]*+([0-9]{1,5}+)[ \t]*+)?+(;.*+)?+",
    re.DOTALL | re.IGNORECASE,
)
_AUTH_PARAM: Final = re.compile(
    r"[ \t,]*+([A-Za-z0-9.!%*_+`'~-]++)[ \t]*+=[ \t]*+"
    r'("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\x00- \x7f",]*+)[ \t]*+(?:,|\Z)',
    re.DOTALL,
)
# Digest parameters that are written without quotes (RFC 7616 §3.3, §3.4).
_UNQUOTED: Final = frozenset({"algorithm", "stale", "nc", "userhash"})


@dataclass(frozen=True, slots=True)
class NameAddr:
    """`"Display" <uri>;params`: From, To, Contact, Route and their like.  `display` is unquoted."""

    display: str
    uri: Uri
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Parse a name-addr or an addr-spec; RemoteProtocolError(400) where it is neither."""
        found = _NAME_ADDR.fullmatch(text)
        if found is not None:
            quoted, plain, uri, params = found.groups()
            display = _printable(unquote(quoted)) if quoted else _printable(plain.strip(" \t"))
            return cls(display, Uri.parse(uri), parse_params(params or ""))
        # Without brackets everything after a semicolon belongs to the header, and a question mark or comma
        # would be ambiguous, so it is forbidden (§20).
        uri, semicolon, rest = text.partition(";")
        if "?" in uri or "," in uri:
            raise bad("URI Needs Angle Brackets")
        return cls("", Uri.parse(uri.strip(" \t")), parse_params(semicolon + rest))

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"

    def param(self, name: str) -> str | None:
        """Value of a parameter; "" for a bare name; None where there is none."""
        return get_param(self.params, name)

    @property
    def tag(self) -> str | None:
        """The dialog tag; None where there is none (or an empty one)."""
        return get_param(self.params, "tag") or None

    def with_tag(self, tag: str) -> "NameAddr":
        """The same party with this tag."""
        return self.with_param("tag", tag)

    def with_param(self, name: str, value: str | None = None) -> "NameAddr":
        """The same party with a parameter set; None makes a bare name."""
        return replace(self, params=put_param(self.params, name, value))


@dataclass(frozen=True, slots=True)
class Via:
    """One hop: `SIP/2.0/UDP host:port;branch=…` (§20.42, RFC 3581).  `transport` is upper case."""

    transport: str
    host: str
    port: int | None = None
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Parse one Via value; RemoteProtocolError(400) where it is malformed."""
        found = _VIA.fullmatch(text)
        if found is None:
            raise bad("Bad Via")
        transport, host, port, params = found.groups()
        number = None if port is None else digits(port, 65535, "Port")
        return cls(transport.upper(), parse_host(host), number, parse_params(params or ""))

    def __str__(self) -> str:
        where = format_host(self.host, self.port)
        return f"SIP/2.0/{self.transport} {where}{format_params(self.params)}"

    def param(self, name: str) -> str | None:
        """Value of a parameter; "" for a bare name (`;rport`); None where there is none."""
        return get_param(self.params, name)

    @property
    def branch(self) -> str | None:
        """The transaction's branch; None from an RFC 2543 peer."""
        return get_param(self.params, "branch") or None

    @property
    def received(self) -> str | None:
        """Source address the next hop saw, without brackets (RFC 5118 §4.5 allows both spellings)."""
        value = get_param(self.params, "received")
        return value.strip("[]") if value else None

    @property
    def rport(self) -> int | None:
        """Source port the next hop saw; None if absent, not filled in or nonsense.  See `wants_rport`."""
        value = get_param(self.params, "rport")
        if not value or len(value) > 5 or not value.isascii() or not value.isdigit():
            return None
        return int(value)

    @property
    def wants_rport(self) -> bool:
        """Whether the sender asked for answers on its source port (RFC 3581 §3)."""
        return any(name == "rport" for name, _ in self.params)

    def with_param(self, name: str, value: str | None = None) -> "Via":
        """The same hop with a parameter set; None makes a bare name."""
        return replace(self, params=put_param(self.params, name, value))


class CSeq(NamedTuple):
    """Sequence number and method of a request (§20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Parse `number SP method`; RemoteProtocolError(400) where malformed or at 2**31 and above."""
        words = text.split()
        if len(words) != 2 or not is_token(words[1]):
            raise bad("Bad CSeq")
        return cls(digits(words[0], MAX_CSEQ, "CSeq"), words[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class Auth:
    """A challenge or credentials: a scheme and its parameters, values unquoted (RFC 7616)."""

    scheme: str
    params: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> "Auth":
        """Parse one (WWW-|Proxy-)Authenticate or Authorization value; 400 if malformed or a name repeats."""
        scheme, _, rest = text.strip(" \t").partition(" ")
        if not is_token(scheme):
            raise bad("Bad Credentials")
        pairs = tuple(_auth_params(rest))
        if len({name for name, _ in pairs}) != len(pairs):
            raise bad("Bad Credentials")
        return cls(scheme, pairs)

    @property
    def is_digest(self) -> bool:
        """Whether the scheme is Digest."""
        return self.scheme.lower() == "digest"

    def get(self, name: str, default: str = "") -> str:
        """Value of a parameter, unquoted."""
        for key, value in self.params:
            if key == name:
                return value
        return default

    def __str__(self) -> str:
        # qop is quoted in a challenge (a list) and bare in credentials (a choice); `response` tells which.
        bare = _UNQUOTED | {"qop"} if any(name == "response" for name, _ in self.params) else _UNQUOTED
        return f"{self.scheme} " + ", ".join(
            f"{name}={value if name in bare else quote(value)}" for name, value in self.params
        )


def _auth_params(text: str) -> Iterator[tuple[str, str]]:
    at, end, count = 0, len(text), 0
    while at < end:
        found = _AUTH_PARAM.match(text, at)
        count += 1
        if found is None or count > MAX_PARAMS:
            raise bad("Bad Credentials")
        yield found[1].lower(), unquote(found[2])
        at = found.end()


def _printable(text: str) -> str:
    # A display name may hold escaped control characters (RFC 4475 §3.1.1.2); nobody wants to see them again.
    return text if text.isprintable() else "".join(filter(str.isprintable, text))
