"""Call records and registrations on their way to the database: in the journal until they are written."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import gevent
from gevent.event import Event

from pbx.net.journal import Journal
from pbx.switch.events import CallEnded, Fact, PhoneRegistered, PhoneUnregistered, TextGone, TextKept
from pbx.switch.outbox import State
from pbx.wire.codec import decode, encode

QUEUE = 20_000
"""Facts kept while the database does not take them, at most: some 20 MB."""

BATCH = 500  # facts in one transaction
_GATHER = 0.1  # seconds: one commit, which waits for the disk, for what happens together
_FIRST, _LONGEST = 0.25, 10.0  # seconds between tries after an error, doubling

Kept = CallEnded | PhoneRegistered | PhoneUnregistered | TextKept | TextGone
_FACT = "fact:"

log = logging.getLogger("warden.records")


class Writer:
    """`write(facts)` commits a batch, on whatever thread it likes, and raises when it cannot.

    A failing database ends no call: facts wait here, `failed` is called for each failed try, and when the
    queue is full the newest are lost, counted and logged.  `passing(error)` tells an error of the database
    (disk full, locked: worth waiting for) from one of the fact itself, which would stop the queue for ever.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Fact]], None],
        failed: Callable[[], None],
        journal: Journal,
        passing: Callable[[Exception], bool] = lambda error: isinstance(error, OSError),
    ) -> None:
        self._write, self._failed, self._passing = write, failed, passing
        self._journal = journal
        self._first = 0  # the number of the queue's first fact
        self._queue: deque[Fact] = deque()
        self._some, self._idle = Event(), Event()
        self._idle.set()
        self._delay = 0.0
        self._greenlet: gevent.Greenlet | None = None
        self.lost = 0
        self.trouble = ""

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def queued(self) -> tuple[Fact, ...]:
        return tuple(self._queue)

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._run)

    def remember(self, states: Sequence[State], facts: Sequence[Fact]) -> None:
        """Never waits.  When it returns, what a next process of this boot needs is in the journal."""
        changes = [(key, None if value is None else encode(value)) for key, value in states]
        for fact in facts:
            if isinstance(fact, Kept):
                self._keep(fact, changes)
        if changes:
            self._journal.write(changes)

    def take_up(self, left: Mapping[str, bytes]) -> None:
        """The facts that an earlier process could not write any more: they come first."""
        facts = [decode(value, Kept) for key, value in left.items() if key.startswith(_FACT)]
        self._journal.write([(key, None) for key in left if key.startswith(_FACT)])
        self.remember((), facts)

    def stop(self, timeout: float) -> bool:
        """Write what waits, for at most `timeout` seconds; False if something had to be left."""
        self._delay = min(self._delay, _FIRST)
        written = bool(self._idle.wait(timeout))
        if self._greenlet is not None:
            self._greenlet.kill()
        if not written:
            log.error("%d call records and registrations could not be written", len(self._queue))
        return written

    def _keep(self, fact: Fact, changes: list[tuple[str, bytes | None]]) -> None:
        if len(self._queue) >= QUEUE:
            if not self.lost:
                log.error("the database has taken nothing for so long that records are being lost")
            self.lost += 1
            return
        changes.append((f"{_FACT}{self._first + len(self._queue)}", encode(fact)))
        self._queue.append(fact)
        self._idle.clear()
        self._some.set()

    def _run(self) -> None:
        while True:
            self._some.wait()
            gevent.sleep(_GATHER)
            while self._queue:
                self._write_batch()
            self._some.clear()
            self._idle.set()

    def _write_batch(self) -> None:
        batch = [self._queue[index] for index in range(min(BATCH, len(self._queue)))]
        try:
            self._write(batch)
        except Exception as error:
            if self._passing(error):
                self._hold_on(error)
            else:
                self._write_first()
            return
        self._written(len(batch))

    def _write_first(self) -> None:
        """Something in the batch cannot be written: find it by going on one at a time."""
        try:
            self._write([self._queue[0]])
        except Exception as error:
            if self._passing(error):
                self._hold_on(error)
                return
            self._failed()
            log.exception("this can never be written and is left out: %r", self._queue[0])
        self._written(1)

    def _written(self, count: int) -> None:
        for _ in range(count):
            self._queue.popleft()
        numbers = range(self._first, self._first + count)
        self._journal.write([(f"{_FACT}{number}", None) for number in numbers])
        self._first += count
        if self.trouble:
            log.warning("the database takes records again")
        self._delay, self.trouble, self.lost = 0.0, "", 0

    def _hold_on(self, error: Exception) -> None:
        self._failed()
        if not self.trouble:
            log.error("the database does not take records, trying again until it does: %s", error)
        self.trouble = str(error) or type(error).__name__
        self._delay = min(_LONGEST, self._delay * 2 or _FIRST)
        gevent.sleep(self._delay)
