"""Sessions as plain values, so that another stack can go on with them when this one's process is gone.

A session that is confirmed is kept as its dialog (RFC 3261 §12): what is under way in it is not, and the peer
repeats it or asks anew.  One that still rings is kept as its INVITE, so that its end can be told properly.
"""

from __future__ import annotations

from dataclasses import dataclass

from pbx.sip.core import Core
from pbx.sip.dialog import Dialog
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.incoming import IncomingSession
from pbx.sip.message import Request, Response, build_request, parse
from pbx.sip.outgoing import OutgoingSession
from pbx.sip.refresh import start
from pbx.sip.session import Session
from pbx.sip.session_state import State
from pbx.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class KeptInvite:
    """A session without a final response: `request` is its INVITE on the wire, `id` our tag."""

    id: str
    request: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A confirmed session.  `user` is the user part of our Contact, "" = none; URIs are text.

    `allowed` are the peer's methods, `interval` (seconds, 0 = none) and `ours` the session timer, `offered`
    the peer's re-INVITE that was not answered yet.
    """

    id: str
    outgoing: bool
    call_id: str
    local: str
    remote: str
    local_cseq: int
    remote_cseq: int
    target: str
    route_set: tuple[str, ...]
    source: Flow
    user: str
    user_agent: str
    allowed: tuple[str, ...] = ()
    interval: int = 0
    ours: bool = False
    offered: KeptInvite | None = None

    @classmethod
    def of(cls, session: Session) -> KeptSession:
        dialog = session.dialog
        assert dialog is not None
        return cls(
            id=session.id,
            outgoing=session.outgoing,
            call_id=dialog.call_id,
            local=str(dialog.local),
            remote=str(dialog.remote),
            local_cseq=dialog.local_cseq,
            remote_cseq=dialog.remote_cseq,
            target=str(dialog.target),
            route_set=tuple(map(str, dialog.route_set)),
            source=dialog.source,
            user=session.user or "",
            user_agent=session.remote_user_agent,
            allowed=session.allowed,
            interval=session.timer.interval if session.timer is not None else 0,
            ours=session.timer is not None and session.timer.ours,
            offered=_offered(session),
        )

    def dialog(self) -> Dialog:
        dialog = Dialog(
            self.call_id,
            NameAddr.parse(self.local),
            NameAddr.parse(self.remote),
            Uri.parse(self.target),
            tuple(map(NameAddr.parse, self.route_set)),
            self.source,
        )
        dialog.local_cseq, dialog.remote_cseq = self.local_cseq, self.remote_cseq
        return dialog


class AdoptedSession(Session):
    """A confirmed session that another stack began."""

    __slots__ = ()

    def __init__(self, core: Core, kept: KeptSession, now: float) -> None:
        dialog = kept.dialog()
        headers = [("From", kept.local), ("To", kept.remote), ("Call-ID", kept.call_id), ("CSeq", "1 INVITE")]
        request = build_request("INVITE", dialog.target, headers)
        super().__init__(core, kept.id, request, kept.source, State.CONFIRMED, kept.outgoing)
        self.dialog = dialog
        self.user = kept.user or None
        self.remote_user_agent, self.allowed = kept.user_agent, kept.allowed
        if kept.interval:
            start(self, kept.interval, kept.ours, now)

    def refuse_offer(self, kept: KeptInvite, now: float) -> None:
        """The peer's re-INVITE cannot be gone on with: it may try again at once (§14.2)."""
        request = read(kept)
        if request is not None:
            transaction = self.core.transactions.serve(request, kept.flow, now)
            self.respond(transaction, 500, now, (("Retry-After", "0"),))

    def acknowledge_again(self, response: Response) -> bool:
        """A 2xx whose ACK the peer did not get (§13.2.2.4).  False: it is not of this dialog."""
        dialog = self.dialog
        assert dialog is not None
        ours = response.call_id == dialog.call_id and response.to.tag == dialog.remote.tag
        if ours:
            self.core.transactions.stateless(dialog.ack(response.cseq.number), dialog.flow)
        return ours


def adopt_incoming(core: Core, kept: KeptInvite, now: float) -> IncomingSession | None:
    """The caller's INVITE, which waits for our final response; None when it cannot be read."""
    request = read(kept)
    if request is None:
        return None
    transaction = core.transactions.serve(request, kept.flow, now)
    return IncomingSession(core, transaction, kept.flow, delayed=not request.body, tag=kept.id)


def adopt_outgoing(core: Core, kept: KeptInvite, now: float) -> OutgoingSession | None:
    """Our INVITE, which waits for the peer's final response; None when it cannot be read."""
    request = read(kept)
    if request is None:
        return None
    branch = request.via.branch
    request.remove("Via")
    return OutgoingSession(core, kept.id, request, kept.flow, now, branch)


def _offered(session: Session) -> KeptInvite | None:
    transaction = session.offered
    if transaction is None:
        return None
    return KeptInvite(session.id, transaction.request.encode().decode("utf-8", "replace"), transaction.flow)


def read(kept: KeptInvite) -> Request | None:
    """The INVITE again."""
    try:
        request = parse(kept.request.encode())
    except RemoteProtocolError:
        return None
    return request if isinstance(request, Request) else None
