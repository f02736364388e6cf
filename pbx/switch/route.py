"""A route: where a call goes next, as a value that features refine, move or settle."""

from dataclasses import dataclass, replace

from pbx.switch.causes import Cause
from pbx.switch.events import Party


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes.  `target` is a number of this office.

    A route is *settled* when it names an application (its full name, "echo_test.echo") or a refusal;
    otherwise its target is rung for `ring` seconds (None = the site's default).
    """

    target: str
    ring: float | None = None
    application: str | None = None
    refuse: Cause | None = None
    trunks: tuple[str, ...] = ()

    @property
    def outward(self) -> bool:
        """It goes to a carrier; `target` is the number that is dialled there."""
        return bool(self.trunks)

    @property
    def settled(self) -> bool:
        return self.application is not None or self.refuse is not None

    def to(self, target: str, ring: float | None = None) -> "Route":
        """The same call to another target (a move), or to this one with another ring time (a refinement)."""
        return replace(self, target=target, ring=ring if ring is not None else self.ring)

    def run(self, application: str) -> "Route":
        """Settled: the application takes the caller."""
        return replace(self, application=application)

    def refused(self, cause: Cause) -> "Route":
        """Settled: the caller is refused."""
        return replace(self, refuse=cause)


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What routing may know of a call: who calls, what was dialled, and when (wall-clock seconds since
    1970)."""

    caller: Party
    dialled: str
    time: float
