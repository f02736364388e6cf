"""Transfer: a party wants the one it talks to to talk to somebody else (REFER, RFC 3515; Replaces, RFC 3891).

Both sides are always legs of ours, so the two are joined here; no carrier is ever asked to do it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pbx.sip.audio import mirror
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.refer import Referral
from pbx.sip.sdp import Description
from pbx.sip.timers import Timer
from pbx.switch.bridge import Bridge
from pbx.switch.causes import Cause, most_telling, of_status
from pbx.switch.events import Party
from pbx.switch.identity import meet
from pbx.switch.leg import Leg, LegState, relayable
from pbx.switch.renegotiation import Renegotiation, abandon
from pbx.switch.ring import ring

if TYPE_CHECKING:
    from pbx.sip import events as sip
    from pbx.switch.call import Call
    from pbx.switch.desk import Desk

_PAUSE, _TRIES = 0.05, 100
"""Seconds between two looks whether a party can be made an offer, and how many of them."""


class Transfer:
    """One that is under way: `by` wants `stays` to talk to whoever of `legs` answers.

    Until somebody does, `by` and `stays` are as they were; `by` may hang up meanwhile.
    """

    def __init__(self, call: Call, by: Leg, stays: Leg, referral: Referral) -> None:
        self.call, self.by, self.stays, self._referral = call, by, stays, referral
        self.legs: list[Leg] = []
        self._timer: Timer | None = None

    def ring(self, callee: Party, seconds: float, now: float) -> None:
        self._referral.accept(now)
        self.legs, cause = ring(self.call, callee, self.stays, now)
        if not self.legs:
            self.fail(cause, cause.status, now)
            return
        self._timer = self.call.desk.timers.set(now + seconds, self._nobody)
        self.call.settle(now)

    # -- what becomes of the legs that ring

    def rang(self, leg: Leg, now: float) -> None:
        if leg.alive:
            leg.state = LegState.RINGING
            self._referral.progress(180, now)
            self.call.changed()

    def answered(self, leg: Leg, sdp: Description | None, now: float) -> None:
        leg.state = LegState.ANSWERED
        try:
            if sdp is not None:
                leg.negotiation.take_answer(sdp)
        except RemoteProtocolError:
            leg.hang_up(Cause.NO_CODEC, now)
            self.refused(leg, 488, now)
            return
        for other in self.legs:
            if other is not leg:
                other.hang_up(Cause.ANSWERED_ELSEWHERE, now)
        self.stop()
        join(self.call, self.by, self.stays, leg, now)
        self._referral.progress(200, now)
        self.by.hang_up(Cause.TRANSFERRED, now)
        introduce(self.call, self.stays, leg, now)
        self.call.settle(now)

    def refused(self, leg: Leg, status: int, now: float) -> None:
        leg.ended(of_status(status))
        if not any(other.alive for other in self.legs):
            cause = most_telling([each.cause for each in self.legs if each.cause])
            self.fail(cause, status, now)

    def _nobody(self, now: float) -> None:
        for leg in self.legs:
            leg.hang_up(Cause.NO_ANSWER, now)
        self.fail(Cause.NO_ANSWER, Cause.NO_ANSWER.status, now)

    def fail(self, cause: Cause, status: int, now: float) -> None:
        """Everything is as it was; but if `by` has gone there is nobody left to talk to."""
        self.stop()
        self._referral.progress(status, now)
        if self.by.alive:
            self.call.settle(now)
        else:
            self.call.end(cause, now)

    def gone(self, leg: Leg, now: float) -> bool:
        """A party of the call hung up; True when the call goes on without it."""
        if leg is self.by:
            abandon(self.call, now)
            self.call.bridge = Bridge([self.stays])
            self.call.settle(now)
            return True
        if leg is self.stays:
            self._referral.progress(Cause.CANCELLED.status, now)
        return False

    def stop(self) -> None:
        self.call.transfer = None
        if self._timer is not None:
            self._timer.cancel()


def refer(call: Call, by: Leg, referral: Referral, now: float) -> None:
    """`by` asks for it."""
    stays = call.bridge.other(by)
    if stays is None or not by.talking or not stays.talking:
        referral.refuse(Cause.FORBIDDEN.status, now)
    elif call.transfer is not None:
        referral.refuse(491, now)
    elif referral.replaces is None:
        _blind(call, by, stays, referral, referral.target, now)
    else:
        _attended(call, by, stays, referral, now)


def _blind(call: Call, by: Leg, stays: Leg, referral: Referral, number: str, now: float) -> None:
    where = call.route_of(by.party, number, now)
    if where.settled or where.outward:  # nobody is sent outside yet
        referral.refuse((where.refuse or Cause.DECLINED).status, now)
        return
    extension = call.desk.stack.directory.extensions[where.target]
    call.transfer = Transfer(call, by, stays, referral)
    seconds = where.ring or call.desk.settings.ring
    call.transfer.ring(Party(extension.number, extension.name), seconds, now)


def _attended(call: Call, by: Leg, stays: Leg, referral: Referral, now: float) -> None:
    """The other party of `by`'s second call comes over to the first."""
    found = call.desk.legs.get(referral.replaces.id) if referral.replaces is not None else None
    second, its_leg = found if found is not None else (None, None)
    if second is None or its_leg is None or second is call:
        referral.refuse(481, now)
        return
    comes = second.bridge.other(its_leg) if its_leg.talking else None
    if comes is None:  # it rings still: as if it had been dialled for the party that stays
        number = second.dialled
        second.end(Cause.TRANSFERRED, now)
        _blind(call, by, stays, referral, number, now)
        return
    referral.accept(now)
    second.give(comes)
    call.take(comes)
    join(call, by, stays, comes, now)
    referral.progress(200, now)
    by.hang_up(Cause.TRANSFERRED, now)
    second.end(Cause.TRANSFERRED, now)
    introduce(call, comes, stays, now, "sendrecv")
    introduce(call, stays, comes, now, "sendrecv")
    call.settle(now)


def join(call: Call, by: Leg, stays: Leg, comes: Leg, now: float) -> None:
    """From now on these two are the call's parties."""
    if stays is call.caller or by is not call.caller:
        call.callee = comes.party
    call.transferred = f"{by.party.number} to {comes.party.number}"
    abandon(call, now)
    call.bridge = Bridge([stays, comes])


def introduce(call: Call, leg: Leg, other: Leg, now: float, direction: str = "", tries: int = _TRIES) -> None:
    """Offer `leg` what `other` takes, as soon as it can be made an offer: the two have never met."""
    if not leg.talking or not other.talking or leg not in call.bridge.legs or other.audio is None:
        return
    if call.renegotiation is None and leg.session.can_offer:
        call.renegotiation = Renegotiation(None, leg)
        audio = other.audio
        meet(leg, other, call.desk.stack.directory.domain)
        call.renegotiation.ask(relayable(audio.codecs), direction or audio.direction, audio.ptime, now)
    elif tries:
        again = partial(_introduce_later, call, leg, other, direction, tries - 1)
        call.desk.timers.set(now + _PAUSE, again)


def _introduce_later(call: Call, leg: Leg, other: Leg, direction: str, tries: int, now: float) -> None:
    introduce(call, leg, other, now, direction, tries)


# -- an INVITE that takes the place of another session ---------------------------------------------


def take_over(desk: Desk, event: sip.Invited, party: Party, now: float) -> None:
    """A phone picks up what rings elsewhere, or goes on with a call of its own from another phone."""
    session = event.session
    found = desk.legs.get(event.replaces.id) if event.replaces is not None else None
    if found is None:
        session.refuse(481, now)
        return
    call, replaced = found
    ringing = not replaced.talking
    if not ringing and (replaced.party.number != party.number or party.kind != "extension"):
        session.refuse(Cause.FORBIDDEN.status, now)
        return
    other = call.caller if ringing else call.bridge.other(replaced)
    leg = desk.new_leg(call.id, len(call.legs), party, session.flow.local.host, (session.flow.remote.host,))
    if other is None or leg is None or party.kind != "extension":
        session.refuse(Cause.UNAVAILABLE.status, now)
        return
    call.legs.append(leg)
    desk.attach(call, leg, session)
    if not _understood(leg, event.sdp):
        leg.hang_up(Cause.NO_CODEC, now)
    elif ringing:
        _pick_up(call, leg, now)
    else:
        _go_on(call, leg, replaced, other, now)


def _understood(leg: Leg, sdp: Description | None) -> bool:
    try:
        return sdp is not None and bool(relayable(leg.negotiation.take_offer(sdp).codecs))
    except RemoteProtocolError:
        return False


def _pick_up(call: Call, leg: Leg, now: float) -> None:
    """The phones that ring stop; the caller talks to the one that picked up."""
    caller, audio = call.caller, leg.audio
    assert audio is not None
    for other in call.legs[1:]:
        if other is not leg:
            other.hang_up(Cause.ANSWERED_ELSEWHERE, now)
    theirs = caller.audio.codecs if caller.audio is not None else audio.codecs
    meet(leg, caller, call.desk.stack.directory.domain)
    leg.session.answer(leg.reply(relayable(theirs), mirror(audio.direction)), now)
    leg.state = LegState.ANSWERED
    call.callee = leg.party
    call.bridge = Bridge([caller, leg])
    call.answer_caller(audio.codecs, audio.direction, audio.ptime, now)


def _go_on(call: Call, leg: Leg, replaced: Leg, other: Leg, now: float) -> None:
    """The same person, another phone."""
    audio = leg.audio
    assert audio is not None
    theirs = other.audio.codecs if other.audio is not None else audio.codecs
    meet(leg, other, call.desk.stack.directory.domain)
    leg.session.answer(leg.reply(relayable(theirs), "sendrecv"), now)
    leg.state = LegState.ANSWERED
    join(call, replaced, other, leg, now)
    replaced.hang_up(Cause.TRANSFERRED, now)
    introduce(call, other, leg, now)
    call.settle(now)
