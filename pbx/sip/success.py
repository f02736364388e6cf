"""A 2xx to an INVITE, repeated until its ACK comes (RFC 3261 §13.3.1.4): the user's duty, not the
transaction's."""

from __future__ import annotations

from collections.abc import Callable

from pbx.sip.timers import T1, T2, T64, Timer, Timers
from pbx.sip.transaction import Input, ServerTransaction


class Success:
    """Repeats what `transaction` sent.  `cseq` is the INVITE's; `offered` = the 2xx carries our offer, so the
    ACK is to bring the answer.

    `overdue(now)` is called after 64*T1 without `acknowledged` or `stop`.
    """

    __slots__ = ("_interval", "_overdue", "_timer", "_timers", "_transaction", "_until", "cseq", "offered")

    def __init__(
        self,
        timers: Timers,
        transaction: ServerTransaction,
        offered: bool,
        overdue: Callable[[float], None],
        now: float,
    ) -> None:
        self._timers, self._transaction = timers, transaction
        self.cseq = transaction.request.cseq.number
        self.offered, self._overdue = offered, overdue
        self._interval, self._until = T1, now + T64
        self._timer: Timer = timers.set(now + T1, self._again)

    def acknowledged(self, now: float) -> None:
        """The ACK came, or something that only a peer with the 2xx in hand sends."""
        self.stop()
        self._transaction.feed(Input.ACK, now)

    def stop(self) -> None:
        """Nobody waits for the ACK any more."""
        self._timer.cancel()

    def _again(self, now: float) -> None:
        if now >= self._until:
            self._overdue(now)
            return
        # This holds over TCP too: the ACK is end to end, the hops need not all be reliable.
        self._transaction.send(now)
        self._interval = min(self._interval * 2, T2)
        self._timer = self._timers.set(min(now + self._interval, self._until), self._again)
