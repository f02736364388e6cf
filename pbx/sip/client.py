"""Requests of ours outside any dialog: sent, authenticated, and sent elsewhere when nobody answers (RFC 3261
§8.1, §22.2; RFC 3263 §4.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pbx.sip.core import Core
from pbx.sip.credentials import CHALLENGED, Header, Login
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Request, Response, build_request
from pbx.sip.timers import Timer
from pbx.sip.transaction import ClientTransaction
from pbx.sip.transaction import State as Step
from pbx.sip.uri import Uri

PATIENCE = 3.0
"""Seconds that a flow gets for its first answer while there is another one to try."""

MAX_TRIES = 4
"""So often a request is sent on one flow: a challenge of a server and of a proxy, and a stale nonce of
each."""


class Line:
    """What the requests of one purpose share: From (with our tag), To, Call-ID and the count (§8.1.1)."""

    __slots__ = ("call_id", "cseq", "from_", "to")

    def __init__(self, core: Core, from_: NameAddr, to: NameAddr) -> None:
        self.from_, self.to = from_.with_tag(core.identifiers.tag()), to
        self.call_id, self.cseq = core.identifiers.call_id(), 0


class Answer(NamedTuple):
    """What became of a request: the final response and who gave it; None = nobody did.

    `why` says in words why a challenge was not answered.
    """

    response: Response | None
    request: Request
    flow: Flow
    why: str = ""


Heard = Callable[[Answer, float], None]
Seen = Callable[[Response, Request, Flow, float], None]


class Inquiry:
    """One request on its way to a final answer, by the first of `flows` that gives one.

    `make(flow)` gives the headers beside those of `line`.  `heard(answer, now)` is called once, with the last
    thing that was tried; `seen(response, request, flow, now)` for every response.
    """

    __slots__ = (
        *("_at", "_core", "_flows", "_heard", "_line", "_login", "_make", "_method", "_patience"),
        *("_body", "_seen", "_timer", "_transaction", "_tries", "_uri", "_request"),
    )

    def __init__(
        self,
        core: Core,
        line: Line,
        method: str,
        uri: Uri,
        flows: Sequence[Flow],
        make: Callable[[Flow], list[Header]],
        heard: Heard,
        now: float,
        login: Login | None = None,
        seen: Seen | None = None,
        patience: float = 0.0,
        body: bytes = b"",
    ) -> None:
        """`patience` seconds also for the last flow; 0 = as long as the transaction tries."""
        self._core, self._line, self._method, self._uri = core, line, method, uri
        self._flows, self._make, self._heard, self._login = tuple(flows), make, heard, login
        self._seen, self._patience, self._body = seen, patience, body
        self._at = self._tries = 0
        self._timer: Timer | None = None
        self._transaction: ClientTransaction | None = None
        self._send([] if login is None else login.ahead(method, str(uri)), now)

    def stop(self, now: float) -> None:
        """Nobody wants to know any more; harmless at any time."""
        self._quiet()
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.terminate(now)

    def widen(self, flows: Sequence[Flow], now: float) -> None:
        """There are further flows to try."""
        tried = self._flows[: self._at + 1]
        self._flows = (*tried, *(flow for flow in flows if flow not in tried))
        if self._transaction is not None and self._transaction.state is Step.TRYING:
            self._wait(now)

    def _send(self, credentials: Sequence[Header], now: float) -> None:
        self._tries += 1
        self._line.cseq += 1
        line, flow = self._line, self._flows[self._at]
        headers = [
            ("Max-Forwards", "70"),
            ("From", str(line.from_)),
            ("To", str(line.to)),
            ("Call-ID", line.call_id),
            ("CSeq", f"{line.cseq} {self._method}"),
            *self._make(flow),
            *credentials,
            ("User-Agent", self._core.settings.user_agent),
        ]
        self._request = build_request(self._method, self._uri, headers, self._body)
        self._transaction = self._core.transactions.request(self._request, flow, now, self._answered)
        self._wait(now)

    def _wait(self, now: float) -> None:
        self._quiet()
        seconds = PATIENCE if self._at + 1 < len(self._flows) else self._patience
        if seconds:
            self._timer = self._core.timers.set(now + seconds, self._overdue)

    def _quiet(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _overdue(self, now: float) -> None:
        self.stop(now)
        self._elsewhere(Answer(None, self._request, self._flows[self._at]), now)

    def _answered(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        if transaction is not self._transaction:
            return
        flow = self._flows[self._at]
        if response is not None and self._seen is not None:
            self._seen(response, self._request, flow, now)
        if response is None:
            self._elsewhere(Answer(None, self._request, flow), now)
        elif response.status < 200:
            self._quiet()
        elif response.status == 503:
            self._elsewhere(Answer(response, self._request, flow), now)
        elif response.status in CHALLENGED and self._login is not None and self._tries < MAX_TRIES:
            self._challenged(response, self._login, now)
        else:
            self._finish(Answer(response, self._request, flow), now)

    def _challenged(self, response: Response, login: Login, now: float) -> None:
        credentials = login.answer(self._request, response)
        if credentials:
            self._send(credentials, now)
        else:
            self._finish(Answer(response, self._request, self._flows[self._at], login.why), now)

    def _elsewhere(self, answer: Answer, now: float) -> None:
        self._at, self._tries = self._at + 1, 0
        if self._at == len(self._flows):
            self._finish(answer, now)
        else:
            ahead = [] if self._login is None else self._login.ahead(self._method, str(self._uri))
            self._send(ahead, now)

    def _finish(self, answer: Answer, now: float) -> None:
        self._quiet()
        self._transaction = None
        self._heard(answer, now)


def ask(
    core: Core,
    method: str,
    uri: Uri,
    flows: Sequence[Flow],
    from_: NameAddr,
    to: NameAddr,
    headers: list[Header],
    heard: Heard,
    now: float,
    patience: float,
    seen: Seen | None = None,
    body: bytes = b"",
) -> Inquiry:
    """A request that stands alone, by the first of `flows` that answers within `patience` seconds."""
    line = Line(core, from_, to)
    return Inquiry(
        *(core, line, method, uri, flows, lambda flow: headers, heard, now),
        seen=seen,
        patience=patience,
        body=body,
    )
