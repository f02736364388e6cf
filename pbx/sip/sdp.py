"""Session descriptions: parse and print (RFC 4566).  What they mean for a call is the business of `offer`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pbx.sip.errors import LocalProtocolError, RemoteProtocolError
from pbx.sip.grammar import bad, digits

MAX_LINES: Final = 512
"""Most lines of a description that we read."""

MAX_MEDIA: Final = 32
"""Most m-lines of a description that we read."""

Attributes = tuple[tuple[str, str | None], ...]
"""`a=` lines in order: name, and the text after the colon or None for a flag."""

# The order that RFC 4566 §5 demands, for the lines that we only keep.
_BEFORE_CONNECTION: Final = "iuep"


@dataclass(frozen=True, slots=True)
class Origin:
    """`o=`: who made the description, and which version of it this is.  Identifiers are kept as text."""

    username: str
    session_id: str
    version: str
    address: str

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {format_connection(self.address)}"


@dataclass(frozen=True, slots=True)
class Media:
    """One m-line and the lines below it.  `connection` is the host of its own c-line; port 0 = refused."""

    kind: str
    port: int
    proto: str
    formats: tuple[str, ...]
    connection: str | None = None
    attributes: Attributes = ()
    lines: tuple[str, ...] = ()

    def attribute(self, name: str) -> str | None:
        """Text of the first attribute `name`; "" for a flag; None where there is none."""
        return find(self.attributes, name)

    def text_lines(self) -> list[str]:
        """Its lines, without their ends."""
        formats = " ".join(self.formats)
        return [f"m={self.kind} {self.port} {self.proto} {formats}", *_body(self)]


@dataclass(frozen=True, slots=True)
class Description:
    """A whole description.

    `connection` is the host of the session's c-line, `times` are the texts of its t-lines, `lines` the lines
    of other kinds as they came.
    """

    origin: Origin
    name: str = "-"
    connection: str | None = None
    times: tuple[str, ...] = ("0 0",)
    attributes: Attributes = ()
    media: tuple[Media, ...] = ()
    lines: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "Description":
        """Read a description; RemoteProtocolError 400 where malformed, 488 for a network that is not IN."""
        session, *media = _sections(data)
        fields = {line[0]: line[2:].strip() for line in reversed(session)}
        if fields.get("v") != "0" or "o" not in fields:
            raise bad("Bad Session Description")
        connection, attributes, kept = _common(session)
        return cls(
            _origin(fields["o"]),
            fields.get("s", ""),
            connection,
            tuple(line[2:].strip() for line in session if line[0] == "t"),
            attributes,
            tuple(_media(lines) for lines in media),
            tuple(line for line in kept if line[0] not in "vost"),
        )

    def attribute(self, name: str) -> str | None:
        """Text of the session's first attribute `name`; "" for a flag; None where there is none."""
        return find(self.attributes, name)

    def encode(self) -> bytes:
        """The description on the wire; LocalProtocolError if a value would break its line."""
        head = ["v=0", f"o={self.origin}", f"s={self.name or ' '}"]
        lines = [
            *head,
            *_body(self, self.times),
            *(line for media in self.media for line in media.text_lines()),
        ]
        text = "".join([f"{line}\r\n" for line in lines])
        if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
            raise LocalProtocolError("a session description value would hold a line break or NUL")
        return text.encode()

    __bytes__ = encode


def find(attributes: Attributes, name: str) -> str | None:
    """Text of the first attribute `name`; "" for a flag; None where there is none."""
    for key, value in attributes:
        if key == name:
            return value or ""
    return None


def format_connection(host: str) -> str:
    """`IN IP4 host` or `IN IP6 host`."""
    return f"IN IP6 {host}" if ":" in host else f"IN IP4 {host}"


def _body(part: Description | Media, times: Sequence[str] = ()) -> Iterable[str]:
    yield from (line for line in part.lines if line[0] in _BEFORE_CONNECTION)
    if part.connection is not None:
        yield f"c={format_connection(part.connection)}"
    yield from (line for line in part.lines if line[0] == "b")
    yield from (f"t={time}" for time in times)
    yield from (line for line in part.lines if line[0] not in _BEFORE_CONNECTION + "b")
    yield from (f"a={name}" if value is None else f"a={name}:{value}" for name, value in part.attributes)


def _sections(data: bytes) -> list[list[str]]:
    """The session's lines, then those of each m-line."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = text.replace("\r\n", "\n").rstrip("\r\n \t\0").split("\n", MAX_LINES)
    if len(lines) > MAX_LINES:
        raise bad("Session Description Too Long")
    sections: list[list[str]] = [[]]
    for line in lines:
        if line[1:2] != "=" or "\r" in line or "\0" in line:
            raise bad("Bad Session Description Line")
        if line[0] == "m":
            sections.append([])
        sections[-1].append(line)
    if len(sections) > MAX_MEDIA + 1:
        raise bad("Too Many Media Descriptions")
    return sections


def _common(lines: Sequence[str]) -> tuple[str | None, Attributes, list[str]]:
    """Connection host, attributes and the other lines of a section."""
    connection: str | None = None
    attributes: list[tuple[str, str | None]] = []
    kept: list[str] = []
    for line in lines:
        if line[0] == "a":
            name, colon, value = line[2:].partition(":")
            attributes.append((name.strip(), value.strip() if colon else None))
        elif line[0] == "c":
            # More than one c-line is for layered multicast only (§5.7): the first will do.
            connection = connection or _host(line[2:].split())
        else:
            kept.append(line)
    return connection, tuple(attributes), kept


def _host(words: Sequence[str]) -> str:
    if len(words) < 3:
        raise bad("Bad Connection Line")
    if words[0].upper() != "IN":
        raise RemoteProtocolError(488, "Only Internet Addresses")
    return words[2].partition("/")[0].strip("[]").lower()


def _origin(text: str) -> Origin:
    words = text.split()
    # Some phones put spaces in the user name; the five last words are certain.
    if len(words) < 6:
        raise bad("Bad Origin Line")
    return Origin("".join(words[:-5]), words[-5], words[-4], words[-1])


def _media(lines: Sequence[str]) -> Media:
    words = lines[0][2:].split()
    if len(words) < 4:
        raise bad("Bad Media Line")
    port = digits(words[1].partition("/")[0], 65535, "Media Port")
    connection, attributes, kept = _common(lines[1:])
    return Media(words[0].lower(), port, words[2], tuple(words[3:]), connection, attributes, tuple(kept))
