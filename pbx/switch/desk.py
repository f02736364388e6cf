"""What a call works with: the parts of the switch that outlive it, handed down instead of looked up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING

from pbx.sip.flow import Address
from pbx.sip.offer import Negotiation
from pbx.sip.outgoing import OutgoingSession
from pbx.sip.session import Session
from pbx.sip.settings import Settings as SipSettings
from pbx.sip.stack import Stack
from pbx.sip.timers import Timers
from pbx.switch.events import Fact, Party, Trouble
from pbx.switch.feature import Catalogue
from pbx.switch.leg import Leg
from pbx.switch.media import Media
from pbx.switch.outbox import Lookup

if TYPE_CHECKING:
    from pbx.switch.call import Call
    from pbx.switch.diagnosis import Listening
    from pbx.switch.trunks import Trunks


@dataclass(frozen=True, slots=True)
class Settings:
    """`rtp_first` and `rtp_last` bound the audio ports, both included.  `ring`, `quiet` (an answered call
    without any audio is dead after it) and `count` (how long the media process may take to count) are
    seconds."""

    sip: SipSettings
    rtp_first: int = 10000
    rtp_last: int = 20000
    ring: float = 30.0
    quiet: float = 60.0
    count: float = 2.0


@dataclass(slots=True)
class Desk:
    """One per switch.  `wall_offset` turns `now` into wall-clock seconds, for people and records only."""

    settings: Settings
    stack: Stack
    media: Media
    catalogue: Catalogue
    random: Random
    tell: Callable[[Fact], None]
    wall_offset: float
    timers: Timers = field(default_factory=Timers)
    listening: "Listening" = field(init=False)
    calls: "dict[str, Call]" = field(default_factory=dict)
    legs: "dict[str, tuple[Call, Leg]]" = field(default_factory=dict)  # by session
    closing: bool = False  # no new calls
    listened: bool = True  # somebody follows every change of a call
    lookups: list[Lookup] = field(default_factory=list)
    trunks: "Trunks" = field(init=False)
    watched: set[str] = field(default_factory=set)  # numbers whose lamps somebody has
    stirred: set[str] = field(default_factory=set)  # those of them that something happened to
    changed: "dict[str, Call | None]" = field(default_factory=dict)  # to be written down; None = is over

    def stir(self, *numbers: str) -> None:
        """Something happened to these lines."""
        self.stirred.update(self.watched.intersection(numbers))

    def wall(self, now: float) -> float:
        return now + self.wall_offset

    def name(self) -> str:
        """A new call's name: 16 hexadecimal digits."""
        return f"{self.random.getrandbits(64):016x}"

    def new_leg(
        self, call: str, number: int, party: Party, host: str, sources: tuple[str, ...], srtp: str = "off"
    ) -> Leg | None:
        """A leg with an audio port on our address `host`, or None (and a word to the admin) when all
        are in use.  `srtp` is whether its party is asked to encrypt."""
        port = self.media.ports.take()
        if port is None:
            settings = self.settings
            self.tell(
                Trouble(
                    "ports_full",
                    f"all {self.media.ports.total} audio port pairs of "
                    f"{settings.rtp_first}-{settings.rtp_last} are in use: a call of "
                    f"{party.number} was refused; start warden with a wider --rtp range",
                    call,
                )
            )
            return None
        negotiation = Negotiation(
            self.random.getrandbits(31), ip=ip_address(host).version, srtp=srtp, random=self.random
        )
        return Leg(f"{call}.{number}", party, negotiation, Address(host, port), sources)

    def attach(self, call: "Call", leg: Leg, session: Session) -> None:
        """From here on the session's events are this leg's."""
        leg.session = session
        if isinstance(session, OutgoingSession):
            session.other = leg.negotiation.insist
        self.legs[session.id] = (call, leg)

    def detach(self, call: "Call") -> None:
        """The call is over and counted: its ports are free again."""
        del self.calls[call.id]
        self.changed[call.id] = None
        for leg in call.legs:
            self.media.ports.release(leg.local.port)
            self.legs.pop(leg.session.id, None)
