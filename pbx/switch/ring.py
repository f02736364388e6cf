"""Ringing the phones of an extension: one outgoing leg each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx.sip.audio import SUPPORTED
from pbx.sip.registrar import Binding
from pbx.switch.causes import Cause
from pbx.switch.events import Party
from pbx.switch.identity import Move, name_of, shown, to_phone
from pbx.switch.leg import Leg, relayable

if TYPE_CHECKING:
    from pbx.switch.call import Call


def ring(call: Call, callee: Party, caller: Leg, now: float) -> tuple[list[Leg], Cause]:
    """Rings every phone of `callee` for `caller`, but for the phone that calls its own number.

    The legs are the call's already.  None: the cause says why.
    """
    if not call.moves and call.transfer is None and callee.number != call.wanted:
        call.moves.append(Move(call.wanted, "unconditional"))
    phones = call.desk.stack.registrar.bindings(callee.number)
    own = caller.session.flow.remote if callee.number == caller.party.number else None
    others = [phone for phone in phones if phone.flow.remote != own]
    if not others:
        return [], Cause.BUSY if phones else Cause.OFFLINE
    legs = [leg for phone in others if (leg := _invite(call, callee, caller, phone, now)) is not None]
    return legs, Cause.NO_PORTS


def _invite(call: Call, callee: Party, caller: Leg, phone: Binding, now: float) -> Leg | None:
    desk = call.desk
    sources = (phone.flow.remote.host, phone.source.remote.host)
    srtp = "optional" if phone.flow.transport == "tls" else "off"  # keys are for who cannot be listened to
    leg = desk.new_leg(call.id, len(call.legs), callee, phone.flow.local.host, sources, srtp)
    if leg is None:
        return None
    audio = caller.audio
    direction = audio.direction if audio and call.transfer is None else "sendrecv"
    domain = desk.stack.directory.domain
    call.legs.append(leg)
    session = desk.stack.invite(
        phone.contact,
        phone.flow,
        from_=shown(caller, domain),
        to=name_of(callee, domain),
        sdp=leg.offer(relayable(audio.codecs), direction, audio.ptime) if audio else leg.offer(SUPPORTED),
        now=now,
        max_forwards=call.max_forwards - 1,
        headers=to_phone(call, caller, callee.number),
        route=phone.path,
    )
    desk.attach(call, leg, session)
    return leg
