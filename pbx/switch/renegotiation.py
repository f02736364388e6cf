"""One re-INVITE that is passed on: who asked, who is asked, and what stands again when the answer is no."""

from copy import copy

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.offer import mirror
from pbx.sip.sdp import Description
from pbx.switch.leg import Leg, relayable


class Renegotiation:
    """`asked` is None when the office itself is the other party; then it agrees to what it can.

    Until the answer is there the old agreement stands (RFC 3264 §8): a refusal leaves both legs as they were.
    """

    def __init__(self, asker: Leg, asked: Leg | None) -> None:
        self.asker, self.asked = asker, asked
        self._before = [(leg, copy(leg.negotiation), leg.codecs) for leg in (asker, asked) if leg is not None]

    def begin(self, sdp: Description, now: float) -> bool:
        """True when an answer is to be waited for; False when the asker was answered at once."""
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
            self.asked.session.offer(self.asked.offer(codecs, audio.direction, audio.ptime), now)
            return True
        return False

    def answered(self, sdp: Description | None, now: float) -> None:
        """The asked party's answer goes back to the asker."""
        if self.asked is None or sdp is None:
            self.refused(488, now)
            return
        try:
            audio = self.asked.negotiation.take_answer(sdp)
        except RemoteProtocolError:
            self.refused(488, now)
            return
        self.asker.session.accept(self.asker.reply(audio.codecs, audio.direction, audio.ptime), now)

    def refused(self, status: int, now: float) -> None:
        """The old agreement stands again; the asker learns the reason."""
        for leg, negotiation, codecs in self._before:
            leg.negotiation.restore(negotiation)
            leg.codecs = codecs
        self.asker.session.decline(status, now)
