"""Our offer in an established dialog: one re-INVITE, and another after a 491 (RFC 3261 §14.1)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pbx.sip.body import SDP, readable
from pbx.sip.events import OfferAnswered, OfferRefused
from pbx.sip.inspect import ALLOW, SUPPORTED
from pbx.sip.message import Request, Response
from pbx.sip.refresh import follow
from pbx.sip.sdp import Description
from pbx.sip.timers import T64, Timer
from pbx.sip.transaction import ClientTransaction

if TYPE_CHECKING:
    from pbx.sip.session import Session

LONGEST = 180.0
"""Seconds that a re-INVITE may stay unanswered after a provisional response (as timer C, §16.6)."""


class Reinvite:
    """Waits for `send`, then for an answer, perhaps for the end of a 491's pause and an answer again.

    Tells `OfferAnswered` or `OfferRefused`, or lets the session die; then it is no longer `session.offering`.
    """

    __slots__ = ("_answer", "_sdp", "_session", "_timer", "_transaction")

    def __init__(self, session: Session, sdp: Description | None) -> None:
        self._session, self._sdp = session, sdp
        self._answer: Description | None = None  # to the offer that came because we made none
        self._transaction: ClientTransaction | None = None
        self._timer: Timer | None = None

    @property
    def sent(self) -> bool:
        """A re-INVITE is on its way; False while it waits."""
        return self._transaction is not None

    def send(self, now: float) -> None:
        session = self._session
        core, dialog = session.core, session.dialog
        assert dialog is not None
        headers = [
            ("Contact", session.contact()),
            ("Allow", ALLOW),
            ("Supported", SUPPORTED),
            *(session.timer.headers if session.timer is not None else ()),
            *session.shows,
            ("User-Agent", core.settings.user_agent),
            ("Accept" if self._sdp is None else "Content-Type", SDP),
        ]
        session.said = self._sdp or session.said
        request = dialog.request("INVITE", headers, b"" if self._sdp is None else self._sdp.encode())
        session.touch()
        self._transaction = core.transactions.request(request, dialog.flow, now, self._heard)
        self._timer = core.timers.set(now + LONGEST, self._overdue)

    def stop(self, now: float) -> None:
        """Superseded, or the session is over; an answer that is still to come is only acknowledged."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transaction is not None:
            # A provisional response may be the last that we hear of it: do not wait for ever.
            self._session.core.timers.set(now + T64, self._transaction.terminate)

    def _heard(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        if response is not None and response.status < 200:
            return
        session = self._session
        if response is not None and response.status < 300:
            self._succeeded(transaction, response, now)
        if self._transaction is not transaction or session.offering is not self:
            return
        self._transaction = None
        if response is not None and self._challenged(transaction.request, response, now):
            return
        if self._timer is not None:
            self._timer.cancel()
        if response is not None and response.status == 491:
            self._pause(now)
        else:
            session.offering = None
            self._settle(response, now)

    def _succeeded(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Acknowledge it: also when it is repeated, or the session is over meanwhile, since the peer repeats
        it until the ACK.  The ACK to an offer waits for our answer."""
        session, cseq = self._session, transaction.request.cseq.number
        first = self._transaction is transaction and session.offering is self
        if first and self._sdp is None and readable(response) is not None:
            session.owed = partial(self._accept, cseq)
        elif session.owed is None:
            session.acknowledge(cseq, now, self._answer)

    def _accept(self, cseq: int, now: float, sdp: Description | None) -> None:
        self._answer = sdp
        self._session.said = sdp or self._session.said
        self._session.acknowledge(cseq, now, sdp)

    def _challenged(self, request: Request, response: Response, now: float) -> bool:
        """Whether it went out once more, with credentials."""
        session = self._session
        dialog = session.dialog
        again = dialog.again(request, response) if dialog is not None else None
        if again is None or dialog is None:
            return False
        session.touch()
        self._transaction = session.core.transactions.request(again, dialog.flow, now, self._heard)
        return True

    def _settle(self, response: Response | None, now: float) -> None:
        session = self._session
        if response is None:
            session.die("timeout", now)
        elif response.status in (408, 481):
            session.die("gone", now)  # §12.2.1.2
        elif response.status >= 300:
            session.core.events.append(OfferRefused(session, response.status))
        elif self._sdp is None and session.owed is None:
            session.core.events.append(OfferRefused(session, 488))
        else:
            assert session.dialog is not None
            session.dialog.refresh(response)
            if session.timer is not None:
                follow(session, response, now)
            session.touch()
            session.core.events.append(OfferAnswered(session, readable(response)))

    def _pause(self, now: float) -> None:
        """2.1 to 4 s for the side that made the Call-ID, 0 to 2 s for the other, in steps of 10 ms."""
        core = self._session.core
        steps = core.random.randint(210, 400) if self._session.outgoing else core.random.randint(0, 200)
        self._timer = core.timers.set(now + steps / 100, self.send)

    def _overdue(self, now: float) -> None:
        if self._transaction is not None:
            self._transaction.terminate(now)
        self._session.offering = None
        self._session.die("timeout", now)
