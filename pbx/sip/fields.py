"""Header fields of a message: names, and an ordered multi-map of their values (RFC 3261 §7.3)."""

import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Any, Final

from pbx.sip.errors import LocalProtocolError
from pbx.sip.grammar import MAX_ELEMENTS, bad, is_token, split_list

COMPACT: Final = MappingProxyType(
    {
        "a": "Accept-Contact",
        "b": "Referred-By",
        "c": "Content-Type",
        "d": "Request-Disposition",
        "e": "Content-Encoding",
        "f": "From",
        "i": "Call-ID",
        "j": "Reject-Contact",
        "k": "Supported",
        "l": "Content-Length",
        "m": "Contact",
        "n": "Identity-Info",
        "o": "Event",
        "r": "Refer-To",
        "s": "Subject",
        "t": "To",
        "u": "Allow-Events",
        "v": "Via",
        "x": "Session-Expires",
        "y": "Identity",
    }
)
"""Compact forms (§7.3.3 and the IANA registry)."""

# fmt: off
LISTS: Final = frozenset(
    {
        "Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow",
        "Allow-Events", "Call-Info", "Contact", "Content-Encoding", "Content-Language", "Diversion",
        "Error-Info", "History-Info", "In-Reply-To", "P-Asserted-Identity", "P-Preferred-Identity",
        "Path", "Privacy", "Proxy-Require", "Reason", "Record-Route", "Reject-Contact", "Require",
        "Route", "Service-Route", "Supported", "Unsupported", "Via", "Warning",
    }
)
"""Headers whose value is a comma-separated list."""

_OTHERS: Final = (
    "Authentication-Info", "Authorization", "Call-ID", "Content-Disposition", "Content-Length",
    "Content-Type", "CSeq", "Date", "Event", "Expires", "From", "Max-Forwards", "MIME-Version",
    "Min-Expires", "Min-SE", "Organization", "Priority", "Proxy-Authenticate",
    "Proxy-Authorization", "RAck", "Refer-To", "Referred-By", "Replaces", "Reply-To",
    "Retry-After", "RSeq", "Server", "Session-Expires", "SIP-ETag", "SIP-If-Match", "Subject",
    "Subscription-State", "Timestamp", "To", "User-Agent", "WWW-Authenticate",
)
# fmt: on

# A NUL may stand in a message only behind a backslash, in a quoted-string (§25.1, quoted-pair).
_UNSAFE: Final = re.compile("[\r\n\ud800-\udfff]|(?<!\\\\)\0")


def _spellings() -> Iterator[tuple[str, str]]:
    for name in (*LISTS, *_OTHERS):
        yield from ((spelling, name) for spelling in {name, name.lower(), name.upper(), name.title()})
    for short, name in COMPACT.items():
        yield from ((short, name), (short.upper(), name))


NAMES: Final = MappingProxyType(dict(_spellings()))
"""Usual spellings of known names -> canonical name."""


def canonical(name: str) -> str:
    """The canonical long form of a header name, whatever its case; 400 where it is no token (§7.3.1)."""
    known = NAMES.get(name)
    if known is not None:
        return known
    stripped = name.rstrip(" \t")
    if not is_token(stripped):
        raise bad("Bad Header Name")
    return NAMES.get(stripped.lower()) or stripped.title()


def is_safe(text: str) -> bool:
    """Whether `text` can stand in a line without breaking out of it, or breaking a peer."""
    return text.isprintable() or _UNSAFE.search(text) is None


def check_value(name: str, value: str) -> str:
    """`value` unchanged; LocalProtocolError if it is not safe.  Whatever `parse` lets in is."""
    if not is_safe(value):
        raise LocalProtocolError(f"{name} would hold a line break, NUL or surrogate")
    return value


class Headers:
    """Ordered multi-map of header lines.  Names are case-insensitive; Content-Length is never in it.

    `views` caches the typed reading of a header by its canonical name; a change drops it.
    """

    __slots__ = ("lines", "views")

    def __init__(self, lines: dict[str, list[str]] | None = None) -> None:
        """`lines`: canonical name -> values as received, one per line, unfolded.  Taken over, not copied."""
        self.lines: dict[str, list[str]] = {} if lines is None else lines
        self.views: dict[str, Any] = {}

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Headers":
        """Headers of our own making, checked."""
        headers = cls()
        for name, value in pairs:
            headers.add(name, value)
        return headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name, values in self.lines.items() for value in values)

    def __contains__(self, name: str) -> bool:
        return canonical(name) in self.lines

    def get(self, name: str) -> str | None:
        """The first value, or None."""
        name = canonical(name)
        values = self.lines.get(name)
        if not values:
            return None
        if name in LISTS and "," in values[0]:
            return next(iter(split_list(values[0])), None)
        return values[0]

    def all(self, name: str) -> list[str]:
        """Every value in order; those of list headers split at their commas."""
        name = canonical(name)
        values = self.lines.get(name, [])
        if name not in LISTS:
            return list(values)
        if len(values) == 1 and "," not in values[0]:
            return [values[0]] if values[0] else []
        pieces = [piece for value in values for piece in split_list(value)]
        if len(pieces) > MAX_ELEMENTS:
            raise bad("Too Many Values")
        return pieces

    def set(self, name: str, value: str) -> None:
        """Make `value` the only one of this name."""
        name = self._changed(name)
        self.lines[name] = [check_value(name, value)]

    def add(self, name: str, value: str) -> None:
        """Add a value after those of this name."""
        name = self._changed(name)
        self.lines.setdefault(name, []).append(check_value(name, value))

    def prepend(self, name: str, value: str) -> None:
        """Add a value before those of this name (a Via, a Record-Route); a name that is new goes to the top,
        where proxies want it (§7.3.1)."""
        name = self._changed(name)
        check_value(name, value)
        if name in self.lines:
            self.lines[name].insert(0, value)
        else:
            self.lines = {name: [value], **self.lines}

    def remove(self, name: str) -> None:
        """Forget every value of this name."""
        self.lines.pop(self._changed(name), None)

    def text(self) -> str:
        """The header lines, each closed by CRLF."""
        return "".join([f"{name}: {value}\r\n" for name, values in self.lines.items() for value in values])

    def _changed(self, name: str) -> str:
        name = NAMES.get(name) or canonical(check_value(name, name))
        if name == "Content-Length":
            raise LocalProtocolError("Content-Length follows from the body")
        self.views.pop(name, None)
        return name
