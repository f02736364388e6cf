"""A phone that answers 3xx: the call moves on, inside the site (RFC 3261 §8.1.3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.uri import Uri, aor
from pbx.switch.causes import Cause, passed_on
from pbx.switch.events import Party
from pbx.switch.identity import MAX_PAST, Move
from pbx.switch.leg import Leg
from pbx.switch.ring import ring

if TYPE_CHECKING:
    from pbx.sip import events as sip
    from pbx.switch.call import Call

_FOLLOWED = (300, 301, 302)


def refused(call: Call, leg: Leg, event: sip.Refused, now: float) -> None:
    """A party said no, or that somebody else should be asked."""
    if event.status not in _FOLLOWED or not _followed(call, leg, event.contacts, now):
        if leg.party.kind == "trunk":
            call.reason = passed_on(", ".join(value for name, value in event.headers if name == "Reason"))
        call.refused(leg, event.status, now)


def _followed(call: Call, leg: Leg, contacts: tuple[str, ...], now: float) -> bool:
    """Whether another extension rings in its place.  A phone can send nobody outside: who calls there pays,
    and a Contact is not a person who dials."""
    if not leg.alive or leg.party.kind != "extension":
        return False
    if len(call.moves) >= MAX_PAST or call.max_forwards <= 1:
        return False
    handed_over = call.transfer if call.transfer is not None and leg in call.transfer.legs else None
    caller = handed_over.stays if handed_over is not None else call.caller
    for number in _numbers(contacts):
        callee = _extension(call, caller, number, now)
        if callee is None:
            continue
        call.moves.append(Move(leg.party.number, "deflection"))
        call.max_forwards -= 1
        legs, _ = ring(call, callee, caller, now)
        if legs:
            if handed_over is not None:
                handed_over.legs += legs
            leg.ended(Cause.MOVED)
            call.restate()
            call.note()
            call.changed()
            return True
    return False


def _extension(call: Call, caller: Leg, number: str, now: float) -> Party | None:
    """Who that is when the caller dials it; None for whom this call has met already, and for all that is no
    extension."""
    where = call.route_of(caller.party, number, now)
    if where.settled or where.outward or where.target in {each.party.number for each in call.legs}:
        return None
    extension = call.desk.stack.directory.extensions[where.target]
    return Party(extension.number, extension.name)


def _numbers(contacts: tuple[str, ...]) -> list[str]:
    """Whose host the phone names does not matter: all its numbers are ours."""
    found = []
    for contact in contacts[:MAX_PAST]:
        try:
            found.append(aor(Uri.parse(contact)))
        except RemoteProtocolError:
            continue
    return found
