"""A call to the outside: one trunk and one address after the other, until somebody says something."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from pbx.sip.audio import SUPPORTED, Codec, common
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.outgoing import OutgoingSession
from pbx.sip.timers import Timer
from pbx.sip.uri import Uri
from pbx.switch.causes import Cause, of_carrier
from pbx.switch.events import Party
from pbx.switch.identity import to_trunk
from pbx.switch.leg import Leg, relayable
from pbx.switch.trunks import Line

if TYPE_CHECKING:
    from pbx.switch.call import Call

PATIENCE = 3.5
"""Seconds that an address has for a first word (100 Trying, say) while there is another one to try."""

LAST_PATIENCE = 10.0
"""The same when there is none: a caller does not wait half a minute to hear that a carrier is gone."""

_ELSEWHERE = frozenset((408, 503))
"""Refusals that speak for one address alone (RFC 3263 §4.3)."""

_OTHER_TRUNK = frozenset((401, 407, 500, 502, 504))
"""Refusals that speak for one trunk alone, not for the number that was dialled."""


class Outbound:
    """The ways that are left for one call.  Once anything was heard by a way, there is no other."""

    def __init__(self, call: Call, number: str, lines: list[Line]) -> None:
        self._call, self._number = call, number
        self._ways = [(line, flow) for line in lines for flow in _flows(line)]
        self._line: Line | None = None
        self._timer: Timer | None = None

    def start(self, now: float) -> None:
        """Try the first way."""
        self._line, flow = self._ways.pop(0)
        leg = self._invite(self._line, flow, now)
        if leg is None:
            self._call.end(Cause.NO_PORTS, now)
        else:
            seconds = PATIENCE if self._ways else LAST_PATIENCE
            self._timer = self._call.desk.timers.set(now + seconds, partial(self._silent, leg))

    def refused(self, leg: Leg, status: int, now: float) -> bool:
        """True when another way is tried instead."""
        self.stop()
        rang = isinstance(leg.session, OutgoingSession) and bool(leg.session.early_tag)
        if status in _OTHER_TRUNK:
            self._ways = [way for way in self._ways if way[0] is not self._line]
        elif status not in _ELSEWHERE:
            return False
        if rang or not self._ways:
            return False
        leg.ended(of_carrier(status))
        self.start(now)
        return True

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _silent(self, leg: Leg, now: float) -> None:
        self._timer = None
        if not leg.alive or not isinstance(leg.session, OutgoingSession) or not leg.session.unheard:
            return
        if not self._ways:
            self._call.end(Cause.NO_TRUNK, now)
        else:
            leg.hang_up(Cause.NO_TRUNK, now)
            self.start(now)
            self._call.restate()
            self._call.note()

    def _invite(self, line: Line, flow: Flow, now: float) -> Leg | None:
        call, trunk, desk = self._call, line.trunk, self._call.desk
        party = Party(self._number, "", "trunk", trunk.name)
        leg = desk.new_leg(call.id, len(call.legs), party, flow.local.host, (flow.remote.host,), trunk.srtp)
        if leg is None:
            return None
        leg.shown = desk.stack.faces.host(flow)
        call.legs.append(leg)
        call.callee = party
        audio, domain = call.caller.audio, line.domain
        codecs = allowed(relayable(audio.codecs) if audio else SUPPORTED, trunk.codecs)
        us, headers = to_trunk(call, trunk, domain, self._number)
        them = Uri("sip", quote(self._number, safe="+*"), domain)
        session = desk.stack.invite(
            them,
            flow,
            from_=us,
            to=NameAddr("", them),
            sdp=leg.offer(codecs, audio.direction, audio.ptime) if audio else leg.offer(codecs),
            now=now,
            max_forwards=call.max_forwards - 1,
            headers=headers,
            route=line.registration.route if line.registration is not None else (),
            user=trunk.username,
            login=line.login,
        )
        desk.attach(call, leg, session)
        return leg


def _flows(line: Line) -> tuple[Flow, ...]:
    """The one that we are registered by comes first."""
    first = line.registration.flow if line.registration is not None else None
    return line.flows if first is None else (first, *(flow for flow in line.flows if flow != first))


def allowed(codecs: tuple[Codec, ...], names: tuple[str, ...]) -> tuple[Codec, ...]:
    """Those that a trunk may speak; events always."""
    return common(codecs, (*names, "telephone-event")) if names else codecs


def dial_out(call: Call, number: str, names: tuple[str, ...], now: float) -> None:
    """By the first of these trunks that can be used; no call is tried where it cannot be."""
    lines = [line for name in names if (line := call.desk.trunks.line(name)) is not None]
    usable = [line for line in lines if line.usable]
    free = [line for line in usable if not line.full]
    call.callee = Party(number, "", "trunk", names[0] if names else "")
    if not usable:
        call.end(Cause.NO_TRUNK, now)
    elif not free:
        call.end(Cause.TRUNK_FULL, now)
    else:
        call.outbound = Outbound(call, number, free)
        call.outbound.start(now)
