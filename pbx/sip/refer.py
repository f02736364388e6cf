"""REFER inside a dialog (RFC 3515), the dialog that it may name (RFC 3891), and its implicit subscription."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from pbx.sip.core import Core
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.events import Referred
from pbx.sip.grammar import get_param, parse_params
from pbx.sip.headers import NameAddr
from pbx.sip.inspect import Headers, Refusal
from pbx.sip.message import Request, Response
from pbx.sip.session import Session
from pbx.sip.session_state import State
from pbx.sip.status import reason_phrase
from pbx.sip.transaction import ClientTransaction, ServerTransaction
from pbx.sip.uri import Uri, aor

EXPIRES = 180
"""Seconds that the subscription to a transfer's progress lasts at most: as long as anything may ring."""

_AT_ONCE = ("aastra", "mitel", "snom")
"""Phones that take any NOTIFY but a 200 for a failure, and let go of the call only then."""


class Replaces(NamedTuple):
    """The dialog that is to be replaced, seen by who names it: `to_tag` is ours if we are its other end."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool

    @classmethod
    def parse(cls, text: str) -> Replaces:
        """A Replaces header's value; RemoteProtocolError 400 without a Call-ID or a tag."""
        call_id, semicolon, rest = text.partition(";")
        params = parse_params(semicolon + rest)
        to_tag, from_tag = get_param(params, "to-tag"), get_param(params, "from-tag")
        if not call_id.strip() or not to_tag or not from_tag:
            raise RemoteProtocolError(400, "Bad Replaces")
        early = any(name == "early-only" for name, _ in params)
        return cls(call_id.strip(), to_tag, from_tag, early)


def find(core: Core, replaces: Replaces) -> Session | None:
    """The session that it names; the tags in either order, for phones have both."""
    for ours, theirs in ((replaces.to_tag, replaces.from_tag), (replaces.from_tag, replaces.to_tag)):
        session = core.dialogs.get(ours)
        if isinstance(session, Session) and session.call_id == replaces.call_id and session.has_peer(theirs):
            return session
    return None


class Referral:
    """A REFER that was taken or is being judged.

    `target` is what was dialled; `replaces` the session of ours whose other party is meant.
    """

    __slots__ = ("_event", "_informed", "_session", "_transaction", "replaces", "target")

    def __init__(
        self, session: Session, transaction: ServerTransaction, target: str, replaces: Session | None
    ) -> None:
        self._session, self._transaction = session, transaction
        self.target, self.replaces = target, replaces
        request = transaction.request
        self._event = f"refer;id={request.cseq.number}"
        quiet = "false" in (request.get("Refer-Sub") or "").lower()  # RFC 4488
        self._informed = not quiet

    def refuse(self, status: int, now: float) -> None:
        self._session.respond(self._transaction, status, now)

    def accept(self, now: float) -> None:
        """202, and what there is to tell so far."""
        headers: Headers = (("Contact", self._session.contact()),)
        if not self._informed:
            headers += (("Refer-Sub", "false"),)
        self._session.respond(self._transaction, 202, now, headers)
        if self._session.remote_user_agent.lower().startswith(_AT_ONCE):
            self.progress(200, now)
        else:
            self.progress(100, now)

    def progress(self, status: int, now: float) -> None:
        """Tell how the third party answers so far; a final status is the last that is told (§2.4.5)."""
        session = self._session
        if not self._informed or session.state is not State.CONFIRMED or session.dialog is None:
            return
        over = status >= 200
        state = "terminated;reason=noresource" if over else f"active;expires={EXPIRES}"
        headers = [
            ("Event", self._event),
            ("Subscription-State", state),
            ("Contact", session.contact()),
            ("Content-Type", "message/sipfrag;version=2.0"),
        ]
        body = f"SIP/2.0 {status} {reason_phrase(status)}\r\n".encode()
        request = session.dialog.request("NOTIFY", headers, body)
        session.touch()
        session.core.transactions.request(request, session.dialog.flow, now, self._heard)
        self._informed = not over

    def _heard(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        """A phone that does not want to know any more is not told any more; the call goes on."""
        if response is None or response.status >= 300:
            self._informed = False


def take_refer(session: Session, transaction: ServerTransaction, now: float) -> None:
    """Judge the form here; whether it may be is the switch's business."""
    request = transaction.request
    if session.state is not State.CONFIRMED:
        session.respond(transaction, 481, now)
        return
    try:
        target, replaces = _read(request)
    except RemoteProtocolError as error:
        session.reject(transaction, Refusal(error.status, "refer_to", (), error.reason), now)
        return
    named = find(session.core, replaces) if replaces is not None else None
    if replaces is not None and named is None:
        session.reject(transaction, Refusal(481, "replaces", (), "No Such Call To Replace"), now)
        return
    session.core.events.append(Referred(session, Referral(session, transaction, target, named)))


def _read(request: Request) -> tuple[str, Replaces | None]:
    values = request.all("Refer-To")
    if len(values) != 1:
        raise RemoteProtocolError(400, "One Refer-To Wanted")
    uri = NameAddr.parse(values[0]).uri
    if uri.scheme not in ("sip", "sips", "tel") or (uri.param("method") or "INVITE").upper() != "INVITE":
        raise RemoteProtocolError(501 if uri.scheme in ("sip", "sips") else 416, "Only Calls Can Be Referred")
    replaces = _escaped(uri, "replaces")
    return aor(uri), Replaces.parse(replaces) if replaces is not None else None


def _escaped(uri: Uri, name: str) -> str | None:
    """A header within a URI (RFC 3261 §19.1.1): "?Replaces=…&…", escaped."""
    for piece in uri.headers.lstrip("?").split("&"):
        key, equals, value = piece.partition("=")
        if equals and key.lower() == name:
            return unquote(value)
    return None


def replaced(core: Core, request: Request) -> tuple[Session | None, int]:
    """The session that a new INVITE is to take the place of (RFC 3891 §3), and 0; or the status of a refusal.

    No Replaces header: (None, 0).
    """
    values: Iterable[str] = request.all("Replaces")
    texts = list(values)
    if not texts:
        return None, 0
    if len(texts) > 1:
        return None, 400
    try:
        replaces = Replaces.parse(texts[0])
    except RemoteProtocolError as error:
        return None, error.status
    session = find(core, replaces)
    if session is None:
        return None, 481
    if session.over:
        return None, 603
    if session.state is State.CONFIRMED:
        return (None, 486) if replaces.early_only else (session, 0)
    # A dialog that still rings may only be taken from whom we called (§3).
    return (session, 0) if session.outgoing else (None, 481)
