"""A session that the peer began: our side is the UAS of its INVITE (RFC 3261 §13.3)."""

from __future__ import annotations

from collections.abc import Sequence

from pbx.sip.body import SDP
from pbx.sip.core import Core
from pbx.sip.dialog import Dialog, reason_of
from pbx.sip.events import Cancelled, Ended
from pbx.sip.flow import Flow
from pbx.sip.inspect import Refusal
from pbx.sip.message import Request, Response, build_response
from pbx.sip.reliable import Reliably, rack
from pbx.sip.sdp import Description
from pbx.sip.session import Session
from pbx.sip.session_state import LEGAL, State
from pbx.sip.timers import Timer
from pbx.sip.transaction import ServerTransaction

KEEP_RINGING = 60.0
"""Seconds after which a provisional response is said again, so that no proxy gives up (§13.3.1.1)."""


class IncomingSession(Session):
    """INVITED, RINGING, then ANSWERED and CONFIRMED, then ENDED."""

    __slots__ = ("_limit", "_reliably", "_ringing", "_transaction")

    def __init__(
        self, core: Core, transaction: ServerTransaction, source: Flow, delayed: bool, tag: str = ""
    ) -> None:
        request = transaction.request
        tag = tag or core.identifiers.tag()
        super().__init__(core, tag, request, source, State.INVITED, outgoing=False)
        self.user = request.uri.user
        self.allowed = request.allow
        self.remote_user_agent = (request.get("User-Agent") or "")[:200]
        self.dialog = Dialog.of_request(request, self.id, source)
        self._transaction = transaction
        self.delayed = delayed
        self._ringing: Timer | None = None
        self._reliably: Reliably | None = None
        self._limit: Timer | None = None
        transaction.user = self

    def expire(self, when: float) -> None:
        """The caller waits until then and no longer (§13.3.1)."""
        self._limit = self.core.timers.set(when, self._expired)

    def _expired(self, now: float) -> None:
        if self._unanswered:
            self._refuse(487, now)
            self.core.events.append(Cancelled(self))

    def ring(self, now: float, status: int = 180, sdp: Description | None = None) -> None:
        self._check(f"ring({status})", self.state in LEGAL["ring"] and 100 < status < 200)
        headers = [
            *[("Record-Route", route) for route in self.request.all("Record-Route")],
            ("Contact", self.contact()),
            ("Server", self.core.settings.user_agent),
        ]
        body = b""
        if sdp is not None:
            headers.append(("Content-Type", SDP))
            body = sdp.encode()
        response = build_response(self.request, status, None, headers, body, self.id)
        self.move(State.RINGING)
        if "100rel" in self.request.require or (body and "100rel" in self.request.supported):
            self._send_reliably(response, now)
        else:
            self._transaction.respond(response, now)
            self._say_again(now)

    def _send_reliably(self, response: Response, now: float) -> None:
        if self._reliably is None:
            self._reliably = Reliably(self, self._transaction, self._unacknowledged)
        self._hush()
        self._reliably.send(response, now)

    def take_prack(self, transaction: ServerTransaction, now: float) -> None:
        """RFC 3262 §3: 481 unless it is for the response that waits; an offer in it is refused."""
        said = rack(transaction.request)
        if said is None:
            self.reject(transaction, Refusal(400, "rack", (), "Bad RAck"), now)
        elif self._reliably is None or not self._reliably.acknowledged(said, now):
            self.reject(transaction, Refusal(481, "rack"), now)
        elif transaction.request.body:
            self.reject(transaction, Refusal(488, "body"), now)
            self._reliably.go_on(now)
        else:
            self.respond(transaction, 200, now)
            self._reliably.go_on(now)

    def _unacknowledged(self, now: float) -> None:
        """64*T1 without a PRACK: the INVITE is refused (§3)."""
        if self._unanswered:
            answered = self.state is State.ANSWERED
            self._refuse(504, now)
            self.core.events.append(Ended(self, "no_ack") if answered else Cancelled(self))

    def answer(self, sdp: Description, now: float) -> None:
        self._check("answer", self.state in LEGAL["answer"])
        self._settled()
        self.move(State.ANSWERED)
        if self._reliably is not None and self._reliably.open:
            self._reliably.after(lambda then: self._answer(sdp, then))
        else:
            self._answer(sdp, now)

    def _answer(self, sdp: Description, now: float) -> None:
        if self.state is State.ANSWERED:
            self._succeed(self._transaction, sdp, now)

    def bye(self, now: float, reason: str = "") -> None:
        if self.state is State.ANSWERED and self._unanswered:
            self._refuse(480, now, [("Reason", reason)] if reason else [])
        else:
            super().bye(now, reason)

    def refuse(
        self, status: int, now: float, reason: str = "", headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._check(f"refuse({status})", self.state in LEGAL["refuse"] and 300 <= status < 700)
        self._refuse(status, now, [*([("Reason", reason)] if reason else []), *headers])

    def cancelled(self, request: Request, now: float) -> None:
        """A CANCEL for our INVITE came (§9.2); too late after a final response."""
        if self._unanswered:
            self._refuse(487, now)
            self.core.events.append(Cancelled(self, reason_of(request)))

    @property
    def _unanswered(self) -> bool:
        """No final response went out: also while the 200 waits for a PRACK."""
        return self.state in LEGAL["refuse"] or (self.state is State.ANSWERED and self.success is None)

    def take_bye(self, transaction: ServerTransaction, now: float) -> None:
        if not self._unanswered:
            super().take_bye(transaction, now)
            return
        # A caller may also hang up an early dialog by BYE; the INVITE must be answered then (§15.1.2).
        reason = reason_of(transaction.request)
        self.respond(transaction, 200, now)
        self._refuse(487, now)
        self.core.events.append(Cancelled(self, reason))

    def _refuse(self, status: int, now: float, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._settled()
        if self._reliably is not None:
            self._reliably.end()
        self.respond(self._transaction, status, now, headers)
        self._end(now)
        self._forget()

    def _say_again(self, now: float) -> None:
        self._hush()
        self._ringing = self.core.timers.set(now + KEEP_RINGING, self._still_ringing)

    def _still_ringing(self, now: float) -> None:
        self._transaction.send(now)
        self._say_again(now)

    def _settled(self) -> None:
        """A final response is to be sent."""
        self._hush()
        if self._limit is not None:
            self._limit.cancel()

    def _hush(self) -> None:
        if self._ringing is not None:
            self._ringing.cancel()
            self._ringing = None
