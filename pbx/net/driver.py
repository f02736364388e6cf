"""The one greenlet that drives the switch: whatever happens to it goes in here, one at a time, with the time.

The switch is a value machine without locks; it stays whole because nobody else calls into it.  After every
entry the driver performs what the switch wants done (its outbox) and sleeps until the next event or deadline.
"""

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import gevent
from gevent.event import AsyncResult
from gevent.hub import get_hub

from pbx.sip.flow import Flow
from pbx.switch.events import Fact
from pbx.switch.outbox import Lookup, State
from pbx.wire.media import Command

T = TypeVar("T")

BATCH = 64
"""Datagrams handled before the event loop gets its turn."""

INBOX = 4096
"""Datagrams kept while the hub is busy; then the newest are dropped, for their senders repeat them."""

LATE = 0.15
"""Seconds of work waiting from which on new calls are turned away: well before a phone repeats itself (T1,
0.5 s).  How long a datagram takes is measured, so a slow machine sheds sooner."""

TOLD = 8
"""One in so many that are turned away is told so; silence makes the others come again later.  By TCP nothing
comes again by itself, so there everybody is told."""

SHARE = BATCH // 4
"""What can wait gets at least so much of each batch, whatever the calls want."""

_EACH = 0.0004  # seconds that a datagram takes, until it is measured
_NEXT = 1e-6  # seconds
_SOON = 0.001  # seconds: the shortest sleep, in case a deadline does not move
_ERRORS, _WINDOW = 10, 60.0  # so many exceptions within so many seconds end the process

log = logging.getLogger("warden.driver")


class Outbox(Protocol):
    datagrams: list[tuple[bytes, Flow]]
    media: list[Command]
    facts: list[Fact]
    states: list[State]
    lookups: list[Lookup]


class Machine(Protocol):
    """What is driven: sans-IO, told the time in monotonic seconds."""

    @property
    def outbox(self) -> Outbox: ...
    def receive(self, data: bytes, flow: Flow, now: float) -> None: ...
    def busy(self, data: bytes, flow: Flow, now: float) -> None: ...
    def advance(self, now: float) -> None: ...
    def deadline(self) -> float | None: ...


M = TypeVar("M", bound=Machine)
Tap = Callable[[bool, bytes, Flow], None]


class Driver(Generic[M]):
    """Feeds `machine` and performs its effects.  None of the sinks may block, yield or raise.

    `fatal` is called once when the machine has raised so often that going on would be guessing.
    """

    def __init__(
        self,
        machine: M,
        send: Callable[[bytes, Flow], None],
        media: Callable[[Command], None],
        facts: Callable[[Sequence[Fact]], None],
        remember: Callable[[Sequence[State], Sequence[Fact]], None] = lambda states, facts: None,
        look_up: Callable[[Lookup], None] = lambda lookup: None,
        failed: Callable[[], None] = lambda: None,
        fatal: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.machine = machine
        self._send, self._media, self._facts, self._remember = send, media, facts, remember
        self._failed, self._fatal, self._clock, self._look_up = failed, fatal, clock, look_up
        self._inbox: deque[tuple[bytes, Flow]] = deque()
        self._patient: OrderedDict[bytes, Flow] = OrderedDict()
        self._each = _EACH
        self._shed = int(LATE / _EACH)  # datagrams that are LATE seconds of work
        self._jobs: deque[Callable[[M, float], None]] = deque()
        self._errors: deque[float] = deque(maxlen=_ERRORS)
        self._taps: tuple[Tap, ...] = ()
        self._loop = get_hub().loop
        self._timer = self._loop.timer(0)
        self._armed = 0.0
        self._greenlet: gevent.Greenlet | None = None
        self._asleep = False
        self._running = False
        self.dropped = 0

    # -- what others call; none of these waits except `do`

    def start(self) -> None:
        self._running = True
        self._greenlet = gevent.spawn(self._run)
        self._greenlet.link_exception(lambda greenlet: self._fatal())

    def stop(self) -> None:
        """End the greenlet once it has done what is waiting."""
        self._running = False
        self._wake()
        if self._greenlet is not None:
            self._greenlet.join()
        self._timer.stop()
        self._timer.close()

    def receive(self, data: bytes, flow: Flow) -> None:
        """A datagram for the machine.  Safe to call on the hub."""
        if (self._inbox or self._patient) and data.startswith(_CAN_WAIT):
            self._wait(data, flow)
            return
        if len(self._inbox) >= self._shed and self._too_much(data):
            self.dropped += 1
            told = self.dropped % TOLD == 0 or flow.transport != "udp"
            if told and len(self._inbox) < INBOX:
                self.post(lambda machine, now: machine.busy(data, flow, now))
            return
        self._inbox.append((data, flow))
        if self._asleep:
            self._wake()

    def _too_much(self, data: bytes) -> bool:
        """A call that answers our challenge may wait twice as long as one that asks for it: else each needs
        luck twice, and of ten times too many hardly one would be completed."""
        waiting = len(self._inbox)
        if waiting >= INBOX or not begins(data):
            return waiting >= INBOX
        return waiting >= 2 * self._shed or b"\nAuthorization:" not in data

    def _wait(self, data: bytes, flow: Flow) -> None:
        """Behind the calls: when all phones of an office come back at once, nobody who dials shall notice.

        A phone repeats itself, to the byte, while it waits; once is enough.
        """
        if len(self._patient) < INBOX or data in self._patient:
            self._patient[data] = flow
        else:
            self.dropped += 1

    @property
    def busy(self) -> bool:
        """Who can wait should: half the inbox is full."""
        return len(self._inbox) > INBOX // 2

    def post(self, job: Callable[[M, float], None]) -> None:
        """Run `job(machine, now)` in its turn; nobody waits for it."""
        self._jobs.append(job)
        self._wake()

    def do(self, fn: Callable[[M, float], T]) -> T:
        """Run `fn(machine, now)` in its turn and wait for its result; what it raises is raised here too."""
        if gevent.getcurrent() is self._greenlet or not self._running:
            raise RuntimeError("the driver cannot wait for itself")
        result: AsyncResult = AsyncResult()

        def job(machine: M, now: float) -> None:
            try:
                result.set(fn(machine, now))
            except Exception as error:
                result.set_exception(error)
                raise

        self.post(job)
        answer: T = result.get()
        return answer

    def tap(self, tap: Tap) -> Callable[[], None]:
        """Show `tap(sent, data, flow)` every datagram from now on; gives the function that ends it."""
        self._taps += (tap,)

        def end() -> None:
            self._taps = tuple(each for each in self._taps if each is not tap)

        return end

    # -- the greenlet

    def _run(self) -> None:
        self._enter(lambda now: None)  # performs what the machine wanted before it was driven
        while self._running or self._jobs:
            self._turn()
            if self._inbox or self._patient:  # a timer, for sleep(0) would come back before sockets are read
                gevent.sleep(_NEXT)
            elif self._jobs:
                gevent.sleep(0)
            else:
                self._sleep()

    def _turn(self) -> None:
        while self._jobs:
            self._enter(self._jobs.popleft(), self.machine)
        waiting = min(len(self._inbox), BATCH)
        others = min(len(self._patient), max(SHARE, BATCH - waiting))
        if waiting + others >= BATCH:
            began = self._clock()
            self._receive(waiting, others)
            self._measured((self._clock() - began) / (waiting + others))
        else:
            self._receive(waiting, others)
        due = self._deadline()
        if due is not None and due <= self._clock():
            self._enter(self.machine.advance)

    def _receive(self, count: int, others: int) -> None:
        for _ in range(count):
            self._take(*self._inbox.popleft())
        for _ in range(others):
            self._take(*self._patient.popitem(last=False))

    def _take(self, data: bytes, flow: Flow) -> None:
        if self._taps:
            self._show(False, data, flow)
        self._enter(self.machine.receive, data, flow)

    def _measured(self, each: float) -> None:
        """A full batch took so many seconds a datagram: a slow moment counts little, a slow machine fully."""
        self._each += (each - self._each) * 0.2
        self._shed = max(2 * BATCH, min(INBOX // 2, int(LATE / max(self._each, 1e-6))))

    def _enter(self, entry: Callable[..., Any], *args: Any) -> None:
        """Every way into the machine.  An exception out of it is our bug: that event is lost, no more."""
        try:
            entry(*args, self._clock())
        except Exception:
            self._note_bug("an event was dropped because of a bug in the switch")
        try:
            self._perform()
        except Exception:
            self._note_bug("what the switch wants done could not be done")

    def _perform(self) -> None:
        """From wanted to done.  What must not be lost comes first, then audio: its port must be open when the
        peer reads our answer."""
        outbox = self.machine.outbox
        if outbox.states or outbox.facts:
            self._remember(outbox.states, outbox.facts)
            outbox.states.clear()
        if outbox.media:
            commands = outbox.media.copy()
            outbox.media.clear()
            for command in commands:
                self._media(command)
        if outbox.datagrams:
            datagrams = outbox.datagrams.copy()
            outbox.datagrams.clear()
            for data, flow in datagrams:
                if self._taps and data:
                    self._show(True, data, flow)
                self._send(data, flow)
        if outbox.lookups:
            lookups = outbox.lookups.copy()
            outbox.lookups.clear()
            for lookup in lookups:
                self._look_up(lookup)
        if outbox.facts:
            facts = outbox.facts.copy()
            outbox.facts.clear()
            self._facts(facts)

    def _show(self, sent: bool, data: bytes, flow: Flow) -> None:
        for tap in self._taps:
            try:
                tap(sent, data, flow)
            except Exception:
                log.exception("a trace failed")

    def _deadline(self) -> float | None:
        try:
            return self.machine.deadline()
        except Exception:
            self._note_bug("the switch could not tell its next deadline")
            return self._clock() + 1.0

    def _note_bug(self, what: str) -> None:
        log.exception("%s", what)
        self._failed()
        now = self._clock()
        self._errors.append(now)
        if len(self._errors) == _ERRORS and now - self._errors[0] < _WINDOW:
            self._errors.clear()
            log.critical("%d bugs of the switch within %.0f s: starting again clean", _ERRORS, _WINDOW)
            self._fatal()

    def _sleep(self) -> None:
        if not self._running:
            return
        due = self._deadline()
        if due is not None:
            self._arm(due)
        self._asleep = True
        get_hub().switch()

    def _arm(self, due: float) -> None:
        """Wake up at `due` at the latest.  An earlier alarm stays: one wake too many is cheaper."""
        if self._timer.active and self._armed <= due:
            return
        self._timer.stop()
        self._timer.close()
        self._armed = due
        self._timer = self._loop.timer(max(_SOON, due - self._clock()))
        self._timer.start(self._wake)

    def _wake(self) -> None:
        """Let the greenlet run if it sleeps.  `_asleep` makes sure that it is switched to once a sleep."""
        if self._asleep and self._greenlet is not None:
            self._asleep = False
            self._loop.run_callback(self._greenlet.switch)


_CAN_WAIT = (b"REGISTER ", b"SUBSCRIBE ", b"MESSAGE ", b"PUBLISH ")


def begins(data: bytes) -> bool:
    """Whether a datagram would begin a call: told from its first bytes and its To, at next to no cost."""
    if not data.startswith(b"INVITE "):
        return False
    at = data.find(b"\nTo:")
    at = at if at >= 0 else data.find(b"\nt:")
    return b"tag=" not in data[at : data.find(b"\n", at + 1)] if at >= 0 else True
