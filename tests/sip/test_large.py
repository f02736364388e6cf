"""Requests that are too large for a datagram (RFC 3261 §18.1.1)."""

import pytest

from pbx.sip.flow import Address, Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Request
from pbx.sip.uri import Uri
from tests.sip.kit import BOB, DOMAIN, OFFER, SERVER, Phone, Rig, label, labels, sdp

FAR = Address("93.184.216.34", 40001)
LONG = OFFER + b"".join(b"a=x-note:%0100d\r\n" % number for number in range(10))


def large_call(rig: Rig, remote: Address = BOB) -> list[tuple[str, str]]:
    before = len(rig.said)
    rig.session = rig.stack.invite(  # type: ignore[attr-defined]
        Uri.parse(f"sip:1002@{remote}"),
        Flow("udp", SERVER, remote),
        from_=NameAddr.parse(f"<sip:1001@{DOMAIN}>"),
        to=NameAddr.parse(f"<sip:1002@{DOMAIN}>"),
        sdp=sdp(LONG),
        now=rig.now,
    )
    rig.drain()
    return went(rig, before)


def went(rig: Rig, since: int) -> list[tuple[str, str]]:
    assert all(
        message.via.transport == flow.transport.upper()
        for _, message, flow in rig.said[since:]
        if isinstance(message, Request)
    )
    return [(label(message), flow.transport) for _, message, flow in rig.said[since:]]


def test_a_large_request_goes_by_tcp_and_its_cancel_too() -> None:
    rig = Rig()
    assert large_call(rig) == [("INVITE", "tcp")]
    invite = rig.said[-1][1]
    assert isinstance(invite, Request)
    Phone(rig, "1002", BOB).answer(invite, 180)
    rig.wait(10)
    since = len(rig.said)
    rig.session.cancel(rig.now)  # type: ignore[attr-defined]
    rig.drain()
    assert went(rig, since) == [("CANCEL", "tcp")]
    Phone(rig, "1002", BOB).answer(invite, 487)
    rig.wait(60)
    assert went(rig, since)[1] == ("ACK", "tcp")
    assert rig.stack.idle


@pytest.mark.parametrize("told", [True, False], ids=["refused", "no answer"])
def test_who_takes_no_connection_gets_a_datagram_and_is_not_asked_again_for_an_hour(told: bool) -> None:
    rig = Rig()
    large_call(rig)
    since = len(rig.said)
    if told:
        rig.stack.broken(Flow("tcp", SERVER, BOB), rig.now)
        rig.drain()
    else:
        rig.wait(1.01)
    assert went(rig, since) == [("INVITE", "udp")]
    before, again = rig.said[since - 1][1], rig.said[since][1]
    assert isinstance(before, Request)
    assert isinstance(again, Request)
    assert (again.via.branch, again.cseq) == (before.via.branch, before.cseq)
    rig.wait(0.6)
    assert went(rig, since) == [("INVITE", "udp")] * 2
    Phone(rig, "1002", BOB).answer(again, 486)
    rig.events()
    assert large_call(rig) == [("INVITE", "udp")]
    rig.wait(3600)
    rig.events()
    assert large_call(rig) == [("INVITE", "tcp")]
    rig.wait(60)
    assert rig.stack.idle


def test_who_is_behind_a_router_is_asked_for_no_connection() -> None:
    rig = Rig()
    assert large_call(rig, FAR) == [("INVITE", "udp")]
    rig.wait(60)
    assert rig.stack.idle


def test_who_answers_by_tcp_hears_nothing_twice() -> None:
    rig = Rig()
    large_call(rig)
    invite = rig.said[-1][1]
    assert isinstance(invite, Request)
    Phone(rig, "1002", BOB).answer(invite, 100)
    since = len(rig.said)
    rig.wait(10)
    rig.stack.broken(Flow("tcp", SERVER, BOB), rig.now)
    assert labels(rig.drain(since)) == []
