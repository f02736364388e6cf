"""What a switch writes down of its calls, and how it takes up those of the switch before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from pbx.sip.incoming import IncomingSession
from pbx.sip.kept import KeptInvite, KeptSession
from pbx.sip.lockout import Lockout
from pbx.sip.nonce import Nonces
from pbx.sip.offer import Negotiation
from pbx.sip.outgoing import OutgoingSession
from pbx.sip.subscription import Subscriptions
from pbx.switch.bridge import Bridge
from pbx.switch.call import Call
from pbx.switch.call_state import CallState
from pbx.switch.causes import Cause
from pbx.switch.desk import Desk
from pbx.switch.events import CallEnded, CallView
from pbx.switch.kept import Finished, Kept, KeptBan, KeptCall, KeptLeg, KeptNonce, Pending
from pbx.switch.leg import Leg, LegState, relayable
from pbx.switch.outbox import State
from pbx.switch.renegotiation import Renegotiation

CALL = "call:"
"""How the keys of calls begin."""
SUBSCRIPTION = "subscription:"
"""How the keys of subscriptions begin."""
NONCE, NONCES = "nonce:", "nonces"
"""How the keys of used nonces begin, and the key of what they are made with."""

BAN = "ban:"
"""How the keys of bans begin."""


def changes(desk: Desk) -> list[State]:
    """What is to be written of the calls that changed since the last time."""
    for tag in desk.stack.touched:
        if (found := desk.legs.get(tag)) is not None:
            desk.changed.setdefault(found[0].id, found[0])
    desk.stack.touched.clear()
    states: list[State] = [
        (CALL + name, None if call is None else keep(call)) for name, call in desk.changed.items()
    ]
    desk.changed.clear()
    return states + nonce_changes(desk.stack.nonces) + ban_changes(desk.stack.lockout)


def subscriptions(all_: Subscriptions) -> list[State]:
    """What is to be written of the subscriptions."""
    states: list[State] = [
        (SUBSCRIPTION + name, None if each is None else each.keep()) for name, each in all_.changed.items()
    ]
    all_.changed.clear()
    return states


def nonce_changes(nonces: Nonces) -> list[State]:
    """The nonces that were used, or forgotten, since the last time."""
    states: list[State] = [
        (NONCE + nonce, KeptNonce(count) if count else None) for nonce, count in nonces.changed
    ]
    nonces.changed.clear()
    return states


def ban_changes(lockout: Lockout) -> list[State]:
    """The bans that began, were lifted or forgotten since the last time."""
    states: list[State] = []
    for host, account in lockout.changed:
        until, bans = lockout.banned_until(host, account)
        name = account.encode("utf-8", "replace").decode()  # as a peer wrote it
        states.append((f"{BAN}{host} {name}", KeptBan(host, name, until, bans) if bans else None))
    lockout.changed.clear()
    return states


def keep(call: Call) -> Kept:
    """This call as plain values."""
    match call.state:
        case CallState.ACTIVE | CallState.HELD | CallState.TRANSFERRING:
            talking = [leg for leg in call.legs if leg in call.bridge.legs]
            ringing = [leg for leg in call.transfer.legs if leg.alive] if call.transfer else []
            gone = tuple(leg.view() for leg in call.legs if leg not in talking)
            legs = tuple(_keep_leg(call, leg) for leg in talking)
            echo, hops = call.bridge.echo, call.max_forwards
            return KeptCall(
                *(call.id, call.dialled, call.callee, legs, call.past + gone, echo, call.times, hops),
                *(call.transferred, tuple(_keep_ringing(leg) for leg in ringing)),
            )
        case CallState.ENDED:
            talked = [leg.session for leg in call.legs if leg.session.dialog is not None]
            return Finished(call.view(), tuple(KeptSession.of(session) for session in talked))
        case _:
            return Pending(
                call.view(),
                _keep_invite(call.caller, call.caller.session.request.encode()),
                tuple(_keep_ringing(leg) for leg in call.legs[1:] if leg.alive),
            )


def _keep_leg(call: Call, leg: Leg) -> KeptLeg:
    negotiation, codecs, asked = leg.negotiation.keep(), leg.codecs, False
    if call.renegotiation is not None:
        for party, before, its_codecs in call.renegotiation.before:
            if party is leg:
                negotiation, codecs = replace(before.keep(), version=negotiation.version), its_codecs
                asked = leg is call.renegotiation.asked
    session = KeptSession.of(leg.session)
    return KeptLeg(leg.id, leg.party, leg.local, leg.sources, codecs, negotiation, session, asked, leg.hidden)


def _keep_ringing(leg: Leg) -> KeptInvite:
    return _keep_invite(leg, cast(OutgoingSession, leg.session).sent)


def _keep_invite(leg: Leg, request: bytes) -> KeptInvite:
    return KeptInvite(leg.session.id, _text(request), leg.session.flow)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# -- taking up ----------------------------------------------------------------------------------------------


def adopt(desk: Desk, kept: Kept, now: float) -> None:
    """Go on with a call of the switch before us, or end it properly."""
    match kept:
        case KeptCall():
            _go_on(desk, kept, now)
        case Pending(view):
            _stop_ringing(desk, kept, now)
            cause = Cause.RESTARTED
            view = replace(view, state="ended", ended=desk.wall(now), ended_by="switch")
            _record(desk, replace(view, cause=cause.slug, cause_text=cause.words))
        case Finished(view, sessions):
            for session in sessions:
                desk.stack.adopt(session, now).bye(now)
            _record(desk, view)


def _go_on(desk: Desk, kept: KeptCall, now: float) -> None:
    legs = [_adopt_leg(desk, each, now) for each in kept.legs]
    call = Call(desk, kept.call, legs[0], kept.dialled, kept.max_forwards, now)
    call.legs, call.past, call.callee = legs, kept.gone, kept.callee
    call.bridge = Bridge(legs, kept.echo)
    call.times, call.transferred = dict(kept.times), kept.transferred
    call.state = CallState.HELD if call.bridge.held else CallState.ACTIVE
    desk.calls[call.id] = call
    for leg in legs:
        desk.attach(call, leg, leg.session)
    call.restate()
    desk.changed[call.id] = call
    _cancel(desk, kept.called, now)  # a transfer that was under way is not gone on with
    for leg, each in zip(legs, kept.legs, strict=True):
        if each.asked:
            _ask_again(call, leg, now)


def _ask_again(call: Call, leg: Leg, now: float) -> None:
    """Nobody knows what `leg` answered to an offer: it is offered what stood before."""
    other = call.bridge.other(leg)
    if other is not None and other.audio is not None:
        call.renegotiation = Renegotiation(None, leg)
        audio = other.audio
        call.renegotiation.ask(relayable(audio.codecs), audio.direction, audio.ptime, now)


def _adopt_leg(desk: Desk, kept: KeptLeg, now: float) -> Leg:
    negotiation = Negotiation.of(kept.negotiation, desk.random)
    leg = Leg(kept.leg, kept.party, negotiation, kept.local, kept.sources)
    leg.codecs, leg.state, leg.hidden = kept.codecs, LegState.ANSWERED, kept.hidden
    leg.session = desk.stack.adopt(kept.session, now)
    leg.session.said = negotiation.local
    line = desk.trunks.line(kept.party.line)
    if line is not None and leg.session.dialog is not None:
        leg.session.dialog.login = line.login
    desk.media.ports.claim(kept.local.port)
    return leg


def _stop_ringing(desk: Desk, kept: Pending, now: float) -> None:
    caller: IncomingSession | None = desk.stack.adopt_incoming(kept.caller, now)
    if caller is not None:
        caller.refuse(Cause.RESTARTED.status, now, Cause.RESTARTED.reason, (("Retry-After", "1"),))
    _cancel(desk, kept.called, now)


def _cancel(desk: Desk, invites: Iterable[KeptInvite], now: float) -> None:
    for invite in invites:
        called: OutgoingSession | None = desk.stack.adopt_outgoing(invite, now)
        if called is not None:
            called.cancel(now, Cause.RESTARTED.reason)


def _record(desk: Desk, view: CallView) -> None:
    desk.changed[view.call] = None
    desk.tell(CallEnded(view))
