"""Pings of phones that keep a flow of datagrams (RFC 5626 §4.4.2)."""

import pytest

from pbx.sip.flow import Address, Flow
from pbx.sip.stun import pong
from tests.sip.kit import ANNA, SERVER, Phone, Rig

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
PING = bytes.fromhex("000100002112a442") + TRANSACTION


def answers(rig: Rig, data: bytes, source: Address) -> list[bytes]:
    rig.stack.receive(data, Flow("udp", SERVER, source), rig.now)
    out = [data for data, _ in rig.stack.outbox]
    rig.stack.outbox.clear()
    return out


@pytest.mark.parametrize(
    ("source", "attribute"),
    [  # the mapped addresses of RFC 5769 §2.2 and §2.3
        (Address("192.0.2.1", 32853), "002000080001a147e112a643"),
        (
            Address("2001:db8:1234:5678:11:2233:4455:6677", 32853),
            "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9",
        ),
    ],
)
def test_a_ping_is_told_where_it_came_from(source: Address, attribute: str) -> None:
    answer = pong(PING, source)
    assert answer is not None
    assert answer[:2] == b"\x01\x01"
    assert int.from_bytes(answer[2:4], "big") == len(answer) - 20
    assert answer[4:20] == PING[4:]
    assert answer[20:].hex() == attribute


@pytest.mark.parametrize(
    "data", [PING[:19], PING + b"\0", b"\x01\x01" + PING[2:], PING[:4] + b"\0" * 16, b"INVITE sip:x SIP/2.0"]
)
def test_what_is_no_ping_is_none(data: bytes) -> None:
    assert pong(data, ANNA) is None


def test_who_is_registered_is_answered_and_strangers_are_not() -> None:
    rig = Rig()
    assert answers(rig, PING, ANNA) == []
    Phone(rig).register("<sip:1001@10.0.0.11>")
    rig.drain()
    assert answers(rig, PING, ANNA) == [pong(PING, ANNA)]
