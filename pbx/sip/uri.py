"""SIP, SIPS and tel URIs: parse, print, compare (RFC 3261 §19.1, RFC 3966)."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final
from urllib.parse import unquote

from pbx.sip.grammar import HOST, Params, bad, digits, format_params, get_param, parse_params

_CACHED_LENGTH: Final = 200
# Comparing these needs them in both URIs or in neither (§19.1.4).
_DECISIVE: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+")
_SIP: Final = re.compile(
    r"(?:([^\x00- \"<>@\x7f-\U0010ffff]++)@)?+"
    + HOST
    + r"(?::([0-9]{1,5}+))?+(;[^?\x00- \"<>\x7f-\U0010ffff]*+)?+(?:\?([^\x00- \"<>\x7f-\U0010ffff]*+))?+"
)
_TEL: Final = re.compile(r"([+0-9A-Fa-f*#().-]++)(;[^\x00- \"<>\x7f-\U0010ffff]*+)?+")
_OPAQUE: Final = re.compile(r"[^\x00- \"<>\x7f-\U0010ffff]++")
_SEPARATORS: Final = str.maketrans("", "", "-.()")


def parse_host(text: str) -> str:
    """A host as we keep it: lower case, an IPv6 address without its brackets; 400 where it is no address."""
    if text[0] != "[":
        return text.lower()
    # The grammar of RFC 3261 made some peers write a third colon before an IPv4 tail (RFC 5118 §4.10).
    host = text[1:-1].lower().replace(":::", "::")
    try:
        IPv6Address(host)
    except AddressValueError:
        raise bad("Bad IPv6 Address") from None
    return host


def format_host(host: str, port: int | None) -> str:
    """`host[:port]`, with brackets around an IPv6 address."""
    text = f"[{host}]" if ":" in host else host
    return text if port is None else f"{text}:{port}"


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI.  `user`, `password`, parameters and `headers` are kept escaped, as written.

    `host` is lower case and without brackets; it is empty for `tel:` (whose number is `user`) and for the
    schemes we only pass on, whose text after the colon is `opaque`.
    """

    scheme: str
    user: str | None
    host: str
    port: int | None = None
    params: Params = ()
    headers: str = ""
    password: str | None = None
    opaque: str = ""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Parse an absolute URI of any scheme; RemoteProtocolError(400) where it is none."""
        # Long texts are left out of the cache, so that strangers cannot fill memory with them.
        return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        if self.scheme == "tel":
            return f"tel:{self.user}{format_params(self.params)}"
        password = "" if self.password is None else f":{self.password}"
        user = "" if self.user is None else f"{self.user}{password}@"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{format_host(self.host, self.port)}{format_params(self.params)}{headers}"

    def param(self, name: str) -> str | None:
        """Value of a parameter; "" for a bare name (`;lr`); None where there is none."""
        return get_param(self.params, name)

    def bare(self) -> "Uri":
        """This URI without parameters, headers and password: an address of record (§10.3)."""
        return replace(self, params=(), headers="", password=None)

    def equivalent(self, other: "Uri") -> bool:
        """Whether both name the same resource (§19.1.4)."""
        return _identity(self) == _identity(other) and _params_agree(self.params, other.params)


def aor(uri: Uri) -> str:
    """The user part, unescaped: "1001" for `sip:1001@pbx`; a tel number without separators; "" for none."""
    user = uri.user or ""
    if uri.scheme == "tel":
        return user.translate(_SEPARATORS)
    plain = unquote(user) if "%" in user else user
    # Escaped control characters stay escaped: this text reaches logs, records and pages.
    return plain if plain.isprintable() else user


def _parse(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme in {"sip", "sips"}:
        return _parse_sip(scheme, rest)
    if not colon or _SCHEME.fullmatch(scheme) is None:
        raise bad("Bad URI")
    if scheme == "tel":
        found = _TEL.fullmatch(rest)
        if found is None:
            raise bad("Bad tel URI")
        return Uri("tel", found[1], "", params=parse_params(found[2] or ""))
    if _OPAQUE.fullmatch(rest) is None:
        raise bad("Bad URI")
    return Uri(scheme, None, "", opaque=rest)


def _parse_sip(scheme: str, rest: str) -> Uri:
    found = _SIP.fullmatch(rest)
    if found is None:
        raise bad("Bad SIP URI")
    user, host, port, params, headers = found.groups()
    password = None
    if user is not None and ":" in user:
        user, _, password = user.partition(":")
        if not user:
            raise bad("Bad SIP URI")
    number = None if port is None else digits(port, 65535, "Port")
    return Uri(scheme, user, parse_host(host), number, parse_params(params or ""), headers or "", password)


_parse_cached = lru_cache(maxsize=4096)(_parse)


def _identity(uri: Uri) -> tuple[object, ...]:
    headers = frozenset(unquote(piece) for piece in uri.headers.split("&"))
    password = None if uri.password is None else unquote(uri.password)
    user = None if uri.user is None else unquote(uri.user)
    host = IPv6Address(uri.host) if ":" in uri.host else uri.host  # RFC 5954 §4: whatever its spelling
    return uri.scheme, user, password, host, uri.port, headers, uri.opaque


def _params_agree(ours: Params, theirs: Params) -> bool:
    left = {name: unquote(value or "").lower() for name, value in ours}
    right = {name: unquote(value or "").lower() for name, value in theirs}
    shared = left.keys() & right.keys()
    alone = left.keys() ^ right.keys()
    return not alone & _DECISIVE and all(left[name] == right[name] for name in shared)
