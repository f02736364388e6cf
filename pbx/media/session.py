"""One call's audio as wanted: its legs, who hears whom, and what became of legs that left.  No sockets."""

from typing import NamedTuple

from pbx.media.leg import Leg
from pbx.wire.media import Counters, Want


class Changes(NamedTuple):
    """What a newer `Want` asks of the sockets, in this order."""

    closed: tuple[Leg, ...]
    opened: tuple[Leg, ...]
    released: tuple[Leg, ...]
    """Legs that keep their port but may be heard from another address now."""


class Session:
    """A call.  `generation` is of the newest `Want` that it follows."""

    __slots__ = ("_heard_by", "call", "generation", "left", "legs")

    def __init__(self, call: str) -> None:
        self.call = call
        self.generation = -1
        self.legs: dict[str, Leg] = {}
        self.left: list[Leg] = []
        self._heard_by: dict[str, tuple[Leg, ...]] = {}

    def state(self, want: Want, now: float) -> Changes | None:
        """Follows `want`; None when it is not newer than what is known."""
        if want.generation <= self.generation:
            return None
        self.generation = want.generation
        wanted = {leg.leg: leg for leg in want.legs}
        gone = [leg for name, leg in self.legs.items() if name not in wanted]
        closed, opened, released = list(gone), [], []
        for name, statement in wanted.items():
            leg = self.legs.get(name)
            if leg is None:
                leg = self.legs[name] = Leg(self.call, name)
                opened.append(leg)
            elif leg.local != statement.local:
                leg.latch.rebind()
                leg.rtcp_latch.rebind()
                closed.append(leg)
                opened.append(leg)
            if leg.state(statement, now):
                released.append(leg)
        for leg in gone:
            self.left.append(self.legs.pop(leg.name))
        self._wire(want.hears)
        return Changes(tuple(closed), tuple(opened), tuple(leg for leg in released if leg not in opened))

    def _wire(self, hears: tuple[tuple[str, str], ...]) -> None:
        heard_by: dict[str, dict[str, Leg]] = {}
        for listener, speaker in hears:
            if listener in self.legs:
                heard_by.setdefault(speaker, {})[listener] = self.legs[listener]
        self._heard_by = {speaker: tuple(listeners.values()) for speaker, listeners in heard_by.items()}

    def listeners(self, speaker: Leg) -> tuple[Leg, ...]:
        """Who hears it; itself among them = an echo."""
        return self._heard_by.get(speaker.name, ())

    def counters(self) -> tuple[Counters, ...]:
        """Of every leg that the call had, those that left first."""
        return tuple(leg.counters() for leg in (*self.left, *self.legs.values()))

    def heard(self) -> float:
        """When the last packet of any leg came; -inf = never."""
        return max((leg.reception.heard for leg in self.legs.values()), default=float("-inf"))
