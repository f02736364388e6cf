"""Ringing the phones of an extension: one outgoing leg each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx.sip.audio import SUPPORTED
from pbx.sip.outgoing import Way
from pbx.sip.registrar import Binding
from pbx.sip.uri import aor
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
    phones = _named(caller, callee, call.desk.stack.registrar.ways(callee.number))
    own = caller.session.flow.remote if callee.number == caller.party.number else None
    others = [ways for ways in phones if own not in {way.flow.remote for way in ways}]
    if not others:
        return [], Cause.BUSY if phones else Cause.OFFLINE
    legs = [leg for ways in others if (leg := _invite(call, callee, caller, ways, now)) is not None]
    return legs, Cause.NO_PORTS


def _named(caller: Leg, callee: Party, phones: list[tuple[Binding, ...]]) -> list[tuple[Binding, ...]]:
    """Only the phone whose GRUU was called, if it was one (RFC 5627 §4.4)."""
    if caller.outgoing or ";gr=" not in caller.session.request.raw_uri:
        return phones
    uri = caller.session.request.uri
    gr = uri.param("gr")
    return phones if aor(uri) != callee.number else [ways for ways in phones if gr == ways[0].gruu]


def _invite(call: Call, callee: Party, caller: Leg, ways: tuple[Binding, ...], now: float) -> Leg | None:
    desk, phone = call.desk, ways[0]
    sources = tuple({host: None for way in ways for host in (way.flow.remote.host, way.source.remote.host)})
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
        ways=[Way(way.contact, way.flow, way.path) for way in ways[1:]],
    )
    desk.attach(call, leg, session)
    return leg
