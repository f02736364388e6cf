"""A bridge: legs, and who hears whom.  N-party from the first day; today's calls put two legs in it, an echo
one."""

from collections.abc import Sequence

from pbx.switch.leg import Leg

SENDS = frozenset({"sendrecv", "sendonly"})
HEARS = frozenset({"sendrecv", "recvonly"})


class Bridge:
    """The legs that talk.  A pair is heard when the speaker's SDP says it sends and the listener's that
    it receives (RFC 3264 §5.1), so hold needs no state of its own here."""

    def __init__(self, legs: Sequence[Leg] = (), echo: bool = False) -> None:
        self.legs = list(legs)
        self.echo = echo

    def other(self, leg: Leg) -> Leg | None:
        """The one other party, when there is exactly one."""
        others = [each for each in self.legs if each is not leg]
        return others[0] if leg in self.legs and len(others) == 1 else None

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(listener, speaker) names, as `Want.hears` takes them."""
        return tuple(
            (listener.id, speaker.id)
            for listener in self.legs
            for speaker in self.legs
            if (listener is not speaker) != self.echo
            and listener.audio is not None
            and speaker.audio is not None
            and listener.audio.direction in HEARS
            and speaker.audio.direction in SENDS
        )

    @property
    def held(self) -> bool:
        """Somebody put the others on hold."""
        return any(leg.audio is not None and leg.audio.direction != "sendrecv" for leg in self.legs)
