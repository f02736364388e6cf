"""Facts to whoever listens: numbered, never waiting, a slow listener is let go."""

import logging
from collections import deque
from collections.abc import Callable, Sequence

from gevent.event import Event

from pbx.switch.events import Fact

QUEUE = 1000
"""Facts that a listener may be behind."""

Sink = Callable[[Sequence[Fact]], None]

log = logging.getLogger("warden.net")


class Subscription:
    """One listener's queue.  `sequence` is the number of the last fact before it began."""

    def __init__(self, sequence: int, forget: Callable[["Subscription"], None]) -> None:
        self.sequence = sequence
        self.lost = False
        self._forget = forget
        self._facts: deque[tuple[int, Fact]] = deque()
        self._some = Event()

    def get(self, timeout: float) -> tuple[int, Fact] | None:
        """The next (number, fact), after at most `timeout` seconds; None: none came, or `lost`."""
        if not self._facts and not self.lost:
            self._some.wait(timeout)
        if self.lost or not self._facts:
            return None
        fact = self._facts.popleft()
        if not self._facts:
            self._some.clear()
        return fact

    def put(self, number: int, fact: Fact) -> None:
        if len(self._facts) >= QUEUE:
            self.lose()
            return
        self._facts.append((number, fact))
        self._some.set()

    def lose(self) -> None:
        """End it from our side: too slow, or we stop."""
        self.lost = True
        self._facts.clear()
        self._some.set()
        self._forget(self)

    def close(self) -> None:
        self._forget(self)


class Broadcast:
    """Takes the switch's facts and hands them to sinks (records, metrics, log) and to subscriptions."""

    def __init__(
        self, sinks: Sequence[Sink] = (), listened: Callable[[bool], None] = lambda some: None
    ) -> None:
        """`listened` is told when the first subscription begins and the last one ends."""
        self._sinks, self._listened = tuple(sinks), listened
        self._subscriptions: set[Subscription] = set()
        self._number = 0

    def tell(self, facts: Sequence[Fact]) -> None:
        """Runs in the driver; a sink that raises is logged and does not keep the others from hearing."""
        for sink in self._sinks:
            try:
                sink(facts)
            except Exception:
                log.exception("a listener to the switch's facts failed")
        for fact in facts:
            self._number += 1
            for subscription in tuple(self._subscriptions):
                subscription.put(self._number, fact)

    def subscribe(self) -> Subscription:
        subscription = Subscription(self._number, self._forget)
        self._subscriptions.add(subscription)
        if len(self._subscriptions) == 1:
            self._listened(True)
        return subscription

    def _forget(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.discard(subscription)
            if not self._subscriptions:
                self._listened(False)

    @property
    def listeners(self) -> int:
        return len(self._subscriptions)

    def close(self) -> None:
        """Let every listener go, so that none of them keeps the program from ending."""
        for subscription in tuple(self._subscriptions):
            subscription.lose()
