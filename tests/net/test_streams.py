"""Connections: what a peer cannot draw out, and what is told of those that cannot be made."""

import resource
import socket
from collections.abc import Iterator
from contextlib import suppress

import gevent
import pytest

from pbx.net.connection import Connection, Plain
from pbx.net.streams import IDLE, SILENCE, Streams
from pbx.sip.flow import Address, Flow

US, PEER = Address("127.0.0.1", 5060), Address("127.0.0.1", 5070)
MESSAGE = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def connection() -> Iterator[Connection]:
    ours, theirs = socket.socketpair()
    with theirs:
        made = Connection(
            ours, Flow("tcp", US, PEER), Plain(), None, lambda *_: None, lambda *_: None, lambda: False
        )
        yield made
        made.end("the test is over")


def test_a_message_that_drips_in_has_no_more_time_than_one_that_stops(connection: Connection) -> None:
    connection._take(MESSAGE[:10])
    began = connection.began
    for byte in MESSAGE[10:-1]:
        connection._take(bytes((byte,)))
    assert connection.stuck
    assert connection.began == began
    connection._take(MESSAGE[-1:] + MESSAGE[:10])
    assert connection.stuck
    assert connection.began > began


def test_after_a_silence_a_message_has_its_whole_time(connection: Connection) -> None:
    connection._take(MESSAGE)
    began = connection.began
    connection._take(MESSAGE[:10])
    assert connection.began > began


@pytest.mark.parametrize(
    ("flow", "why"),
    [
        (Flow("tls", US, PEER), "TLS is off"),
        (Flow("tcp", US, Address("phone.example", 5060)), "cannot connect"),
        (Flow("wss", US, PEER), "only a browser"),
    ],
)
def test_what_cannot_be_opened_is_told_and_leaves_nothing(flow: Flow, why: str) -> None:
    told: list[tuple[Flow, str, bool]] = []
    streams = Streams(lambda *_: None, lambda *lost: told.append(lost), lambda: False)
    streams.send(MESSAGE, flow)
    ((lost, said, taken),) = told
    assert (lost, taken) == (flow, False)
    assert said.startswith(why)
    assert not any(streams.counts.values())
    streams.close()


@pytest.fixture
def exchange() -> Iterator[tuple[Streams, Address, list[bytes]]]:
    """Streams that listen on loopback, where, and what came."""
    got: list[bytes] = []
    streams = Streams(lambda data, flow: got.append(data), lambda *_: None, lambda: False)
    listening = socket.create_server(("127.0.0.1", 0))
    streams.listen(listening, "tcp")
    where = Address(*streams._listening[0][0].getsockname())
    yield streams, where, got
    streams.close()


def until(condition: object) -> None:
    for _ in range(1000):
        if condition():  # type: ignore[operator]
            return
        gevent.sleep(0.005)
    raise AssertionError("it never came")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("says", "kept"), [(b"", False), (b"\r\n", False), (b"\r\n\r\n", True), (MESSAGE, True)]
)
def test_a_connection_must_say_something_whole_soon(
    exchange: tuple[Streams, Address, list[bytes]], says: bytes, kept: bool
) -> None:
    streams, where, _ = exchange
    with socket.create_connection(where) as phone:
        phone.sendall(says)
        until(lambda: streams.counts["tcp"])
        (connection,) = streams._connections.values()
        if kept:
            until(lambda: connection.spoke)
        connection.since -= SILENCE + 1
        streams._sweep()
        assert streams.counts["tcp"] == kept
        connection.heard -= IDLE
        streams._sweep()
        assert not streams.counts["tcp"]


@pytest.mark.integration
def test_no_bytes_close_a_connection_and_open_none(exchange: tuple[Streams, Address, list[bytes]]) -> None:
    streams, where, got = exchange
    with socket.create_connection(where) as phone:
        phone.sendall(MESSAGE)
        until(lambda: got)
        flow = Flow("tcp", where, Address(*phone.getsockname()))
        streams.send(b"bye", flow)
        streams.send(b"", flow)
        streams.send(b"", flow)
        assert phone.recv(10) == b"bye"
        assert phone.recv(10) == b""
    assert not any(streams.counts.values())


@pytest.mark.integration
def test_without_file_descriptors_nobody_spins_and_later_all_are_taken(
    exchange: tuple[Streams, Address, list[bytes]],
) -> None:
    streams, where, got = exchange
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    phones = [socket.socket() for _ in range(3)]
    (_, watcher, _) = streams._listening[0]
    highest = max(phone.fileno() for phone in phones)
    fillers = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
        with suppress(OSError):  # too many open files
            while True:
                fillers.append(socket.socket())
        for phone in phones:
            phone.connect(where)
            phone.sendall(MESSAGE)
        until(lambda: not watcher.active)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            filler.close()
    until(lambda: len(got) == len(phones))
    for phone in phones:
        phone.close()
