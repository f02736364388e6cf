"""What a Homer gets, read by a decoder of our own."""

import socket
import struct

import pytest

from pbx.net.hep import Hep, packet
from pbx.net.ring import Entry
from pbx.sip.flow import Address, Flow

HERE, THERE = Address("192.0.2.1", 5060), Address("192.0.2.11", 5062)
FLOW = Flow("udp", HERE, THERE)
INVITE = b"INVITE sip:1002@192.0.2.1 SIP/2.0\r\nAuthorization: Digest response=secret\r\nCall-ID: c1\r\n\r\n"


def decoded(data: bytes) -> dict[int, bytes]:
    """The generic chunks by their type; every length must fit."""
    assert data[:4] == b"HEP3"
    assert struct.unpack("!H", data[4:6])[0] == len(data)
    at, chunks = 6, {}
    while at < len(data):
        vendor, kind, size = struct.unpack("!HHH", data[at : at + 6])
        assert (vendor, kind in chunks) == (0, False)
        assert 6 < size <= len(data) - at
        chunks[kind] = data[at + 6 : at + size]
        at += size
    return chunks


def test_a_message_that_came_goes_from_them_to_us() -> None:
    chunks = decoded(packet(Entry(1700000000.25, False, INVITE, FLOW)))
    assert chunks[1] == b"\x02", "IPv4"
    assert chunks[2] == b"\x11", "UDP"
    assert (chunks[3], chunks[4]) == (bytes((192, 0, 2, 11)), bytes((192, 0, 2, 1)))
    assert struct.unpack("!HH", chunks[7] + chunks[8]) == (5062, 5060)
    assert struct.unpack("!II", chunks[9] + chunks[10]) == (1700000000, 250000)
    assert chunks[11] == b"\x01", "SIP"
    assert len(chunks[12]) == 4
    assert chunks[15].startswith(b"INVITE sip:1002@192.0.2.1 SIP/2.0\r\n")
    assert b"secret" not in chunks[15]


def test_a_message_over_tls_and_ipv6_that_we_sent() -> None:
    flow = Flow("tls", Address("2001:db8::1", 5061), Address("2001:db8::2", 40000))
    chunks = decoded(packet(Entry(1.0, True, INVITE, flow)))
    assert (chunks[1], chunks[2]) == (b"\x0a", b"\x06")
    assert chunks[5][-1] == 1
    assert chunks[6][-1] == 2
    assert 3 not in chunks


def test_a_huge_message_fits_its_packet() -> None:
    assert len(decoded(packet(Entry(1.0, True, b"x" * 100_000, FLOW)))[15]) == 65_000


def test_ends_of_two_families_are_refused() -> None:
    with pytest.raises(ValueError, match="versions"):
        packet(Entry(1.0, True, INVITE, Flow("udp", Address("::", 5060), THERE)))


def test_messages_are_sent_and_counted_and_nobody_waits() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as homer:
        homer.bind(("127.0.0.1", 0))
        homer.settimeout(10)
        hep = Hep(Address(*homer.getsockname()))
        hep(False, INVITE, FLOW)
        assert b"INVITE" in decoded(homer.recv(70_000))[15]
        hep(True, INVITE, Flow("udp", Address("::", 5060), THERE))
    hep(True, INVITE, FLOW)  # nobody is there any more
    assert (hep.sent, hep.unsent) == (2, 1)
    hep.close()
