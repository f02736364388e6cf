"""The RTP header in bytes, written out by hand from RFC 3550 §5.1."""

import pytest

from pbx.rtp.packet import Packet, is_rtcp

PLAIN = bytes.fromhex("80 80 0001 000000a0 deadbeef") + b"audio"


def test_a_packet_is_read_and_written_as_the_rfc_draws_it():
    packet = Packet.parse(PLAIN)
    assert packet == Packet(0, 1, 160, 0xDEADBEEF, b"audio", marker=True)
    assert bytes(packet) == PLAIN


def test_contributors_extension_and_padding_are_no_payload():
    head = bytes.fromhex("b1 65 0002 00000140 00000007")
    body = bytes.fromhex("00000009 bede0001 11223344") + b"audio" + bytes.fromhex("000003")
    assert Packet.parse(head + body) == Packet(101, 2, 320, 7, b"audio")


@pytest.mark.parametrize("data", [
    b"",
    PLAIN[:11],
    b"\x00" + PLAIN[1:],
    b"\x8f" + PLAIN[1:],  # fifteen contributors that are not there
    b"\x90" + PLAIN[1:12],
    b"\xa0" + PLAIN[1:] + b"\xff",  # more padding than packet
])
def test_what_is_cut_off_or_no_rtp_is_refused(data):
    with pytest.raises(ValueError, match="RTP packet"):
        Packet.parse(data)


def test_rtcp_is_told_from_rtp_by_its_second_byte():
    assert [second for second in range(256) if is_rtcp(bytes((0x80, second)))] == list(range(192, 224))
    assert not is_rtcp(b"\x80")
