"""What is probably wrong, in words: audio that goes one way, answers that are never acknowledged, routers
that rewrite what we send."""

from __future__ import annotations

from collections import deque
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pbx.switch.bridge import SENDS
from pbx.switch.events import Trouble
from pbx.switch.leg import Leg

if TYPE_CHECKING:
    from pbx.switch.call import Call
    from pbx.switch.desk import Desk

LISTEN = 10.0
"""So many seconds after the answer both parties must have been heard."""


class Listening:
    """Looks at every answered call once.  Calls are known by name here, so that a short one is not kept."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._due: deque[tuple[float, str]] = deque()

    def __len__(self) -> int:
        return len(self._due)

    def answered(self, call: str, now: float) -> None:
        self._due.append((now + LISTEN, call))
        if len(self._due) == 1:
            self._desk.timers.set(now + LISTEN, self._look)

    def _look(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            call = self._desk.calls.get(self._due.popleft()[1])
            if call is not None:
                _listen(call)
        if self._due:
            self._desk.timers.set(self._due[0][0], self._look)


def _listen(call: Call) -> None:
    """A pair of which one party was heard and the other, that should be sending too, never was."""
    legs = call.bridge.legs
    if len(legs) != 2 or call.bridge.held or not all(leg.talking for leg in legs):
        return
    for mute, other in (legs, reversed(legs)):
        audio = mute.audio
        if other.heard and not mute.heard and audio is not None and audio.direction in SENDS:
            call.desk.tell(Trouble("one_way_audio", _one_way(call.desk, mute, other), call.id))


def _one_way(desk: Desk, mute: Leg, other: Leg) -> str:
    flow, audio = mute.session.flow, mute.audio
    says = audio.host if audio is not None else ""
    shown = desk.stack.faces.host(flow)
    text = f"{_name(other)} hears nothing: no audio has come from {_name(mute)} ({flow.remote.host})"
    if unreachable(shown, flow.remote.host):
        return (
            f"{text}; we told it to send to {shown}, an address that only our own network knows: "
            "the router's outside address must be set or found"
        )
    if says != flow.remote.host and says and unreachable(says, shown):
        return (
            f"{text}; its SDP names {says}, so a router is in between that does not let its audio through, "
            "or a SIP ALG that changed only half of the message"
        )
    return f"{text}; a firewall or router on its way to UDP port {mute.local.port} of {shown} keeps it out"


def no_ack(desk: Desk, leg: Leg) -> str:
    """The drop after 32 seconds: the party took our answer, or never saw it, and its ACK did not arrive."""
    flow = leg.session.flow
    shown = desk.stack.faces.host(flow)
    text = f"{_name(leg)} ({flow.remote}) never acknowledged that the call was answered (no ACK in 32 s)"
    if unreachable(shown, flow.remote.host):
        return (
            f"{text}: the ACK goes to our Contact, {shown}, an address that only our own network knows; "
            "the router's outside address must be set or found"
        )
    if shown != flow.local.host:
        return f"{text}: the router keeps what is sent to {shown} from us ({flow.local}); forward the port"
    return f"{text}: our 200 or its ACK is lost on the way, often by a router's SIP ALG that changes Contact"


def alg(peer: str, what: str) -> str:
    """`what` a response repeated of ours in other words."""
    return (
        f"a router on the way to {peer} rewrites SIP messages ({what}): switch off its SIP ALG (SIP helper)"
    )


def unreachable(address: str, peer: str) -> bool:
    """Whether `address` is of a private network and `peer` is not in one."""
    try:
        return ip_address(address).is_private and ip_address(peer).is_global
    except ValueError:
        return False


def _name(leg: Leg) -> str:
    return leg.party.name or leg.party.number
