"""Connections: what a peer cannot draw out, and what is told of those that cannot be made."""

import socket
from collections.abc import Iterator

import pytest

from pbx.net.connection import Connection, Plain
from pbx.net.streams import Streams
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
    told: list[tuple[Flow, str]] = []
    streams = Streams(lambda *_: None, lambda *lost: told.append(lost), lambda: False)
    streams.send(MESSAGE, flow)
    ((lost, said),) = told
    assert lost == flow
    assert said.startswith(why)
    assert not any(streams.counts.values())
    streams.close()
