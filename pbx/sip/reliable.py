"""Provisional responses that must arrive (RFC 3262): repeated until their PRACK, one at a time.

We support them and never ask for them: a caller that requires 100rel gets every one reliably, one that
supports it gets those reliably that carry a session description.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from pbx.sip.dialog import Dialog
from pbx.sip.message import Request, Response
from pbx.sip.timers import T1, T64, Timer

if TYPE_CHECKING:
    from pbx.sip.session import Session
    from pbx.sip.transaction import ServerTransaction

MAX_WAITING = 8
"""Provisional responses that may wait for the PRACK of the one before; more are left out."""

MAX_EARLY = 16
"""Early dialogs of one INVITE whose reliable responses we acknowledge."""


class RAck(NamedTuple):
    """RSeq of the response, CSeq number and method of its request (§7.2)."""

    rseq: int
    cseq: int
    method: str


def rack(request: Request) -> RAck | None:
    """None when there is none, or nonsense."""
    words = (request.get("RAck") or "").split()
    if len(words) != 3 or not all(word.isascii() and word.isdigit() and len(word) < 11 for word in words[:2]):
        return None
    return RAck(int(words[0]), int(words[1]), words[2])


def rseq(response: Response) -> int | None:
    """The number of a response that wants a PRACK; None for all others."""
    text = (response.get("RSeq") or "").strip()
    if "100rel" not in response.require or not text.isascii() or not text.isdigit() or len(text) > 10:
        return None
    return int(text)


class Reliably:
    """The callee's side: what was sent and waits for its PRACK, and what waits for that.

    `overdue(now)` is called after 64*T1 without a PRACK (§3: the INVITE is to be refused).
    """

    __slots__ = (
        *("_interval", "_next", "_overdue", "_sent", "_session"),
        *("_timer", "_transaction", "_until", "_waiting"),
    )

    def __init__(
        self, session: Session, transaction: ServerTransaction, overdue: Callable[[float], None]
    ) -> None:
        self._session, self._transaction, self._overdue = session, transaction, overdue
        self._next = session.core.random.randint(1, 2**30)
        self._sent: int | None = None
        self._waiting: deque[Callable[[float], None]] = deque()
        self._timer: Timer | None = None
        self._interval = self._until = 0.0

    @property
    def open(self) -> bool:
        """A response waits for its PRACK."""
        return self._sent is not None

    def send(self, response: Response, now: float) -> None:
        """Now, or after the PRACK that is waited for."""
        if self.open:
            self.after(lambda then: self.send(response, then))
            return
        self._sent = self._next
        self._next += 1
        response.add("Require", "100rel")
        response.add("RSeq", str(self._sent))
        self._transaction.respond(response, now)
        self._interval, self._until = T1, now + T64
        self._timer = self._session.core.timers.set(now + T1, self._again)

    def after(self, what: Callable[[float], None]) -> None:
        """Do it as soon as no PRACK is waited for."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(what)

    def acknowledged(self, said: RAck, now: float) -> bool:
        """A PRACK came; False: not for the response that waits (§3: 481)."""
        cseq = self._transaction.request.cseq
        if self._sent is None or said != RAck(self._sent, cseq.number, cseq.method):
            return False
        self.stop()
        return True

    def go_on(self, now: float) -> None:
        """What waited for the PRACK."""
        while self._waiting and not self.open:
            self._waiting.popleft()(now)

    def stop(self) -> None:
        self._sent = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        self.stop()
        self._waiting.clear()

    def _again(self, now: float) -> None:
        if now >= self._until:
            self.end()
            self._overdue(now)
            return
        self._transaction.send(now)
        self._interval *= 2
        self._timer = self._session.core.timers.set(min(now + self._interval, self._until), self._again)


class Early:
    """The caller's side: one early dialog, and the last reliable response that was acknowledged in it."""

    __slots__ = ("dialog", "last")

    def __init__(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self.last: int | None = None

    def takes(self, number: int) -> bool:
        """Whether this is the next in order (§4); a repeated or too early one is not to be heard."""
        if self.last is not None and number != self.last + 1:
            return False
        self.last = number
        return True


def prack(dialog: Dialog, response: Response, number: int) -> Request:
    """The PRACK to a reliable response."""
    cseq = response.cseq
    return dialog.request("PRACK", [("RAck", f"{number} {cseq.number} {cseq.method}")])
