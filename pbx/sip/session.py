"""A session: one INVITE dialog as its user sees it, and what both sides may do in it (RFC 3261 §12, 14, 15).

How it begins is in `incoming` (we are the UAS) and `outgoing` (we are the UAC); what the peer may ask for in
it later in `inside`.

A method that is illegal in the present state raises `LocalProtocolError`: that is our own bug.  The
exceptions are `cancel` and `bye` on a session that is over: both sides may hang up at once, so these do
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pbx.sip.answers import success
from pbx.sip.body import SDP, readable
from pbx.sip.core import Core
from pbx.sip.dialog import Dialog, reason_of
from pbx.sip.errors import LocalProtocolError
from pbx.sip.events import Confirmed, Ended, OfferAnswered, Rejected
from pbx.sip.flow import Flow
from pbx.sip.inspect import Headers, Refusal
from pbx.sip.message import Request, Response, build_response
from pbx.sip.refresh import SessionTimer, stop
from pbx.sip.reinvite import Reinvite
from pbx.sip.sdp import Description
from pbx.sip.session_state import LEGAL, NEXT, State
from pbx.sip.success import Success
from pbx.sip.transaction import ClientTransaction, ServerTransaction


class Session:
    """`id` is unique in this stack's life (it is our tag); `outgoing` = we are the UAC.

    `request` is the INVITE, `user` the user part of our Contact, `remote_user_agent` the peer's User-Agent or
    Server value ("" when unknown), `shows` headers of our offers and answers that say whom it talks to.
    """

    __slots__ = (
        *("_held_bye", "_source", "core", "delayed", "dialog", "id", "offered", "offering", "owed"),
        *(
            "success",
            "allowed",
            "outgoing",
            "remote_user_agent",
            "request",
            "said",
            "shows",
            "state",
            "timer",
            "user",
        ),
    )

    def __init__(
        self, core: Core, tag: str, request: Request, source: Flow, state: State, outgoing: bool
    ) -> None:
        self.core, self.id, self.request, self._source = core, tag, request, source
        self.state, self.outgoing = state, outgoing
        self.user: str | None = None
        self.shows: Headers = ()
        # Methods that the peer takes; what we last said of our audio; who keeps the session alive
        self.allowed: tuple[str, ...] = ()
        self.said: Description | None = None
        self.timer: SessionTimer | None = None
        self.remote_user_agent = ""
        self.dialog: Dialog | None = None
        # The peer's re-INVITE that waits for `accept` or `decline`; ours; our 2xx that waits for its ACK
        self.offered: ServerTransaction | None = None
        self.offering: Reinvite | None = None
        self.success: Success | None = None
        # Sends the ACK to a 2xx that brought the peer's offer: it waits for `accept`
        self.owed: Callable[[float, Description | None], object] | None = None
        self._held_bye: str | None = None
        # The peer's last INVITE had no offer, so our 2xx to it makes one
        self.delayed = False
        core.dialogs[tag] = self

    @property
    def call_id(self) -> str:
        return self.request.call_id

    @property
    def flow(self) -> Flow:
        """Where the next request of this session goes."""
        return self.dialog.flow if self.dialog is not None else self._source

    @property
    def over(self) -> bool:
        """No event will come any more."""
        return self.state is State.ENDED

    @property
    def can_offer(self) -> bool:
        """`offer` is legal now: CONFIRMED or ANSWERED, and no offer of either side waits for its answer."""
        success = self.success
        answered = self.state is State.CONFIRMED if success is None else not success.offered
        idle = self.offered is None and self.offering is None and self.owed is None
        return self.state in LEGAL["offer"] and answered and idle

    # -- the callee's verbs, see `incoming` ----------------------------------------------------------------

    def ring(self, now: float, status: int = 180, sdp: Description | None = None) -> None:
        """UAS, INVITED or RINGING: send a provisional response 101-199, `sdp` as early media."""
        raise self._illegal("ring")

    def answer(self, sdp: Description, now: float) -> None:
        """UAS, INVITED or RINGING: send 200, repeated until the ACK (§13.3.1.4).  -> ANSWERED.

        `sdp` answers the INVITE's offer, or is our offer when the INVITE had none.
        """
        raise self._illegal("answer")

    def refuse(
        self, status: int, now: float, reason: str = "", headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        """UAS, INVITED or RINGING: send the final response 300-699.  -> ENDED, nothing more is told.

        `reason` is a Reason header value ("Q.850;cause=17"); `headers` are added as they are (Contact …).
        """
        raise self._illegal("refuse")

    # -- the caller's verb, see `outgoing` -----------------------------------------------------------------

    def cancel(self, now: float, reason: str = "") -> None:
        """UAC, CALLING or RINGING: give up.  -> CANCELLING, then `Refused` in at most 64*T1.

        The CANCEL waits for a first provisional response (§9.1); a 200 that crosses it is ACKed and BYEd
        here.  In CANCELLING or ENDED: does nothing.
        """
        if not self.over:
            raise self._illegal("cancel")

    # -- both sides' verbs ---------------------------------------------------------------------------------

    def bye(self, now: float, reason: str = "") -> None:
        """CONFIRMED or ANSWERED: hang up.  -> ENDED, nothing more is told.

        A callee may not send BYE before the ACK came or is overdue (§15), so it is held back that long in
        ANSWERED.  In ENDED: does nothing.
        """
        if self.over:
            return
        self._check("bye", self.state in LEGAL["bye"])
        hold = self.state is State.ANSWERED
        self._end(now, keep_success=hold)
        if hold:
            self._held_bye = reason
        else:
            self._send_bye(reason, now)

    def offer(self, sdp: Description | None, now: float) -> None:
        """Legal when `can_offer`: re-INVITE with `sdp`; it waits for an ACK that is still due to us.

        `OfferAnswered`, `OfferRefused` or `Ended` follows.  A 491 is retried here (§14.1).  None = the peer
        is to make the offer, which comes as `OfferAnswered` and waits for `accept`.
        """
        self._check("offer", self.can_offer)
        self.offering = Reinvite(self, sdp)
        if self.success is None:
            self.offering.send(now)

    def accept(self, sdp: Description | None, now: float) -> None:
        """After `Offered`, or when our INVITE had no offer and its 2xx made one: send the answer, or the
        offer asked for.  None, only to a 2xx = nothing in it is usable."""
        waiting = self.offered is not None or self.owed is not None
        self._check("accept", waiting and self.state in LEGAL["accept"])
        if self.owed is not None:
            owed, self.owed = self.owed, None
            owed(now, sdp)
        elif self.offered is not None and sdp is not None:
            transaction, self.offered = self.offered, None
            if transaction.request.method == "UPDATE":  # nobody acknowledges it
                transaction.respond(success(self, transaction.request, sdp, now), now)
            else:
                self._succeed(transaction, sdp, now)

    def decline(self, status: int, now: float) -> None:
        """After `Offered`: refuse the re-INVITE with 300-699 (488, 491 …); the session goes on as it was."""
        transaction, self.offered = self.offered, None
        if transaction is None:
            raise self._illegal("decline")
        self.respond(transaction, status, now)

    # -- the stack's side: messages of this dialog ---------------------------------------------------------

    def has_peer(self, tag: str) -> bool:
        """Whether the peer's tag is this one; of an early dialog too."""
        return self.dialog is not None and (self.dialog.remote.tag or "") == tag

    def owns(self, request: Request, host: str) -> bool:
        """Whether a request with our tag, coming from `host`, is of this dialog (§12.2.2).

        There is no digest inside a dialog: the peer's tag and its host are what it must show.
        """
        dialog = self.dialog
        return (
            dialog is not None
            and dialog.call_id == request.call_id
            and (dialog.remote.tag or "") == (request.from_.tag or "")
            and dialog.expects_from(host)
        )

    def take(self, request: Request, source: Flow, now: float) -> None:
        """An INVITE, BYE or ACK of this dialog that repeats no earlier one."""
        dialog = self.dialog
        assert dialog is not None
        if request.method == "ACK":
            self._take_ack(request, now)
            return
        transaction = self.core.transactions.serve(request, source, now)
        if request.cseq.number < dialog.remote_cseq:
            self.reject(transaction, Refusal(500, "cseq", (), "CSeq Out of Order"), now)
            return
        dialog.remote_cseq = request.cseq.number
        dialog.heard_from(source)
        self.touch()
        self.core.takes[request.method](self, transaction, now)

    def take_bye(self, transaction: ServerTransaction, now: float) -> None:
        # Also after our own BYE: they crossed; the dialog is known until its answer comes (RFC 5407 §3.2).
        reason = reason_of(transaction.request)
        self.respond(transaction, 200, now)
        if not self.over:
            self._end(now)
            self._forget()
            self.core.events.append(Ended(self, "bye", reason))

    def _take_ack(self, request: Request, now: float) -> None:
        success = self.success
        if success is None or request.cseq.number != success.cseq:
            return
        sdp = readable(request) if success.offered else None
        if self.state is State.CONFIRMED:
            self.acknowledged(now)
            if success.offered:
                self.core.events.append(OfferAnswered(self, sdp))
            self._offer_now(now)
        else:
            self.confirm(sdp, now)

    def acknowledged(self, now: float) -> None:
        """The peer has our 2xx, if one was under way."""
        if self.success is not None:
            self.success.acknowledged(now)
            self.success = None

    def confirm(self, sdp: Description | None, now: float) -> None:
        """The ACK to the 2xx of the first INVITE came."""
        self.acknowledged(now)
        if self._held_bye is not None:
            self._send_bye(self._held_bye, now)
            self._held_bye = None
            return
        self.move(State.CONFIRMED)
        self.core.events.append(Confirmed(self, sdp))
        self._offer_now(now)

    def _overdue(self, now: float) -> None:
        """64*T1 without an ACK to a 2xx of ours: the session ends (§13.3.1.4)."""
        if self._held_bye is not None:
            self.confirm(None, now)
        else:
            self.die("no_ack", now)

    def die(self, why: str, now: float) -> None:
        self._end(now)
        self._send_bye("", now)
        self.core.events.append(Ended(self, why))

    def _offer_now(self, now: float) -> None:
        if self.offering is not None and not self.offering.sent:
            self.offering.send(now)

    def drop_offering(self, now: float) -> None:
        if self.offering is not None:
            self.offering.stop(now)
            self.offering = None

    # -- messages that we make -----------------------------------------------------------------------------

    def contact(self) -> str:
        return self.core.contact(self.user, self._source)

    def respond(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        headers: Sequence[tuple[str, str]] = (),
        reason: str = "",
    ) -> None:
        response = build_response(
            transaction.request,
            status,
            reason or None,
            (*headers, ("Server", self.core.settings.user_agent)),
            to_tag=self.id,
        )
        transaction.respond(response, now)

    def reject(self, transaction: ServerTransaction, refusal: Refusal, now: float) -> None:
        """Refuse what is not right in itself: it is counted and told, as outside a dialog."""
        told = Rejected(refusal.slug, refusal.status, transaction.flow.remote.host, refusal.reason)
        self.core.events.append(told)
        self.respond(transaction, refusal.status, now, refusal.headers, refusal.reason)

    def _succeed(self, transaction: ServerTransaction, sdp: Description, now: float) -> None:
        """Send the 2xx to an INVITE of the peer's, and go on sending it."""
        transaction.respond(success(self, transaction.request, sdp, now), now)
        self.success = Success(self.core.timers, transaction, self.delayed, self._overdue, now)

    def acknowledge(self, cseq: int, now: float, sdp: Description | None = None) -> bytes:
        """Acknowledge a 2xx (§13.2.2.4), with our answer when it brought the offer."""
        dialog = self.dialog
        assert dialog is not None
        body = b"" if sdp is None else sdp.encode()
        request = dialog.ack(cseq, [("Content-Type", SDP)] if body else [], body)
        return self.core.transactions.stateless(request, dialog.flow)

    def _send_bye(self, reason: str, now: float) -> None:
        dialog = self.dialog
        assert dialog is not None
        headers = [("User-Agent", self.core.settings.user_agent), *([("Reason", reason)] if reason else [])]
        request = dialog.request("BYE", headers)
        self.core.transactions.request(request, dialog.flow, now, self._heard_bye)

    def _heard_bye(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        if response is None or response.status >= 200:
            again = self.dialog.again(transaction.request, response) if self.dialog else None
            if again is None:
                self._forget()
            else:
                self.core.transactions.request(again, self.flow, now, self._heard_bye)

    def _end(self, now: float, keep_success: bool = False) -> None:
        """ENDED: whatever is under way stops.  The dialog stays known until `_forget`."""
        self.move(State.ENDED)
        stop(self)
        self.drop_offering(now)
        if self.offered is not None:
            transaction, self.offered = self.offered, None
            self.respond(transaction, 487, now)
        if self.owed is not None:
            owed, self.owed = self.owed, None
            owed(now, None)
        if self.success is not None and not keep_success:
            self.success.stop()
            self.success = None

    def touch(self) -> None:
        """The dialog changed, and whoever takes over must know."""
        self.core.touched.add(self.id)

    def _forget(self) -> None:
        self.core.dialogs.pop(self.id, None)

    def move(self, state: State) -> None:
        """Enter `state`, if the table allows it."""
        self._check(f"{state}", state in NEXT[self.state])
        self.state = state

    def _check(self, verb: str, legal: bool) -> None:
        if not legal:
            raise self._illegal(verb)

    def _illegal(self, verb: str) -> LocalProtocolError:
        side = "outgoing" if self.outgoing else "incoming"
        return LocalProtocolError(f"{verb} in an {side} session that is {self.state}")
