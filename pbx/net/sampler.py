"""How the audio of the calls goes while they are up: the media process is asked for each in turn."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import gevent

from pbx.wire import media

TICK, ROUND = 1.0, 5
"""Seconds between two looks; every so many looks all calls are asked for again, if all had their turn."""

AT_ONCE = 20
"""Calls asked for in one look: with more than a hundred each waits longer, and the audio never does."""

PER_CALL, KEPT = 480, 40_000
"""Samples; some 10 MiB in all."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One leg's figures at `at`, wall-clock seconds, since it began: see `pbx.wire.media.Counters`."""

    at: float
    leg: str
    received: int
    sent: int
    lost: int
    jitter: float


class Sampler:
    """`calls` names those that have audio; `ask` sends a question to the media process, whose answers come
    by `heard`."""

    def __init__(
        self,
        calls: Callable[[], Iterable[str]],
        ask: Callable[[media.Command], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._calls, self._ask, self._clock = calls, ask, clock
        self._turn: deque[str] = deque()
        self._looks = 0
        self._samples: dict[str, list[Sample]] = {}
        self._greenlet: gevent.Greenlet | None = None
        self.kept = 0

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill()

    def _run(self) -> None:
        while True:
            gevent.sleep(TICK)
            self.look()

    def look(self) -> None:
        """Asks for those whose turn it is."""
        self._looks += 1
        if self._looks >= ROUND and not self._turn:
            self._looks = 0
            self._turn.extend(self._calls())
        for _ in range(min(AT_ONCE, len(self._turn))):
            self._ask(media.Ask(self._turn.popleft()))

    def heard(self, event: media.Counted | media.Closed) -> None:
        """The figures of a call, in between or at its end."""
        if not any(each.received for each in event.counters):
            return
        samples = self._samples.setdefault(event.call, [])
        now, before = self._clock(), len(samples)
        for each in event.counters:
            samples.append(Sample(now, each.leg, each.received, each.sent, each.lost, round(each.jitter, 1)))
        if len(samples) > PER_CALL:
            _thin(samples)
        self.kept += len(samples) - before
        while self.kept > KEPT:
            self.kept -= len(self._samples.pop(next(iter(self._samples))))

    def of(self, call: str) -> tuple[Sample, ...]:
        return tuple(self._samples.get(call, ()))


def _thin(samples: list[Sample]) -> None:
    """Every second moment of the older half goes: the figures only rise, so nothing is missed but when."""
    half = len(samples) // 2
    moments = sorted({sample.at for sample in samples[:half]})
    gone = set(moments[1::2])
    samples[:half] = [sample for sample in samples[:half] if sample.at not in gone]
