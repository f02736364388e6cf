"""A 2xx to an INVITE, repeated until its ACK comes (RFC 3261 §13.3.1.4): the user's duty, not the
transaction's."""

from __future__ import annotations

from collections.abc import Callable

from pbx.sip.flow import Flow
from pbx.sip.timers import T1, T2, T64, Timer, Timers


class Success:
    """`cseq` is the INVITE's; `offered` = the 2xx carries our offer, so the ACK is to bring the answer.

    `overdue(now)` is called after 64*T1 without `stop`.
    """

    __slots__ = (
        "_data",
        "_flow",
        "_interval",
        "_outbox",
        "_overdue",
        "_timer",
        "_timers",
        "_until",
        "cseq",
        "offered",
    )

    def __init__(
        self,
        timers: Timers,
        outbox: list[tuple[bytes, Flow]],
        data: bytes,
        flow: Flow,
        cseq: int,
        offered: bool,
        overdue: Callable[[float], None],
        now: float,
    ) -> None:
        self._timers, self._outbox, self._data, self._flow = timers, outbox, data, flow
        self.cseq, self.offered, self._overdue = cseq, offered, overdue
        self._interval, self._until = T1, now + T64
        self._timer: Timer = timers.set(now + T1, self._again)

    def stop(self) -> None:
        """The ACK came, or nobody waits for it any more."""
        self._timer.cancel()

    def _again(self, now: float) -> None:
        if now >= self._until:
            self._overdue(now)
            return
        # This holds over TCP too: the ACK is end to end, the hops need not all be reliable.
        self._outbox.append((self._data, self._flow))
        self._interval = min(self._interval * 2, T2)
        self._timer = self._timers.set(min(now + self._interval, self._until), self._again)
