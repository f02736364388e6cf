"""A change of the audio in mid-call: who asked, who is asked, and what stands again when the answer is no."""

from collections.abc import Iterable
from copy import copy

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.offer import Codec, mirror
from pbx.sip.sdp import Description
from pbx.switch.leg import Leg, relayable


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
        if self.asker is not None:
            self.asker.session.accept(self.asker.reply(audio.codecs, audio.direction, audio.ptime), now)

    def refused(self, status: int, now: float) -> None:
        """The old agreement stands again; the asker learns the reason."""
        for leg, negotiation, codecs in self.before:
            leg.negotiation.restore(negotiation)
            leg.codecs = codecs
        if self.asker is not None:
            self.asker.session.decline(status, now)
