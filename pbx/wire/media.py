"""What the switch and the media process say to each other.

The switch states the media it wants for a call, whole, each time it changes: `Want`.  A `Want` is idempotent
by (call, generation): one that is not newer than what is known is ignored, and after a crash of the media
process the switch says its last one again.  The media process makes it so and tells what it saw.  Times in
seconds, sizes in bytes, jitter in milliseconds.
"""

from dataclasses import dataclass, field

VERSION = 1


@dataclass(frozen=True, slots=True)
class Keys:
    """How a leg's audio is encrypted (SRTP): master keys with salts in base64, and the names of their suites
    (RFC 4568 §6.2)."""

    suite: str
    ours: str = field(repr=False)
    theirs: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MediaLeg:
    """One party's audio.

    `local` is the address and even port that we receive on (RTCP on port + 1).  `remote` is where the peer's
    SDP wants its audio, None until it is known.  A first packet may come from `remote`, or from any port of
    an address in `sources` (the SDP's and the registration's); the leg then locks to it.  `payloads` maps
    each accepted payload type to its clock rate in Hz.  `quiet` is after how many seconds without a packet
    `Silent` is told; 0 = never (held).  `keys` are None for plain RTP.
    """

    leg: str
    local: tuple[str, int]
    remote: tuple[str, int] | None = None
    remote_rtcp: tuple[str, int] | None = None
    sources: tuple[str, ...] = ()
    payloads: tuple[tuple[int, int], ...] = ()
    quiet: float = 0.0
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """The whole wanted media of a call.  No legs = the call is over: close the ports and tell `Closed`.

    `hears` holds (listener, speaker) pairs of leg names; a leg that hears itself is an echo.
    """

    call: str
    generation: int
    legs: tuple[MediaLeg, ...] = ()
    hears: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks for `Counted` of one call, at once.  A call that nobody knows has no counters, but the answer
    comes: the switch asks for the call "" to learn that the media process is well."""

    call: str


@dataclass(frozen=True, slots=True)
class Quit:
    """Close everything and end: the office is being shut down on purpose."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What one leg's audio did so far: received from the party, and sent to it.

    `lost`, `reordered`, `duplicated` and `jitter` are of the received stream (RFC 3550 §6.4.1, A.1, A.8);
    `refused` counts packets of a wrong source, version or payload type.
    """

    leg: str
    received: int = 0
    received_bytes: int = 0
    sent: int = 0
    sent_bytes: int = 0
    lost: int = 0
    reordered: int = 0
    duplicated: int = 0
    refused: int = 0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Ready:
    """First message after a connect.  `taken` are ports of the range that another program holds;
    `calls` the (call, generation) pairs that are still being served."""

    version: int
    pid: int
    taken: tuple[int, ...] = ()
    calls: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Latched:
    """A leg's first valid packet came, from `source`."""

    call: str
    leg: str
    source: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Silent:
    """No packet from this leg for its `quiet` seconds.  Told once until packets flow again."""

    call: str
    leg: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """Packets flow again from a leg that was told `Silent`."""

    call: str
    leg: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Answer to `Ask`."""

    call: str
    counters: tuple[Counters, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """The call's ports are closed; its final figures."""

    call: str
    counters: tuple[Counters, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """This leg cannot have its port; `why` in words (another program holds it, no such address …)."""

    call: str
    leg: str
    port: int
    why: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all calls since the media process started; told every second while a call is up, and
    when the last one has ended."""

    legs: int
    packets: int
    bytes: int
    lost: int
    refused: int
    late: float


Command = Want | Ask | Quit
Event = Ready | Latched | Silent | Resumed | Counted | Closed | Failed | Totals
Message = Command | Event
