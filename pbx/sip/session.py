"""A session: one INVITE dialog as its user sees it, caller's or callee's side (RFC 3261 §13-15).

A method that is illegal in the present state raises `LocalProtocolError`: that is our own bug.  The exceptions are
`cancel` and `bye` on a session that is over: both sides may hang up at once, so these do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbx.sip.flow import Flow
    from pbx.sip.message import Request
    from pbx.sip.sdp import Description


class State(StrEnum):
    """INVITED, RINGING, ANSWERED (2xx sent, ACK awaited) are a UAS's; CALLING, RINGING, CANCELLING a UAC's."""

    INVITED = "invited"
    CALLING = "calling"
    RINGING = "ringing"
    CANCELLING = "cancelling"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class Session:
    """`id` is unique in this stack's life (it is our tag); `outgoing` = we are the UAC; `request` is the INVITE.

    `flow` is where the dialog's requests go.  `remote_user_agent` is the peer's User-Agent or Server value, "" unknown.
    """

    id: str
    outgoing: bool
    flow: Flow
    request: Request
    state: State
    call_id: str
    remote_user_agent: str

    @property
    def over(self) -> bool:
        """No event will come any more."""
        return self.state is State.ENDED

    @property
    def can_offer(self) -> bool:
        """`offer` is legal now: CONFIRMED or ANSWERED and no re-INVITE of either side is under way."""
        raise NotImplementedError

    def ring(self, now: float, status: int = 180, sdp: Description | None = None) -> None:
        """UAS, INVITED or RINGING: send a provisional response 101-199, `sdp` as early media."""
        raise NotImplementedError

    def answer(self, sdp: Description, now: float) -> None:
        """UAS, INVITED or RINGING: send 200, repeated until the ACK (§13.3.1.4).  -> ANSWERED.

        `sdp` answers the INVITE's offer, or is our offer when the INVITE had none.
        """
        raise NotImplementedError

    def refuse(
        self, status: int, now: float, reason: str = "", headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        """UAS, INVITED or RINGING: send the final response 300-699.  -> ENDED, nothing more is told.

        `reason` is a Reason header value ("Q.850;cause=17"), `headers` are added as they are (Retry-After, Contact …).
        """
        raise NotImplementedError

    def cancel(self, now: float, reason: str = "") -> None:
        """UAC, CALLING or RINGING: give up.  -> CANCELLING, then `Refused` comes in at most 64*T1 after the CANCEL.

        The CANCEL waits for a first provisional response (§9.1); a 200 that crosses it is ACKed and BYEd here.
        In CANCELLING or ENDED: does nothing.
        """
        raise NotImplementedError

    def bye(self, now: float, reason: str = "") -> None:
        """CONFIRMED or ANSWERED: hang up.  -> ENDED, nothing more is told.

        A callee may not send BYE before the ACK came or is overdue (§15), so it is held back that long in ANSWERED.
        In ENDED: does nothing.
        """
        raise NotImplementedError

    def offer(self, sdp: Description, now: float) -> None:
        """Legal when `can_offer`: re-INVITE with `sdp`; in ANSWERED it goes out once the ACK came.

        `OfferAnswered`, `OfferRefused` or `Ended` follows.  491 is retried here by §14.1.
        """
        raise NotImplementedError

    def accept(self, sdp: Description, now: float) -> None:
        """After `Offered` (or `Answered` when the INVITE carried no offer): send the answer, or our offer."""
        raise NotImplementedError

    def decline(self, status: int, now: float) -> None:
        """After `Offered`: refuse the re-INVITE with 300-699 (488, 491 …); the session goes on as it was."""
        raise NotImplementedError
