"""The timer values of RFC 3261 Table 4, and the queue of what is due when.  All times are seconds."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

T1 = 0.5
"""Round trip estimate; the first retransmission comes after it."""
T2 = 4.0
"""The longest interval between retransmissions of a non-INVITE request and of an INVITE response."""
T4 = 5.0
"""How long a message may stay in the network."""
T64 = 64 * T1
"""Timers B, F, H, J, L and M: how long a transaction tries, and how long it remembers."""
TIMER_D = 32.0
"""How long a client INVITE transaction re-ACKs a repeated final response (at least 32 s, §17.1.1.2)."""

_COMPACT_AT = 512


class Timer:
    """One pending call; `cancel` is cheap and may be repeated, also after it fired."""

    __slots__ = ("_timers", "call", "when")

    def __init__(self, timers: Timers, when: float, call: Callable[[float], object]) -> None:
        self._timers, self.when = timers, when
        self.call: Callable[[float], object] | None = call

    def cancel(self) -> None:
        if self.call is not None:
            self.call = None
            self._timers.forget_one()


class Timers:
    """A heap with lazy deletion; cancelled entries are swept out once they are the majority, so it cannot
    bloat."""

    __slots__ = ("_cancelled", "_heap", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._serial = 0
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def set(self, when: float, call: Callable[[float], object]) -> Timer:
        """Have `call(now)` run by the first `run(now)` with now >= `when`."""
        timer = Timer(self, when, call)
        self._serial += 1
        heappush(self._heap, (when, self._serial, timer))
        return timer

    def deadline(self) -> float | None:
        """The earliest `when` that is waiting."""
        heap = self._heap
        while heap and heap[0][2].call is None:
            heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def run(self, now: float) -> None:
        """Call everything that is due, in order of time; what a call sets for `now` or earlier runs too."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            timer = heappop(heap)[2]
            call, timer.call = timer.call, None
            if call is None:
                self._cancelled -= 1
            else:
                call(now)

    def forget_one(self) -> None:
        """A timer of ours was cancelled (told by the timer itself)."""
        self._cancelled += 1
        if self._cancelled > _COMPACT_AT and self._cancelled * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[2].call is not None]
            heapify(self._heap)
            self._cancelled = 0
