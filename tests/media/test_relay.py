"""The relay's sockets one step at a time: the test decides what is ready and what time it is."""

import contextlib
import select

import pytest

from pbx.media.leg import Leg
from pbx.media.relay import SETTLE, Relay
from pbx.wire.media import Latched
from tests.media.rig import HERE, Phone, leg

pytestmark = pytest.mark.integration

A, B = 21010, 21012


class Bench:
    """A relay with two legs that hear each other, and their phones."""

    def __init__(self):
        self.poll = select.epoll()
        self.relay = Relay(self.poll)
        self.anna, self.bob, self.mallory = (Phone(f"127.0.0.{host}", host) for host in (31, 32, 66))
        self.a, self.b = Leg("c", "a"), Leg("c", "b")
        self.a.state(leg("a", A, self.anna), 0.0)
        self.b.state(leg("b", B, self.bob), 0.0)
        for one, other in ((self.a, self.b), (self.b, self.a)):
            self.relay.open(one)
            self.relay.hear(one, (other,))
            self.relay.hear(other, (one,))

    def turn(self, now=0.0, only=None):
        """Carries what is ready, until nothing is."""
        turns = 0
        while ready := [event for event in self.poll.poll(0.0) if only in (None, event[0])]:
            self.relay.carry(ready, now)
            turns += 1
        return turns

    def descriptor(self, one):
        return self.relay._pairs[one][0].sock.fileno()

    def latch_both(self):
        self.anna.talk(A)
        self.bob.talk(B)
        self.turn(0.0)
        self.relay.settle(SETTLE)
        for phone in (self.anna, self.bob):
            assert phone.listens()

    def close(self):
        for one in (self.a, self.b):
            self.relay.close(one)
        for phone in (self.anna, self.bob, self.mallory):
            phone.close()
        self.poll.close()


@pytest.fixture
def bench():
    with contextlib.closing(Bench()) as bench:
        yield bench


def test_a_locked_port_does_not_even_wake_us_for_a_stranger(bench):
    bench.latch_both()
    bench.mallory.talk(A)
    assert bench.turn() == 0
    bench.anna.talk(A)
    assert bench.turn() == 1


def test_what_a_stranger_queued_before_the_lock_is_looked_at_and_refused(bench):
    said = bench.anna.talk(A)
    for _ in range(20):
        bench.mallory.talk(A)
    bench.relay.carry(bench.poll.poll(0.0), 0.0)  # one packet: the port is locked, the queue is not empty
    assert bench.relay.latched == [Latched("c", "a", bench.anna.address)]
    bench.relay.settle(SETTLE)
    assert bench.a.refused == 20
    assert bench.bob.listens() == said
    assert bench.bob.hears_nothing()


def test_an_old_icmp_error_costs_no_packet(bench):
    bench.latch_both()
    address = bench.bob.address
    bench.bob.rtp.close()
    bench.anna.talk(A)
    bench.turn(only=bench.descriptor(bench.a))  # the answer is "port unreachable", and waits to be told
    bench.bob.rtp = bench.bob.udp(address[1])
    said = bench.anna.talk(A)
    bench.turn(only=bench.descriptor(bench.a))
    assert bench.bob.listens() == said


def test_a_closed_leg_is_nobodys_listener(bench):
    bench.latch_both()
    bench.relay.close(bench.b)
    sent = bench.b.sent
    bench.anna.talk(A)
    bench.turn()
    assert bench.b.sent == sent
    assert bench.bob.hears_nothing()


def test_a_silent_leg_that_was_released_is_heard_from_its_new_port(bench):
    bench.latch_both()
    bench.anna.move()
    bench.anna.talk(A)
    assert bench.turn() == 0
    bench.a.latch.rebind()
    bench.relay.release(bench.a)
    said = bench.anna.talk(A)
    bench.turn()
    assert bench.bob.listens() == said
    bench.bob.talk(B)
    bench.turn()
    assert bench.anna.listens()
    assert bench.anna.heard_from == (HERE, A)


def test_descriptors_of_others_are_given_back(bench):
    assert bench.relay.carry([(987654, select.EPOLLIN)], 0.0) == [987654]
