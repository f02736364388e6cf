"""Compound RTCP: the lengths must add up, and only the last packet may be padded (RFC 3550 A.2)."""

import pytest

from pbx.rtp.rtcp import GOODBYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION, packet_types

SENDER = bytes((0x80, SENDER_REPORT, 0, 6)) + bytes(24)
NAME = bytes((0x81, SOURCE_DESCRIPTION, 0, 2)) + bytes(8)
EMPTY = bytes((0x80, RECEIVER_REPORT, 0, 1)) + bytes(4)
BYE = bytes((0x81, GOODBYE, 0, 1)) + bytes(4)


def test_a_compound_packet_is_walked_through():
    assert packet_types(SENDER + NAME + BYE) == (SENDER_REPORT, SOURCE_DESCRIPTION, GOODBYE)
    assert packet_types(EMPTY) == (RECEIVER_REPORT,)


def test_the_last_packet_may_be_padded_and_no_other():
    padded = bytes((0xA1,)) + BYE[1:]
    assert packet_types(NAME + padded) == (SOURCE_DESCRIPTION, GOODBYE)
    assert packet_types(padded + NAME) == ()


@pytest.mark.parametrize("data", [
    b"",
    SENDER[:3],
    SENDER[:-1],
    SENDER + NAME[:-4],
    SENDER + b"\x80",
    b"\x40" + SENDER[1:],
    bytes((0x80, 0)) + SENDER[2:],
])
def test_what_is_no_rtcp_has_no_types(data):
    assert packet_types(data) == ()
