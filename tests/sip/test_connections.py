"""Phones on connections: what is said to them carries the transport, and what happens when one breaks."""

from collections import deque
from dataclasses import replace

import pytest

from pbx.sip.events import Event, Refused, Unregistered
from pbx.sip.flow import Address, Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Request, build_response
from pbx.sip.registrar import Binding, Registrar
from pbx.sip.settings import Settings
from pbx.sip.timers import Timers
from pbx.sip.uri import Uri
from tests.sip.kit import BOB, DOMAIN, SERVER, Phone, Rig, label, sdp

NAT = Flow("tcp", SERVER, Address("198.51.100.9", 40001))


class Bindings(Registrar):
    def __init__(self) -> None:
        self.told: deque[Event] = deque()
        super().__init__(Settings(DOMAIN), Timers(), self.told)

    def registered(self, contact: str) -> Binding:
        binding = Binding("1001", Uri.parse(contact), NAT, NAT, 600.0, 0.0, "c", 1)
        self.put(binding)
        self.told.clear()
        return binding


@pytest.fixture
def bindings() -> Bindings:
    return Bindings()


def test_a_phone_behind_a_nat_is_gone_with_its_connection(bindings: Bindings) -> None:
    binding = bindings.registered("sip:1001@10.0.0.5:5060;transport=tcp")
    bindings.broken(NAT._replace(remote=Address("198.51.100.9", 40002)))
    assert bindings.bindings("1001") == (binding,)
    bindings.broken(NAT)
    assert list(bindings.told) == [Unregistered(binding, "connection lost")]
    assert (len(bindings), bindings._connected) == (0, {})


def test_a_phone_that_listens_is_reached_at_its_own_port_while_it_does(bindings: Bindings) -> None:
    bindings.registered("sip:1001@198.51.100.9:5060;transport=tcp")
    bindings.broken(NAT)
    (left,) = bindings.bindings("1001")
    assert left.flow.remote == Address("198.51.100.9", 5060)
    bindings.broken(left.flow, taken=True)  # a phone may close what nobody uses
    assert bindings.bindings("1001") == (left,)
    bindings.broken(left.flow)
    assert (len(bindings), bindings._connected) == (0, {})


def test_a_refreshed_phone_is_forgotten_whole(bindings: Bindings) -> None:
    binding = bindings.registered("sip:1001@10.0.0.5:5060;transport=tcp")
    bindings.put(replace(binding, cseq=2))
    bindings.broken(NAT)
    assert (len(bindings), bindings._connected) == (0, {})


def test_an_invite_whose_connection_breaks_is_refused_at_once_and_one_that_rang_is_not() -> None:
    rig, flow = Rig(), Flow("tcp", SERVER, BOB)
    for rings in (False, True):
        session = rig.stack.invite(
            Uri.parse(f"sip:1002@{BOB};transport=tcp"),
            flow,
            from_=NameAddr.parse(f"<sip:1001@{DOMAIN}>"),
            to=NameAddr.parse(f"<sip:1002@{DOMAIN}>"),
            sdp=sdp(),
            now=rig.now,
        )
        (invite,) = rig.drain(len(rig.said))
        assert isinstance(invite, Request)
        assert invite.via.transport == "TCP"
        assert invite.contacts[0].uri.param("transport") == "tcp"
        if rings:
            rig.stack.receive(build_response(invite, 180, to_tag="bob").encode(), flow, rig.now)
            rig.events()
        rig.stack.broken(flow, rig.now)
        if rings:
            assert rig.events() == []
            session.cancel(rig.now)
        else:
            assert rig.event(Refused).status == 408
    rig.wait(100)
    assert rig.stack.idle


def test_over_a_connection_nothing_is_said_twice() -> None:
    rig = Rig()
    flow = Flow("tls", SERVER, BOB)
    rig.stack.invite(
        Uri.parse(f"sip:1002@{BOB};transport=tls"),
        flow,
        from_=NameAddr.parse(f"<sip:1001@{DOMAIN}>"),
        to=NameAddr.parse(f"<sip:1002@{DOMAIN}>"),
        sdp=sdp(),
        now=rig.now,
    )
    rig.wait(40)
    assert [label(message) for _, message, _ in rig.said] == ["INVITE"]
    assert rig.event(Refused).status == 408


@pytest.mark.parametrize(("transport", "status"), [("udp", 416), ("tcp", 416), ("tls", 401), ("wss", 401)])
def test_sips_is_taken_where_it_is_encrypted(transport: str, status: int) -> None:
    rig = Rig()
    data = Phone(rig).build("REGISTER", uri=f"sips:{DOMAIN}", to=f"sips:1001@{DOMAIN}")
    rig.stack.receive(data, Flow(transport, SERVER, BOB), rig.now)
    (answer,) = rig.drain()
    assert label(answer) == f"{status} REGISTER"


def said(rig: Rig) -> list[tuple[bytes, Flow]]:
    """The status line of each message that went out, b"" for the end of a connection."""
    out = [(data.partition(b"\r\n")[0], flow) for data, flow in rig.stack.outbox]
    rig.stack.outbox.clear()
    return out


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls", "wss"])
def test_a_head_that_cannot_be_read_ends_a_stream_after_its_answer(transport: str) -> None:
    rig, flow = Rig(), Flow(transport, SERVER, BOB)
    head = Phone(rig).build("OPTIONS").replace(b"Content-Length: 0", b"Content-Length: 0\r\nl: 7")
    rig.stack.receive(head, flow, rig.now)
    end = [(b"", flow)] if transport in ("tcp", "tls") else []
    assert said(rig) == [(b"SIP/2.0 400 Repeated Content-Length", flow), *end]
    rig.stack.receive(b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", flow, rig.now)
    assert said(rig) == end


def test_a_wrong_word_in_a_head_that_can_be_read_ends_nothing() -> None:
    rig, flow = Rig(), Flow("tcp", SERVER, BOB)
    rig.stack.receive(Phone(rig).build("OPTIONS", headers=["Contact: <sip:"]), flow, rig.now)
    assert [line[:11] for line, _ in said(rig)] == [b"SIP/2.0 400"]


def test_a_scanner_is_hung_up_on() -> None:
    rig, flow = Rig(), Flow("tcp", SERVER, BOB)
    rig.stack.receive(Phone(rig).build("OPTIONS", headers=["User-Agent: sipvicious"]), flow, rig.now)
    assert said(rig) == [(b"", flow)]
