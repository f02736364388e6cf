"""Typed views of a message's headers, read on first use and kept (RFC 3261 §20)."""

from collections.abc import Callable
from typing import Final, TypeVar

from pbx.sip.fields import Headers
from pbx.sip.grammar import bad, digits
from pbx.sip.headers import CSeq, NameAddr, Via

MAX_EXPIRES: Final = 2**32 - 1
"""Longest lifetime that a message can state, in seconds."""

_DEFAULT_EXPIRES: Final = 3600

T = TypeVar("T")


class Message:
    """What requests and responses share: header lines, their typed views, and a body."""

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.headers = headers
        self.body = body

    def get(self, name: str) -> str | None:
        """First value of a header as text, unfolded; None where there is none."""
        return self.headers.get(name)

    def all(self, name: str) -> list[str]:
        """Every value of a header; list headers (Via, Route, Contact, Supported …) split at their commas."""
        return self.headers.all(name)

    def set(self, name: str, value: str) -> None:
        """Make `value` the only one of this header; LocalProtocolError on CR, LF or NUL."""
        self.headers.set(name, value)

    def add(self, name: str, value: str) -> None:
        """Append a value to a header; LocalProtocolError on CR, LF or NUL."""
        self.headers.add(name, value)

    def prepend(self, name: str, value: str) -> None:
        """Put a value before the others of a header; LocalProtocolError on CR, LF or NUL."""
        self.headers.prepend(name, value)

    def remove(self, name: str) -> None:
        """Remove a header."""
        self.headers.remove(name)

    def _view(self, name: str, read: "Callable[[Message], T]") -> T:
        views = self.headers.views
        if name not in views:
            views[name] = read(self)
        view: T = views[name]
        return view

    @property
    def vias(self) -> list[Via]:
        """Every Via, topmost first."""
        return self._view("Via", _read_vias)

    @property
    def via(self) -> Via:
        """The topmost Via: the hop the message came from."""
        vias = self.vias
        if not vias:
            raise bad("Missing Via")
        return vias[0]

    @property
    def from_(self) -> NameAddr:
        """From (§20.20)."""
        return self._view("From", _read_from)

    @property
    def to(self) -> NameAddr:
        """To (§20.39)."""
        return self._view("To", _read_to)

    @property
    def call_id(self) -> str:
        """Call-ID (§20.8)."""
        return self._one("Call-ID")

    @property
    def cseq(self) -> CSeq:
        """CSeq (§20.16)."""
        return self._view("CSeq", _read_cseq)

    @property
    def contacts(self) -> list[NameAddr]:
        """Contacts (§20.10); none for `*`."""
        return self._view("Contact", _read_contacts)

    @property
    def contact_star(self) -> bool:
        """Whether Contact is `*`: remove every binding (§10.2.2)."""
        return self.headers.lines.get("Contact") == ["*"]

    @property
    def routes(self) -> list[NameAddr]:
        """Route, topmost first (§20.34)."""
        return self._view("Route", lambda message: message._names("Route"))

    @property
    def record_routes(self) -> list[NameAddr]:
        """Record-Route, topmost first (§20.30)."""
        return self._view("Record-Route", lambda message: message._names("Record-Route"))

    @property
    def paths(self) -> list[NameAddr]:
        """Path, topmost first (RFC 3327)."""
        return self._view("Path", lambda message: message._names("Path"))

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards; None from an RFC 2543 peer."""
        return self._view("Max-Forwards", _read_max_forwards)

    @property
    def expires(self) -> int | None:
        """Expires in seconds, at most 2**32-1; nonsense counts as 3600 (§20.19); None where there is none."""
        return self._view("Expires", _read_expires)

    @property
    def content_type(self) -> str:
        """Media type of the body, lower case, without parameters; "" where there is none."""
        text = self.get("Content-Type") or ""
        return text.partition(";")[0].strip(" \t").lower()

    @property
    def content_length(self) -> int:
        """Bytes in the body."""
        return len(self.body)

    @property
    def supported(self) -> tuple[str, ...]:
        """Option tags of Supported, lower case."""
        return self._view("Supported", lambda message: message._tags("Supported"))

    @property
    def require(self) -> tuple[str, ...]:
        """Option tags of Require, lower case."""
        return self._view("Require", lambda message: message._tags("Require"))

    @property
    def allow(self) -> tuple[str, ...]:
        """Methods of Allow, as written: methods are case-sensitive."""
        words = ",".join(self.headers.lines.get("Allow", ())).split(",")
        return tuple([word for piece in words if (word := piece.strip(" \t"))])

    @property
    def start_line(self) -> str:
        """The first line, without its end."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The message on the wire; Content-Length is always there."""
        head = f"{self.start_line}\r\n{self.headers.text()}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode() + self.body

    __bytes__ = encode

    def _one(self, name: str) -> str:
        values = self.headers.lines.get(name)
        if not values or not values[0]:
            raise bad(f"Missing {name}")
        return values[0]

    def _names(self, name: str) -> list[NameAddr]:
        return [NameAddr.parse(text) for text in self.headers.all(name)]

    def _tags(self, name: str) -> tuple[str, ...]:
        words = ",".join(self.headers.lines.get(name, ())).lower().split(",")
        return tuple([word for piece in words if (word := piece.strip(" \t"))])


def _read_vias(message: Message) -> list[Via]:
    return [Via.parse(text) for text in message.headers.all("Via")]


def _read_from(message: Message) -> NameAddr:
    return NameAddr.parse(message._one("From"))


def _read_to(message: Message) -> NameAddr:
    return NameAddr.parse(message._one("To"))


def _read_cseq(message: Message) -> CSeq:
    return CSeq.parse(message._one("CSeq"))


def _read_contacts(message: Message) -> list[NameAddr]:
    if message.contact_star:
        return []
    return message._names("Contact")


def _read_max_forwards(message: Message) -> int | None:
    text = message.get("Max-Forwards")
    return None if text is None else digits(text, 255, "Max-Forwards")


def _read_expires(message: Message) -> int | None:
    text = message.get("Expires")
    return None if text is None else lifetime(text)


def lifetime(text: str) -> int:
    """Seconds that an Expires header or parameter states: at most 2**32-1, 3600 for nonsense (§20.19)."""
    if not text.isascii() or not text.isdigit():
        return _DEFAULT_EXPIRES
    return int(text) if len(text) <= 9 else min(int(text[:20]), MAX_EXPIRES)
