"""The driver, driving a small real machine: an echo with an alarm clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import gevent
import pytest

from pbx.net.driver import BATCH, INBOX, LATE, Driver, begins
from pbx.sip.flow import Address, Flow
from pbx.switch.events import Fact, Trouble
from pbx.switch.outbox import Lookup, State
from pbx.wire.media import Ask, Command

FLOW = Flow("udp", Address("127.0.0.1", 5060), Address("127.0.0.9", 5062))


@dataclass
class Outbox:
    datagrams: list[tuple[bytes, Flow]] = field(default_factory=list)
    media: list[Command] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)


class Echo:
    """Sends back what it got; "later N" after N seconds; "bug" is one."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.alarms: list[tuple[float, Flow]] = []

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        word, _, delay = data.decode().partition(" ")
        if word == "bug":
            raise ZeroDivisionError
        if word == "later":
            self.alarms.append((now + float(delay), flow))
            return
        self.outbox.media.append(Ask("call"))
        self.outbox.datagrams.append((data, flow))
        self.outbox.facts.append(Trouble("echo", word))
        if word == "state":
            self.outbox.states.append(("call:a", None))

    def busy(self, data: bytes, flow: Flow, now: float) -> None:
        self.outbox.datagrams.append((b"busy", flow))

    def advance(self, now: float) -> None:
        for alarm in [each for each in self.alarms if each[0] <= now]:
            self.alarms.remove(alarm)
            self.outbox.datagrams.append((b"now", alarm[1]))

    def deadline(self) -> float | None:
        return min(self.alarms)[0] if self.alarms else None


class Bench:
    """A driver with its sinks; `log` is what was performed, in order."""

    def __init__(self) -> None:
        self.log: list[object] = []
        self.bugs = 0
        self.fatal = 0
        effects = self._send, self._tell_media, self.log.extend, self._remember
        self.driver = Driver(Echo(), *effects, self.log.append, self._bug, self._end)

    def _send(self, data: bytes, flow: Flow) -> None:
        self.log.append(data)

    def _tell_media(self, command: Command) -> None:
        assert command is not None
        self.log.append(command)

    def _remember(self, states: Sequence[State], facts: Sequence[Fact]) -> None:
        self.log.extend(states)

    def _bug(self) -> None:
        self.bugs += 1

    def _end(self) -> None:
        self.fatal += 1


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.driver.start()
    yield bench
    bench.driver.stop()


def settle() -> None:
    for _ in range(5):
        gevent.sleep(0)


def test_audio_is_stated_before_the_answer_is_sent_and_facts_come_last(bench: Bench) -> None:
    bench.driver.receive(b"hello", FLOW)
    settle()
    assert bench.log == [Ask("call"), b"hello", Trouble("echo", "hello")]


def test_a_deadline_wakes_the_machine(bench: Bench) -> None:
    bench.driver.receive(b"later 0.02", FLOW)
    settle()
    assert bench.log == []
    gevent.sleep(0.05)
    assert bench.log == [b"now"]


def test_an_earlier_deadline_replaces_a_later_one(bench: Bench) -> None:
    bench.driver.receive(b"later 60", FLOW)
    settle()
    bench.driver.receive(b"later 0.02", FLOW)
    gevent.sleep(0.05)
    assert bench.log == [b"now"]


def test_a_bug_loses_its_message_alone(bench: Bench) -> None:
    bench.driver.receive(b"bug", FLOW)
    bench.driver.receive(b"hello", FLOW)
    settle()
    assert b"hello" in bench.log
    assert (bench.bugs, bench.fatal) == (1, 0)


def test_ten_bugs_in_a_minute_are_fatal_once(bench: Bench) -> None:
    for _ in range(12):
        bench.driver.receive(b"bug", FLOW)
    settle()
    assert (bench.bugs, bench.fatal) == (12, 1)


def test_a_sink_that_raises_does_not_end_the_driver(bench: Bench) -> None:
    bench.driver.post(lambda machine, now: machine.outbox.media.append(None))  # type: ignore[arg-type]
    bench.driver.receive(b"hello", FLOW)
    settle()
    assert b"hello" in bench.log
    assert bench.bugs == 1


def test_a_full_inbox_drops_the_newest(bench: Bench) -> None:
    for number in range(INBOX + 3):
        bench.driver.receive(b"%d" % number, FLOW)
    assert bench.driver.dropped == 3
    while len(bench.log) < 3 * INBOX:
        gevent.sleep(0)
    assert [line for line in bench.log if isinstance(line, bytes)][-1] == b"%d" % (INBOX - 1)


def test_a_long_inbox_lets_others_have_their_turn(bench: Bench) -> None:
    for _ in range(1000):
        bench.driver.receive(b"x", FLOW)
    gevent.sleep(0)
    assert 0 < len(bench.log) < 3000


def test_do_runs_in_turn_and_performs_its_effects(bench: Bench) -> None:
    bench.driver.receive(b"first", FLOW)

    def second(machine: Echo, now: float) -> str:
        machine.receive(b"second", FLOW, now)
        return "done"

    assert bench.driver.do(second) == "done"
    assert b"second" in bench.log


def test_do_raises_what_its_function_raised_and_counts_it(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        bench.driver.do(lambda machine, now: machine.receive(b"bug", FLOW, now))
    assert bench.bugs == 1


def test_do_after_the_end_is_refused_instead_of_waiting_for_ever() -> None:
    bench = Bench()
    with pytest.raises(RuntimeError):
        bench.driver.do(lambda machine, now: None)


def test_a_tap_sees_both_directions_until_it_ends(bench: Bench) -> None:
    seen: list[tuple[bool, bytes]] = []
    end = bench.driver.tap(lambda sent, data, flow: seen.append((sent, data)))
    bench.driver.receive(b"one", FLOW)
    settle()
    end()
    bench.driver.receive(b"two", FLOW)
    settle()
    assert seen == [(False, b"one"), (True, b"one")]


def test_what_must_not_be_lost_is_remembered_before_anything_is_done(bench: Bench) -> None:
    bench.driver.receive(b"state", FLOW)
    settle()
    assert bench.log == [("call:a", None), Ask("call"), b"state", Trouble("echo", "state")]


@pytest.mark.parametrize(
    ("data", "new"),
    [
        (b"INVITE sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n", True),
        (b"INVITE sip:a SIP/2.0\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>;tag=2\r\n\r\n", False),
        (b"INVITE sip:a SIP/2.0\r\nt: <sip:a>\r\n\r\n", True),
        (b"REGISTER sip:a SIP/2.0\r\nt: <sip:a>\r\n\r\n", False),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n", False),
        (b"BYE sip:a SIP/2.0\r\nTo: <sip:a>;tag=1\r\n\r\n", False),
        (b"SIP/2.0 200 OK\r\nTo: <sip:a>\r\n\r\n", False),
    ],
)
def test_what_begins_a_call_is_known_at_a_glance(data: bytes, new: bool) -> None:
    assert begins(data) is new


def test_with_too_much_to_do_what_is_under_way_comes_first(bench: Bench) -> None:
    shed = int(LATE / 0.0004)  # before anything is measured
    for _ in range(shed + 40):
        bench.driver.receive(b"INVITE sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n", FLOW)
    bench.driver.receive(b"OPTIONS", FLOW)
    for _ in range(50):
        gevent.sleep(0.002)
    assert bench.driver.dropped == 40
    assert bench.log.count(b"busy") == 5
    assert bench.log.count(b"OPTIONS") == 1


def test_calls_go_ahead_of_a_storm_of_registrations_that_waits(bench: Bench) -> None:
    bench.driver.receive(b"x", FLOW)
    for number in range(2000):
        bench.driver.receive(b"REGISTER %d" % number, FLOW)
    bench.driver.receive(b"INVITE", FLOW)
    while b"REGISTER 1999" not in bench.log:
        gevent.sleep(0.002)
    said = [line for line in bench.log if isinstance(line, bytes)]
    assert said[:2] == [b"x", b"INVITE"], "before all that came earlier but can wait"
    assert said[2:] == [b"REGISTER %d" % number for number in range(2000)]
    assert bench.driver.dropped == 0


def test_who_repeats_himself_while_he_waits_is_heard_once(bench: Bench) -> None:
    bench.driver.receive(b"x", FLOW)
    for number in [*range(500), *range(500)]:
        bench.driver.receive(b"SUBSCRIBE %d" % number, FLOW)
    for _ in range(50):
        gevent.sleep(0.002)
    assert bench.log.count(b"SUBSCRIBE 0") == bench.log.count(b"SUBSCRIBE 499") == 1


def test_calls_without_end_do_not_keep_a_phone_from_registering(bench: Bench) -> None:
    for data in [b"x", b"REGISTER", *[b"BYE"] * 4 * BATCH]:
        bench.driver.receive(data, FLOW)
    for _ in range(50):
        gevent.sleep(0.002)
    assert [line for line in bench.log if isinstance(line, bytes)].index(b"REGISTER") <= BATCH + 1


def test_a_call_that_answers_our_challenge_may_wait_longer_than_one_that_asks_for_it(bench: Bench) -> None:
    shed, asks = int(LATE / 0.0004), b"INVITE sip:a SIP/2.0\r\nTo: <sip:a>\r\n"
    answers = asks + b"Authorization: Digest\r\n"
    for _ in range(shed + 10):
        bench.driver.receive(asks, FLOW)
    assert bench.driver.dropped == 10
    for _ in range(shed + 20):
        bench.driver.receive(answers, FLOW)
    assert bench.driver.dropped == 10 + 20
    for _ in range(100):
        gevent.sleep(0.002)
    assert bench.log.count(answers) == shed


def test_by_tcp_everybody_is_told_that_it_is_too_much(bench: Bench) -> None:
    for _ in range(int(LATE / 0.0004) + 40):
        bench.driver.receive(b"INVITE sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n", FLOW._replace(transport="tcp"))
    for _ in range(50):
        gevent.sleep(0.002)
    assert bench.log.count(b"busy") == bench.driver.dropped == 40


def test_a_slow_machine_turns_away_sooner(bench: Bench) -> None:
    for _ in range(20):
        bench.driver._measured(0.002)
    for _ in range(200):
        bench.driver.receive(b"INVITE sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n", FLOW)
    assert bench.driver.dropped == 200 - 2 * BATCH
