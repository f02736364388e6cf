"""What the switch wants done: the driver performs it after every entry and leaves the lists empty."""

from dataclasses import dataclass, field

from pbx.sip.flow import Flow
from pbx.switch.events import Fact
from pbx.wire.media import Command

State = tuple[str, object | None]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where is this host (RFC 3263)?  `Switch.located(token, flows, now)` is the answer, the best flow first.

    `port` 0 and `transport` "" = as DNS says.
    """

    token: str
    host: str
    port: int
    transport: str


@dataclass(slots=True)
class Outbox:
    """Effects in the order they arose: SIP datagrams and the flow each leaves by, words for the media
    process, facts.

    `states` are what a switch that takes over must know: a dataclass under each key, None = forget it.  They
    are to be safe before anything else is done.
    """

    datagrams: list[tuple[bytes, Flow]] = field(default_factory=list)
    media: list[Command] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
