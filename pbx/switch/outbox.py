"""What the switch wants done: the driver performs it after every entry and leaves the lists empty."""

from dataclasses import dataclass, field

from pbx.sip.flow import Flow
from pbx.switch.events import Fact
from pbx.wire.media import Command


@dataclass(slots=True)
class Outbox:
    """Effects in the order they arose: SIP datagrams and the flow each leaves by, words for the media
    process, facts."""

    datagrams: list[tuple[bytes, Flow]] = field(default_factory=list)
    media: list[Command] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
