"""The transaction layer: which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pbx.sip.faces import Faces
from pbx.sip.flow import Address, Flow
from pbx.sip.identifiers import MAGIC_COOKIE, Identifiers
from pbx.sip.large import LARGE, PATIENCE, Detour
from pbx.sip.message import Request, Response
from pbx.sip.reach import default_port
from pbx.sip.timers import Timers
from pbx.sip.transaction import ClientTransaction, Input, ServerTransaction, State, Transaction
from pbx.sip.uri import format_host

Key = tuple[str, ...]

_OWING = frozenset((State.TRYING, State.PROCEEDING, State.ACCEPTED))


class TransactionLayer:
    """All transactions of the stack, client and server."""

    __slots__ = ("_clients", "_faces", "_identifiers", "_merged", "_servers", "detour", "outbox", "timers")

    def __init__(
        self, timers: Timers, outbox: list[tuple[bytes, Flow]], identifiers: Identifiers, faces: Faces
    ) -> None:
        self.timers, self.outbox, self._identifiers, self._faces = timers, outbox, identifiers, faces
        self.detour = Detour()
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._merged: dict[Key, ServerTransaction] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    # -- client side -----------------------------------------------------------------------------------------

    def request(
        self,
        request: Request,
        flow: Flow,
        now: float,
        heard: Callable[[ClientTransaction, Response | None, float], None],
        branch: str | None = None,
    ) -> ClientTransaction:
        """Send `request`, which gets its Via here.  A CANCEL passes the `branch` of what it cancels
        (§9.1)."""
        branch = branch or self._identifiers.branch()
        request.prepend("Via", self._via(flow, branch))
        transaction = ClientTransaction(self.timers, self.outbox, request, flow, heard)
        transaction.key = (branch, request.method)
        transaction.gone = self._forget_client
        self._clients[transaction.key] = transaction
        if len(transaction.data) > LARGE and (around := self.detour.around(flow, now)) is not None:
            transaction.spare = flow
            self._send_by(around, transaction)
            self.timers.set(now + PATIENCE, partial(self._in_vain, transaction))
        transaction.feed(Input.START, now)
        return transaction

    def _send_by(self, flow: Flow, transaction: ClientTransaction) -> None:
        """The Via says which way it went (§18.1.1); it is the only one of a request of ours."""
        request, transaction.flow = transaction.request, flow
        request.set("Via", self._via(flow, transaction.key[0]))
        transaction.data = request.encode()

    def _in_vain(self, transaction: ClientTransaction, now: float) -> bool:
        """No answer came by TCP: whether the request goes by UDP now."""
        spare, transaction.spare = transaction.spare, None
        if spare is None or transaction.state not in (State.CALLING, State.TRYING):
            return False
        self.detour.failed(spare, now)
        self._send_by(spare, transaction)
        transaction.state = State.NEW
        return transaction.feed(Input.START, now)

    def stateless(self, request: Request, flow: Flow) -> bytes:
        """Send an ACK to a 2xx: outside any transaction, with a branch of its own (§13.2.2.4)."""
        request.prepend("Via", self._via(flow, self._identifiers.branch()))
        data = request.encode()
        self.outbox.append((data, flow))
        return data

    def response(self, response: Response, now: float) -> bool:
        """Hand a response to its transaction (§17.1.3); False when there is none."""
        transaction = self._clients.get((response.via.branch or "", response.cseq.method))
        if transaction is None:
            return False
        transaction.receive(response, now)
        return True

    def broken(self, flow: Flow, now: float) -> None:
        """The connection is gone, or there is none: who waits for a first answer there waits in vain
        (§8.1.3.1), and answers that we still owe go to where the peer listens (§18.2.2)."""
        gone = (flow.transport, flow.remote)
        for transaction in list(self._clients.values()):
            if (transaction.flow.transport, transaction.flow.remote) == gone and not self._in_vain(
                transaction, now
            ):
                transaction.feed(Input.BROKEN, now)
        if flow.transport not in ("tcp", "tls"):
            return
        for server in self._servers.values():
            if (server.flow.transport, server.flow.remote) == gone and server.state in _OWING:
                port = server.request.via.port or default_port(flow.transport)
                server.flow = server.flow._replace(remote=Address(flow.remote.host, port))

    def _via(self, flow: Flow, branch: str) -> str:
        """Our Via on a request over `flow` (§18.1.1); rport: answer to our source port (RFC 3581)."""
        where = format_host(*self._faces.of(flow))
        return f"SIP/2.0/{flow.transport.upper()} {where};rport;branch={branch}"

    def _forget_client(self, transaction: Transaction) -> None:
        self._clients.pop(transaction.key, None)

    # -- server side -----------------------------------------------------------------------------------------

    def serve(self, request: Request, flow: Flow, now: float) -> ServerTransaction:
        """Open the transaction of a new request that came by `flow`."""
        transaction = ServerTransaction(self.timers, self.outbox, request, answer_flow(request, flow))
        transaction.key = server_key(request, request.method)
        transaction.gone = self._forget_server
        self._servers[transaction.key] = transaction
        transaction.merge_key = _merge_key(request)
        self._merged.setdefault(transaction.merge_key, transaction)
        transaction.feed(Input.START, now)
        return transaction

    def match(self, request: Request, method: str | None = None) -> ServerTransaction | None:
        """The transaction that `request` repeats or acknowledges; with `method` INVITE, what a CANCEL
        means."""
        method = method or ("INVITE" if request.method == "ACK" else request.method)
        return self._servers.get(server_key(request, method))

    def is_merged(self, request: Request) -> bool:
        """Whether this request, in no transaction of its own, reached us before by another way (§8.2.2.2)."""
        return _merge_key(request) in self._merged

    def allow_retry(self, transaction: ServerTransaction) -> None:
        """After a challenge some phones come again with the same CSeq; that is no merged request."""
        key = transaction.merge_key
        if self._merged.get(key) is transaction:
            del self._merged[key]

    def _forget_server(self, transaction: Transaction) -> None:
        if isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            self.allow_retry(transaction)


def server_key(request: Request, method: str) -> Key:
    """§17.2.3: branch, sent-by and method; an RFC 2543 peer is known by all that identifies its request."""
    top = request.via
    branch = top.branch
    if branch is not None and branch.startswith(MAGIC_COOKIE):
        return branch, top.host, str(top.port), method
    tag = request.from_.tag or ""
    return request.raw_uri, request.call_id, tag, str(request.cseq.number), str(top), method


def _merge_key(request: Request) -> Key:
    return request.call_id, request.from_.tag or "", str(request.cseq.number), request.method


def note_source(request: Request, flow: Flow) -> None:
    """Write down in the top Via where the request really came from (§18.2.1, RFC 3581 §4)."""
    top = request.via
    host, port = flow.remote
    noted = top
    if top.wants_rport:
        noted = top.with_param("received", host).with_param("rport", str(port))
    elif top.host != host:
        noted = top.with_param("received", host)
    if noted is not top:
        rest = request.all("Via")[1:]
        request.set("Via", str(noted))
        for value in rest:
            request.add("Via", value)


def answer_flow(request: Request, flow: Flow) -> Flow:
    """Where responses go (§18.2.2, RFC 3581 §4): to the source host, and there to the source port if the peer
    asked for that, else to the port of its Via.  `maddr` is not obeyed: it would let a stranger aim our
    answers.
    """
    top = request.via
    if top.wants_rport or flow.transport != "udp":
        return flow
    port = top.port or 5060
    return flow if port == flow.remote.port else flow._replace(remote=Address(flow.remote.host, port))
