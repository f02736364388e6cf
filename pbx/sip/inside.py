"""What a peer asks for in a session: re-INVITE (RFC 3261 §14.2), UPDATE (3311), PRACK (3262), INFO (6086)."""

from __future__ import annotations

from pbx.sip import refresh
from pbx.sip.answers import success
from pbx.sip.body import description
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.events import Informed, Offered, OfferRefused
from pbx.sip.incoming import IncomingSession
from pbx.sip.inspect import ALLOW, Headers, Refusal, body_refusal
from pbx.sip.message import Response, build_response
from pbx.sip.session import Session
from pbx.sip.session_state import State
from pbx.sip.transaction import ClientTransaction, ServerTransaction

DIGITS = frozenset(("application/dtmf-relay", "application/dtmf"))
"""Bodies of an INFO that are a pressed key, as phones have sent them since before RFC 6086."""

MAX_INFO = 512


def take_invite(session: Session, transaction: ServerTransaction, now: float) -> None:
    """A re-INVITE (RFC 3261 §14.2)."""
    least = session.core.settings.min_se
    if session.over:
        session.respond(transaction, 481, now)
    elif refresh.too_small(transaction.request, least):
        session.reject(transaction, Refusal(422, "session_expires", (("Min-SE", f"{least}"),)), now)
    elif session.offered is not None or not _confirmed(session, now):
        session.respond(transaction, 500, now, _later(session))
    elif session.owed is not None or (session.offering is not None and session.offering.sent):
        session.respond(transaction, 491, now)
    else:
        _take_offer(session, transaction, now)


def _confirmed(session: Session, now: float) -> bool:
    """Whether the first INVITE is done with.

    A re-INVITE or UPDATE after our 2xx shows that the 2xx arrived, though its ACK was lost (RFC 5407 §3.1);
    but an answer that this ACK had to bring is lost with it.
    """
    success = session.success
    if session.state is State.CONFIRMED:
        return True
    if session.state is not State.ANSWERED or success is None or success.offered:
        return False
    session.confirm(None, now)
    return True


def _take_offer(session: Session, transaction: ServerTransaction, now: float) -> None:
    request = transaction.request
    try:
        sdp = description(request)
    except RemoteProtocolError as error:
        session.reject(transaction, body_refusal(error.status, error.reason), now)
        return
    if session.offering is not None:
        # Ours waited for its turn and is out of date now that the peer moved first.
        session.drop_offering(now)
        session.core.events.append(OfferRefused(session, 491))
    session.acknowledged(now)
    assert session.dialog is not None
    session.dialog.refresh(request)
    session.offered, session.delayed = transaction, sdp is None
    transaction.respond(build_response(request, 100), now)
    session.core.events.append(Offered(session, sdp))


def _later(session: Session) -> Headers:
    """§14.2: an offer while an earlier one is unanswered may come again."""
    return (("Retry-After", str(session.core.random.randint(0, 10))),)


def take_update(session: Session, transaction: ServerTransaction, now: float) -> None:
    """RFC 3311 §5.2: a new target, a new time, and perhaps an offer."""
    request = transaction.request
    if session.over:
        session.respond(transaction, 481, now)
        return
    least = session.core.settings.min_se
    if refresh.too_small(request, least):
        session.reject(transaction, Refusal(422, "session_expires", (("Min-SE", f"{least}"),)), now)
        return
    try:
        sdp = description(request)
    except RemoteProtocolError as error:
        session.reject(transaction, body_refusal(error.status, error.reason), now)
        return
    assert session.dialog is not None
    if sdp is None:
        session.dialog.refresh(request)
        if session.state is State.CONFIRMED:
            transaction.respond(success(session, request, None, now), now)
        else:
            session.respond(transaction, 200, now, (("Contact", session.contact()), ("Allow", ALLOW)))
    elif (status := _offer_refusal(session, now)) != 0:
        session.respond(transaction, status, now, _later(session) if status == 500 else ())
    else:
        session.dialog.refresh(request)
        session.offered = transaction
        session.core.events.append(Offered(session, sdp))


def _offer_refusal(session: Session, now: float) -> int:
    """491 when our offer is open, 500 when theirs is; an early dialog's first offer is open until the 2xx."""
    if session.offered is not None:
        return 500
    if _confirmed(session, now):
        return 0 if session.can_offer else 491
    return 491 if session.outgoing else 500


def take_prack(session: Session, transaction: ServerTransaction, now: float) -> None:
    """Only who was sent a reliable provisional response has one to acknowledge (RFC 3262 §3)."""
    if isinstance(session, IncomingSession):
        session.take_prack(transaction, now)
    else:
        session.reject(transaction, Refusal(481, "rack"), now)


def take_info(session: Session, transaction: ServerTransaction, now: float) -> None:
    """A pressed key is told; an empty INFO is a sign of life; packages (RFC 6086) are refused by name."""
    request = transaction.request
    kind = request.content_type
    if session.over:
        session.respond(transaction, 481, now)
    elif request.get("Info-Package") is not None:
        session.reject(transaction, Refusal(469, "info_package", (("Recv-Info", ""),)), now)
    elif not request.body:
        session.respond(transaction, 200, now)
    elif kind in DIGITS and len(request.body) <= MAX_INFO:
        body = request.body
        session.respond(transaction, 200, now)
        session.core.events.append(Informed(session, kind, body))
    else:
        session.reject(transaction, Refusal(415, "body", (("Accept", ", ".join(sorted(DIGITS))),)), now)


def inform(session: Session, content_type: str, body: bytes, now: float) -> None:
    """Send an INFO in a session that is confirmed.  What the peer makes of it changes nothing but "no such
    dialog"."""
    if session.state is not State.CONFIRMED:
        return
    assert session.dialog is not None
    request = session.dialog.request("INFO", [("Content-Type", content_type)], body)
    session.touch()

    def heard(transaction: ClientTransaction, response: Response | None, now: float) -> None:
        if response is not None and response.status == 481 and not session.over:
            session.die("gone", now)

    session.core.transactions.request(request, session.dialog.flow, now, heard)
