"""The engine: makes the audio that the switch states so, watches it, and tells what it sees."""

import gc
import os
import select
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from pbx.media.control import Control
from pbx.media.leg import PACKETS_A_SECOND, Leg
from pbx.media.ports import PortError
from pbx.media.relay import Relay
from pbx.media.session import Session
from pbx.wire.codec import encode
from pbx.wire.link import MAX_MESSAGE, Link, Listener
from pbx.wire.media import VERSION, Ask, Closed, Command, Counted, Event, Failed, Quit, Ready, Totals, Want

TICK = 0.25
"""Seconds between two looks at silence, rates and ports that settle."""

LINGER = 60.0
"""Seconds.  Without a controller a call without packets ends after so long, and so do we without a call."""

TIDY = 40
"""Ticks between two runs of the garbage collector, which never runs by itself."""


class Engine:
    """Owns the calls.  `run` blocks until `Quit`, or until nobody needs us."""

    def __init__(
        self, listener: Listener | None = None, link: Link | None = None, taken: tuple[int, ...] = (),
        linger: float = LINGER, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._poll = select.epoll()
        self._relay = Relay(self._poll)
        self._sessions: dict[str, Session] = {}
        self._taken = taken
        self._linger = linger
        self._running = True
        self._past = Totals(0, 0, 0, 0, 0, 0.0)  # of calls that are over
        self._late = 0.0
        self._ticks = 0
        now = clock()
        self._control = Control(self._poll, listener, link, now)
        if link is not None:
            self._control.tell(self._ready(), now)

    def run(self) -> None:
        clock, poll, carry = self._clock, self._poll.poll, self._relay.carry
        due = clock() + TICK
        while self._running:
            ready = poll(max(0.0, due - clock()))
            now = clock()
            for number in carry(ready, now):
                self._attend(number, now)
            if self._relay.latched:
                self._tell_latched(now)
            if now >= due:
                self._late = max(self._late, now - due)
                self._tick(now)
                due = max(due + TICK, now)  # a tick that was missed is not made up for

    def close(self) -> None:
        """Frees every port and the path."""
        for session in self._sessions.values():
            for leg in session.legs.values():
                self._relay.close(leg)
        self._sessions.clear()
        self._control.close()
        self._poll.close()

    # --- commands -------------------------------------------------------------------------------------------

    def _attend(self, number: int, now: float) -> None:
        if self._control.accepts(number):
            self._introduce(now)
            return
        for command in self._control.commands(now):
            self._do(command, now)
        self._control.flush(now)

    def _introduce(self, now: float) -> None:
        """To a new controller: what is served, and what is wrong with it."""
        self._tell(self._ready(), now)
        for session in self._sessions.values():
            for leg in session.legs.values():
                leg.tell_again()
                if leg.failure is not None:
                    self._tell(leg.failure, now)

    def _do(self, command: Command, now: float) -> None:
        match command:
            case Want():
                self._want(command, now)
            case Ask(call=call):
                session = self._sessions.get(call)
                self._tell(Counted(call, session.counters() if session else ()), now)
            case Quit():
                self._running = False

    def _want(self, want: Want, now: float) -> None:
        session = self._sessions.get(want.call)
        if session is None:
            if not want.legs:
                self._tell(Closed(want.call, ()), now)
                return
            session = self._sessions[want.call] = Session(want.call)
        changes = session.state(want, now)
        if changes is None:
            return
        for leg in changes.closed:
            self._relay.close(leg)
        for leg in session.legs.values():
            if leg in changes.opened or leg.failure is not None:
                self._open(leg, now)
        for leg in changes.released:
            self._relay.release(leg)
        for leg in session.legs.values():
            self._relay.hear(leg, session.listeners(leg))
        if not session.legs:
            self._end(session, now)

    def _open(self, leg: Leg, now: float) -> None:
        leg.failure = None
        try:
            self._relay.open(leg)
        except PortError as error:
            leg.failure = Failed(leg.call, leg.name, error.port, error.why)
            self._tell(leg.failure, now)
        leg.reception.allow(round(PACKETS_A_SECOND * TICK))

    def _end(self, session: Session, now: float) -> None:
        for leg in session.legs.values():
            self._relay.close(leg)
        del self._sessions[session.call]
        counters = session.counters()
        self._past = _sum(self._past, (*session.left, *session.legs.values()))
        self._tell(Closed(session.call, counters), now)
        if not self._sessions:  # the last totals for now must not miss it
            self._tell(self._totals(), now)

    def _ready(self) -> Ready:
        """As many calls as one message holds.  The list is for calls that the switch has lost; the others it
        states anyway."""
        calls = tuple((session.call, session.generation) for session in self._sessions.values())
        ready = Ready(VERSION, os.getpid(), self._taken, calls)
        while len(encode(ready)) > MAX_MESSAGE:
            calls = calls[: len(calls) // 2]
            ready = Ready(VERSION, os.getpid(), self._taken, calls)
        return ready

    # --- what it sees ---------------------------------------------------------------------------------------

    def _tell(self, event: Event, now: float) -> None:
        self._control.tell(event, now)

    def _tell_latched(self, now: float) -> None:
        for event in self._relay.latched:
            self._tell(event, now)
        self._relay.latched.clear()

    def _tick(self, now: float) -> None:
        self._ticks += 1
        self._relay.settle(now)
        for session in self._sessions.values():
            for leg in session.legs.values():
                self._watch(leg, now)
        if not self._control.present:
            self._be_alone(now)
        if self._sessions and self._ticks % round(1 / TICK) == 0:
            self._tell(self._totals(), now)
            self._late = 0.0
        if self._ticks % TIDY == 0:
            gc.collect()

    def _watch(self, leg: Leg, now: float) -> None:
        leg.reception.allow(round(PACKETS_A_SECOND * TICK))
        if leg.must_rebind(now):
            leg.latch.rebind()
            self._relay.release(leg)
        event = leg.watch(now)
        if event is not None:
            self._tell(event, now)

    def _totals(self) -> Totals:
        legs = [leg for session in self._sessions.values() for leg in session.legs.values()]
        left = [leg for session in self._sessions.values() for leg in session.left]
        return replace(_sum(self._past, legs + left), legs=len(legs), late=round(self._late, 6))

    def _be_alone(self, now: float) -> None:
        """Nobody tells us when a call ends, so silence must; and who cannot be found again must go."""
        alone = now - self._control.alone_since
        for session in list(self._sessions.values()):
            if min(alone, now - session.heard()) >= self._linger:
                self._end(session, now)
        if not self._sessions and alone >= (self._linger if self._control.may_return else 0.0):
            self._running = False


def _sum(totals: Totals, legs: Iterable[Leg]) -> Totals:
    packets, octets, lost, refused = totals.packets, totals.bytes, totals.lost, totals.refused
    for leg in legs:
        packets += leg.reception.packets
        octets += leg.reception.octets
        lost += leg.reception.sequence.lost
        refused += leg.refused
    return Totals(0, packets, octets, lost, refused, 0.0)
