"""Real UDP sockets on loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import pytest

from pbx.net import udp
from pbx.net.addresses import bind_udp
from pbx.net.udp import Udp
from pbx.sip.flow import Address, Flow

pytestmark = pytest.mark.integration


@contextmanager
def endpoint(host: str) -> Iterator[tuple[Udp, list[tuple[bytes, Flow]]]]:
    got: list[tuple[bytes, Flow]] = []
    end = Udp(bind_udp(Address(host, 0), "--sip"), lambda data, flow: got.append((data, flow)))
    end.start()
    try:
        yield end, got
    finally:
        end.close()


@contextmanager
def phone(host: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.settimeout(2)
        yield sock


def until(condition: object) -> None:
    for _ in range(200):
        if condition():  # type: ignore[operator]
            return
        gevent.sleep(0.005)
    raise AssertionError("it never came")


def test_a_datagram_comes_with_its_flow_and_the_answer_goes_back_on_it() -> None:
    with endpoint("127.0.0.61") as (end, got), phone("127.0.0.62") as sock:
        sock.sendto(b"hello", end.local)
        until(lambda: got)
        assert got == [(b"hello", Flow("udp", end.local, Address(*sock.getsockname())))]
        end.send(b"yes", got[0][1])
        assert sock.recvfrom(100) == (b"yes", tuple(end.local))
        assert (end.received, end.sent, end.unsent) == (1, 1, 0)


def test_a_wildcard_socket_answers_from_the_address_it_was_asked_at() -> None:
    with endpoint("0.0.0.0") as (end, got), phone("127.0.0.62") as sock:
        asked = ("127.0.0.63", end.local.port)
        sock.sendto(b"hello", asked)
        until(lambda: got)
        assert got[0][1].local == Address(*asked)
        end.send(b"yes", got[0][1])
        assert sock.recvfrom(100) == (b"yes", asked)


def test_a_flood_is_read_in_batches() -> None:
    with endpoint("127.0.0.61") as (end, got), phone("127.0.0.62") as sock:
        for _ in range(udp.BATCH + 10):
            sock.sendto(b"x", end.local)
        end._read_batch()
        assert len(got) == udp.BATCH
        until(lambda: len(got) == udp.BATCH + 10)


def test_what_cannot_be_sent_is_counted_and_never_raised() -> None:
    with endpoint("127.0.0.61") as (end, _):
        end.send(b"x", Flow("udp", end.local, Address("phone.example.org", 5060)))
        end.send(b"x" * 70000, Flow("udp", end.local, Address("127.0.0.62", 5060)))
        end.send(b"x", Flow("udp", end.local, Address("127.0.0.62", 0)))
        assert end.unsent == 3


def test_a_peer_that_went_away_does_not_disturb_the_socket() -> None:
    with endpoint("127.0.0.61") as (end, got), phone("127.0.0.62") as sock:
        end.send(b"x", Flow("udp", end.local, Address("127.0.0.62", 9)))  # answered by an ICMP error
        gevent.sleep(0.01)
        sock.sendto(b"hello", end.local)
        until(lambda: got)


def test_empty_and_largest_datagrams_arrive_whole() -> None:
    with endpoint("127.0.0.61") as (end, got), phone("127.0.0.62") as sock:
        sock.sendto(b"", end.local)
        sock.sendto(b"y" * 65507, end.local)
        until(lambda: len(got) == 2)
        assert [len(data) for data, _ in got] == [0, 65507]
