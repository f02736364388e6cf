"""A change of the audio in mid-call: who asked, who is asked, and what stands again when the answer is no."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import TYPE_CHECKING

from pbx.sip.audio import Codec, mirror
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.sdp import Description
from pbx.switch.causes import Cause
from pbx.switch.early import outdated
from pbx.switch.leg import Leg, relayable, voices

if TYPE_CHECKING:
    from pbx.switch.call import Call


class Renegotiation:
    """`asked` is None when the office itself is the other party; then it agrees to what it can.  `asker` is
    None when the office itself asks.

    Until the answer is there the old agreement stands (RFC 3264 §8): a refusal leaves both legs as they were.
    """

    def __init__(self, asker: Leg | None, asked: Leg | None) -> None:
        self.asker, self.asked = asker, asked
        self.before = [(leg, copy(leg.negotiation), leg.codecs) for leg in (asker, asked) if leg is not None]

    def ask(self, codecs: Iterable[Codec], direction: str, ptime: int | None, now: float) -> None:
        """Offers this to the asked party; its answer is to be waited for."""
        assert self.asked is not None
        self.asked.session.offer(self.asked.offer(codecs, direction, ptime), now)

    def begin(self, sdp: Description, now: float) -> bool:
        """True when an answer is to be waited for; False when the asker was answered at once."""
        assert self.asker is not None
        try:
            audio = self.asker.negotiation.take_offer(sdp)
        except RemoteProtocolError as error:
            self.refused(error.status, now)
            return False
        codecs = relayable(audio.codecs)
        if not codecs:
            self.refused(488, now)
        elif self.asked is None:
            self.asker.session.accept(self.asker.reply(codecs, mirror(audio.direction)), now)
        else:
            self.ask(codecs, audio.direction, audio.ptime, now)
            return True
        return False

    @property
    def awaited(self) -> Leg | None:
        """The party that has the word."""
        return self.asked

    def answered(self, sdp: Description | None, now: float) -> bool:
        """The asked party's answer goes back to the asker.  True: all is said."""
        try:
            audio = self.asked.negotiation.take_answer(sdp) if self.asked is not None and sdp else None
        except RemoteProtocolError:
            audio = None
        if audio is None:
            self.refused(488, now)
        elif self.asker is not None and not self.asker.session.over:
            self.asker.session.accept(self.asker.reply(audio.codecs, audio.direction, audio.ptime), now)
        return True

    def refused(self, status: int, now: float) -> None:
        """The old agreement stands again; the asker learns the reason."""
        self.restore()
        if self.asker is not None and not self.asker.session.over:
            self.asker.session.decline(status, now)

    def restore(self) -> None:
        for leg, negotiation, codecs in self.before:
            leg.negotiation.restore(negotiation)
            leg.codecs = codecs


class PassedOn(Renegotiation):
    """The asker wants an offer instead of making one: the asked party makes it, and the asker's ACK answers
    it.  If that party makes none, the asker is offered what stands."""

    asker: Leg
    asked: Leg

    def __init__(self, asker: Leg, asked: Leg) -> None:
        super().__init__(asker, asked)
        self._offered = False

    @property
    def awaited(self) -> Leg:
        return self.asker if self._offered else self.asked

    def answered(self, sdp: Description | None, now: float) -> bool:
        leg, peer = (self.asker, self.asked) if self._offered else (self.asked, self.asker)
        take = leg.negotiation.take_answer if self._offered else leg.negotiation.take_offer
        try:
            audio = take(sdp) if sdp is not None else None
        except RemoteProtocolError:
            audio = None
        codecs = relayable(audio.codecs) if audio is not None else ()
        if audio is None or not codecs or peer.session.over:
            self.refused(488, now)
            return True
        say = peer.reply if self._offered else peer.offer
        peer.session.accept(say(codecs, audio.direction, audio.ptime), now)
        self._offered, done = True, self._offered
        return done

    def refused(self, status: int, now: float) -> None:
        self.restore()
        if self.asked.session.owed is not None:
            self.asked.session.accept(None, now)
        if not self._offered and not self.asker.session.over:
            self.asker.session.accept(self.asker.offer(self.asker.codecs), now)


# -- what a party offers, answers and refuses


def confirmed(call: Call, leg: Leg, sdp: Description | None, now: float) -> None:
    """The caller's ACK; it carries the answer when the offer was ours."""
    if sdp is not None and leg.alive:
        _take_answer(call, leg, sdp, now)
    elif call.early is not None and outdated(call, leg):
        _agree(call, leg, now)


def _take_answer(call: Call, leg: Leg, sdp: Description, now: float) -> None:
    try:
        leg.negotiation.take_answer(sdp)
    except RemoteProtocolError:
        call.end(Cause.NO_CODEC, now)
        return
    call.settle(now)
    _narrow(call, leg, now)


def _narrow(call: Call, leg: Leg, now: float) -> None:
    """`leg` had the last word on an offer of ours.  If the other party still counts on a voice format
    that it did not take, that party is offered the ones it took."""
    other = call.bridge.other(leg)
    if other is None or leg.audio is None or other.audio is None:
        return
    if not voices(other.audio.codecs) <= voices(leg.audio.codecs):
        _agree(call, other, now)


def _agree(call: Call, leg: Leg, now: float) -> None:
    """`leg` is offered what the other party takes, unless there is an offer under way."""
    other = call.bridge.other(leg)
    if other is None or other.audio is None or call.renegotiation is not None or not leg.session.can_offer:
        return
    audio, call.renegotiation = other.audio, Renegotiation(None, leg)
    call.renegotiation.ask(relayable(audio.codecs), audio.direction, audio.ptime, now)


def offered(call: Call, leg: Leg, sdp: Description | None, now: float) -> None:
    """A party wants other media (hold, resume, another address): the other party is asked (RFC
    3264 §8)."""
    other = call.bridge.other(leg)
    free = call.renegotiation is None and leg.talking and (other is None or other.session.can_offer)
    if not free:
        leg.session.decline(491, now)
    elif sdp is not None:
        asked = Renegotiation(leg, other)
        if asked.begin(sdp, now):
            call.renegotiation = asked
        else:
            call.settle(now)
    elif other is not None:
        call.renegotiation = PassedOn(leg, other)
        other.session.offer(None, now)
    else:
        leg.session.accept(leg.offer(leg.codecs), now)


def offer_answered(call: Call, leg: Leg, sdp: Description | None, now: float) -> None:
    asked = call.renegotiation
    if asked is None or leg is not asked.awaited:
        if leg.session.owed is not None:
            leg.session.accept(None, now)  # who wanted that offer has left
        elif sdp is not None:
            _take_answer(call, leg, sdp, now)
    elif asked.answered(sdp, now):
        call.renegotiation = None
        call.settle(now)


def offer_refused(call: Call, leg: Leg, status: int, now: float) -> None:
    if call.renegotiation is not None and leg is call.renegotiation.awaited:
        _give_up(call, status, now)


def abandon(call: Call, now: float) -> None:
    """One of the two that agree on something new leaves: nothing comes of it."""
    _give_up(call, 491, now)


def _give_up(call: Call, status: int, now: float) -> None:
    asked, call.renegotiation = call.renegotiation, None
    if asked is not None:
        asked.refused(status, now)
