"""Phones on every transport: they register, call, are called, and go."""

import socket
import time
from collections.abc import Iterator

import pytest
from wsproto.events import BytesMessage, TextMessage

from tests.integration.phone import NETWORK, Phone, _answer_to, headers_of, status
from tests.integration.stream_phone import TcpPhone, TlsPhone, WssPhone
from tests.office import Office, options, running, wait_for

HOST, PHONE, OTHER, LISTENER = (f"{NETWORK}.{number}" for number in (1, 101, 102, 103))
PATH = "<sip:{}.example;lr>, <sip:{}.example;lr>".format("x" * 300, "y" * 300)
"""What makes an INVITE larger than a datagram should be."""
PORTS = {TcpPhone: 5060, TlsPhone: 5061, WssPhone: 5062}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("office"), HOST, ("1001", "1002")) as office:
        yield office


@pytest.mark.parametrize("kind", [TcpPhone, TlsPhone, WssPhone])
def test_a_phone_registers_calls_and_hears(office: Office, kind: type[TcpPhone]) -> None:
    with kind("1001", PHONE, HOST, PORTS[kind]) as phone:
        assert phone.register() == 200
        assert phone.call("*43") == 200
        assert phone.hears_itself()
        (call,) = office.live()
        office.command("hangup", call["call"])
        assert phone.hung_up(5)
    office.settled()
    wait_for(lambda: not office.phones(), 5, "the phone is gone with its connection")


@pytest.mark.parametrize("kind", [TcpPhone, TlsPhone, WssPhone])
def test_a_talk_goes_on_by_the_connection_that_the_phone_comes_back_by(
    office: Office, kind: type[TcpPhone]
) -> None:
    with kind("1001", PHONE, HOST, PORTS[kind]) as phone:
        assert phone.register() == 200
        assert phone.call("*43") == 200
        phone.sip.close()
        talk = phone.call_id, phone.to
        phone.call_id, phone.to = "again", ""
        phone.sip = phone._connect(PHONE)
        assert phone.register() == 200
        phone.call_id, phone.to = talk
        assert phone.hears_itself()
        (call,) = office.live()
        office.command("hangup", call["call"])
        assert phone.hung_up(5)
        phone.call_id, phone.to = "gone", ""
        assert phone.register(expires=0) == 200
    office.settled()


def test_a_large_request_is_a_datagram_after_all_where_nobody_takes_a_connection(office: Office) -> None:
    with Phone("1002", PHONE, HOST) as phone, TcpPhone("1001", OTHER, HOST) as caller:
        headers = [f"Contact: {phone.contact}", "Expires: 300", f"Path: {PATH}"]
        assert status(phone._transact("REGISTER", f"sip:{HOST}", "1002", headers)) == 200
        caller.sip.settimeout(5)
        began = time.monotonic()
        caller.ring_up("1002")
        invite = phone.await_request("INVITE", 5)
        assert len(invite) > 1300
        assert "Via: SIP/2.0/UDP" in invite
        assert ", ".join(headers_of(invite, "Route")) == PATH
        assert time.monotonic() - began < 1
        phone.refuse(invite, 486)
        assert caller.final() == 486
        assert phone.register(expires=0) == 200
    office.settled()


def test_a_large_request_goes_by_tcp_where_that_is_taken(office: Office) -> None:
    with Phone("1002", LISTENER, HOST) as phone, TcpPhone("1001", OTHER, HOST) as caller:
        headers = [f"Contact: {phone.contact}", "Expires: 300", f"Path: {PATH}"]
        assert status(phone._transact("REGISTER", f"sip:{HOST}", "1002", headers)) == 200
        with socket.create_server((LISTENER, phone.port)) as listening:
            listening.settimeout(5)
            caller.sip.settimeout(5)
            caller.ring_up("1002")
            taken, _ = listening.accept()
            with taken:
                taken.settimeout(5)
                invite = taken.recv(65535).decode()
                assert "Via: SIP/2.0/TCP" in invite
                taken.sendall(_answer_to(invite).replace("200 OK", "486 Busy", 1).encode())
                assert caller.final() == 486
                assert taken.recv(65535).startswith(b"ACK ")
        assert phone.register(expires=0) == 200
    office.settled()


@pytest.mark.parametrize("kind", [TcpPhone, TlsPhone, WssPhone])
def test_a_phone_is_called_by_one_on_udp(office: Office, kind: type[TcpPhone]) -> None:
    with kind("1002", PHONE, HOST, PORTS[kind]) as phone, Phone("1001", OTHER, HOST) as caller:
        assert phone.register() == 200
        caller.sip.settimeout(5)
        caller.ring_up("1002")
        invite = phone.await_request("INVITE", 5)
        transport = "" if kind.transport == "UDP" else f";transport={kind.transport.lower()}"
        assert f"{transport}>" in next(line for line in invite.splitlines() if line.startswith("Contact:"))
        phone.refuse(invite, 486)
        assert caller.final() == 486
    office.settled()


def test_a_message_that_comes_in_drops_and_two_that_come_at_once(office: Office) -> None:
    with TcpPhone("1001", PHONE, HOST) as phone:
        text = phone.request_text("OPTIONS", f"sip:{HOST}", "1001").encode()
        for byte in range(0, len(text), 40):
            phone.sip.sendall(text[byte : byte + 40])
            time.sleep(0.01)
        assert status(phone._receive(5)) == 200
        one, two = (text.replace(b"z9hG4bK", b"z9hG4bK" + letter) for letter in (b"a", b"b"))
        phone.sip.sendall(one + b"\r\n\r\n" + two)
        assert status(phone._receive(5)) == 200
        assert status(phone._receive(5)) == 200


def test_a_ping_gets_its_pong(office: Office) -> None:
    with TcpPhone("1001", PHONE, HOST) as phone:
        phone.sip.sendall(b"\r\n\r\n")
        phone.sip.settimeout(5)
        assert phone.sip.recv(10) == b"\r\n"


def test_what_is_no_sip_is_answered_if_it_can_be_and_cut_off(office: Office) -> None:
    with TcpPhone("1001", PHONE, HOST) as phone:
        text = phone.request_text("OPTIONS", f"sip:{HOST}", "1001")
        phone._send(text.replace("Content-Length: 0\r\n", ""))
        phone.sip.settimeout(5)
        while piece := phone.sip.recv(65535):
            assert piece
    with TcpPhone("1001", PHONE, HOST) as phone:
        phone._send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        phone.sip.settimeout(5)
        assert phone.sip.recv(100) == b""
    assert options(HOST) == 200


def test_who_says_half_a_message_and_no_more_is_cut_off(office: Office) -> None:
    with TcpPhone("1001", PHONE, HOST) as phone:
        phone._send("OPTIONS sip:x SIP/2.0\r\nVia: ")
        phone.sip.settimeout(15)
        assert phone.sip.recv(100) == b""


def test_a_handshake_without_the_word_sip_or_of_a_foreign_page_is_refused(office: Office) -> None:
    class Chat(WssPhone):
        protocols = ("chat",)

    class Foreign(WssPhone):
        origin = "https://evil.example"

    class Own(WssPhone):
        origin = f"https://{HOST}:9000"

    for kind, refused in ((Chat, 400), (Foreign, 403), (Own, 0)):
        with kind("1001", PHONE, HOST, 5062) as phone:
            assert phone.refused == refused


def test_pieces_and_bytes_of_a_websocket_are_understood_and_too_much_is_not(office: Office) -> None:
    with WssPhone("1001", PHONE, HOST, 5062) as phone:
        text = phone.request_text("OPTIONS", f"sip:{HOST}", "1001")
        for piece, last in ((text[:50], False), (text[50:], True)):
            phone.sip.sendall(phone.ws.send(TextMessage(piece, message_finished=last)))
        assert status(phone._receive(5)) == 200
        phone.sip.sendall(phone.ws.send(BytesMessage(text.replace("z9hG4bK", "z9hG4bKx").encode())))
        assert status(phone._receive(5)) == 200
        phone.sip.sendall(phone.ws.send(BytesMessage(b"x" * 70_000)))
        phone._receive(5)
        assert phone.closed == 1009


def test_a_certificate_is_made_once_and_only_we_can_read_its_key(office: Office) -> None:
    key = office.data / "tls.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"BEGIN CERTIFICATE" in (office.data / "tls.crt").read_bytes()
