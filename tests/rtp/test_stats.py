"""Reception: what is valid, and the jitter of RFC 3550 A.8."""

from math import inf

import pytest

from pbx.rtp.packet import Packet
from pbx.rtp.stats import Reception

DTMF = 101


@pytest.fixture
def reception():
    reception = Reception()
    reception.accept(((0, 8000), (DTMF, 8000), (72, 8000), (5, 0)))
    return reception


def arrive(reception, number, now, kind=0, timestamp=None, ssrc=1):
    stamp = number * 160 if timestamp is None else timestamp
    data = bytes(Packet(kind, number & 0xFFFF, stamp & 0xFFFFFFFF, ssrc, bytes(160)))
    return reception.take(data, len(data), now)


def test_an_even_stream_has_no_jitter_and_is_counted(reception):
    assert all(arrive(reception, number, number * 0.02) for number in range(100))
    assert (reception.packets, reception.octets) == (100, 17200)
    assert reception.heard == pytest.approx(1.98)
    assert reception.jitter == pytest.approx(0, abs=1e-9)


def test_jitter_follows_the_formula(reception):
    jitter, before = 0.0, None
    for number, delay in enumerate((0.0, 0.004, 0.001, 0.009, 0.0, 0.0, 0.02)):
        arrive(reception, number, 10 + number * 0.02 + delay)
        if before is not None:
            jitter += (abs(delay - before) - jitter) / 16
        before = delay
    assert reception.jitter == pytest.approx(jitter)


def test_a_digit_is_no_jitter_though_its_packets_share_a_timestamp(reception):
    for number in range(10):
        arrive(reception, number, number * 0.02)
    for number in range(10, 20):
        arrive(reception, number, number * 0.02, DTMF, timestamp=1600)
    for number in range(20, 30):
        arrive(reception, number, number * 0.02)
    assert reception.jitter == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("jump", [2**31, 500_000, -500_000])
def test_a_new_time_base_is_no_jitter(reception, jump):
    for number in range(20):
        arrive(reception, number, number * 0.02, timestamp=number * 160 + (jump if number >= 10 else 0))
    assert reception.jitter == pytest.approx(0, abs=1e-9)


def test_only_negotiated_payload_types_are_valid(reception):
    assert not arrive(reception, 1, 0.0, kind=13)
    assert not arrive(reception, 1, 0.0, kind=8)
    assert not arrive(reception, 1, 0.0, kind=72)  # would be RTCP
    assert not arrive(reception, 1, 0.0, kind=5)
    assert arrive(reception, 1, 0.0, kind=DTMF)
    reception.accept(((13, 8000),))
    assert arrive(reception, 2, 0.0, kind=13)


def test_nothing_is_valid_before_anything_was_negotiated():
    assert not arrive(Reception(), 1, 0.0)


@pytest.mark.parametrize("data", [
    b"",
    b"\x80\x00" + bytes(9),
    b"\x40\x00" + bytes(40),
    b"\x80\x00" + bytes(1499),
])
def test_what_is_too_short_too_long_or_of_another_version_is_not_counted(reception, data):
    assert not reception.take(data, len(data), 0.0)
    assert (reception.packets, reception.heard) == (0, -inf)


def test_no_more_than_allowed_pass(reception):
    reception.allow(2)
    assert [arrive(reception, number, 0.0) for number in range(3)] == [True, True, False]
    reception.allow(1)
    assert arrive(reception, 4, 0.0)
