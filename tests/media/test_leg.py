"""A leg: where its audio and its RTCP go, and when its silence is told."""

import pytest

from pbx.media.leg import Leg
from pbx.rtp.packet import Packet
from pbx.wire.media import MediaLeg, Resumed, Silent

HERE = ("192.0.2.10", 10000)
SDP = ("192.0.2.1", 4000)


@pytest.fixture
def leg():
    return Leg("c", "a")


def stated(leg, now=0.0, **more):
    leg.state(MediaLeg("a", HERE, **{"remote": SDP, "payloads": ((0, 8000),), **more}), now)
    return leg


def hear(leg, now):
    data = bytes(Packet(0, leg.reception.packets, 0, 1, bytes(160)))
    assert leg.reception.take(data, len(data), now)


def test_audio_goes_to_the_sdps_address_until_the_phone_was_heard(leg):
    stated(leg, sources=("203.0.113.9",))
    assert (leg.latch.target, leg.rtcp_target) == (SDP, ("192.0.2.1", 4001))
    leg.latch.lock(("203.0.113.9", 700), 0.0)
    assert (leg.latch.target, leg.rtcp_target) == (("203.0.113.9", 700), ("203.0.113.9", 701))


def test_a_stated_rtcp_address_holds_unless_a_nat_shows_that_it_cannot(leg):
    stated(leg, remote_rtcp=("192.0.2.1", 9), sources=("203.0.113.9",))
    assert leg.rtcp_target == ("192.0.2.1", 9)
    leg.latch.lock(("203.0.113.9", 700), 0.0)
    assert leg.rtcp_target == ("203.0.113.9", 701)
    leg.rtcp_latch.lock(("203.0.113.9", 800), 0.0)
    assert leg.rtcp_target == ("203.0.113.9", 800)


@pytest.mark.parametrize("remote", [None, ("0.0.0.0", 4000), ("2001:db8::1", 4000), ("phone.example", 4000)])
def test_nothing_is_sent_where_nothing_can_be_sent(leg, remote):
    stated(leg, remote=remote)
    assert (leg.latch.target, leg.rtcp_target) == (None, None)


def test_silence_is_told_once_and_its_end_once(leg):
    stated(leg, 0.0, quiet=30.0)
    hear(leg, 5.0)
    assert leg.watch(34.9) is None
    assert leg.watch(35.0) == Silent("c", "a", 30.0)
    assert leg.watch(60.0) is None
    hear(leg, 61.0)
    assert leg.watch(61.1) == Resumed("c", "a")
    assert leg.watch(90.9) is None
    assert leg.watch(91.0) == Silent("c", "a", 30.0)


def test_the_next_switch_is_told_of_a_silence_too(leg):
    stated(leg, 0.0, quiet=30.0)
    assert leg.watch(30.0) == Silent("c", "a", 30.0)
    leg.tell_again()
    assert leg.watch(40.0) == Silent("c", "a", 40.0)


def test_a_phone_that_never_sends_is_silent_too(leg):
    stated(leg, 100.0, quiet=30.0)
    assert leg.watch(129.0) is None
    assert leg.watch(130.0) == Silent("c", "a", 30.0)


def test_a_held_leg_is_never_silent_and_after_hold_the_time_starts_again(leg):
    stated(leg, 0.0, quiet=30.0)
    hear(leg, 0.0)
    stated(leg, 10.0, quiet=0.0)
    assert leg.watch(500.0) is None
    stated(leg, 600.0, quiet=30.0)
    assert leg.watch(629.0) is None
    assert leg.watch(630.0) is not None


def test_a_lock_opens_after_five_silent_seconds(leg):
    stated(leg)
    assert not leg.must_rebind(100.0)
    hear(leg, 100.0)
    leg.latch.lock(SDP, 100.0)
    assert not leg.must_rebind(104.9)
    assert leg.must_rebind(105.0)


def test_counters_give_jitter_in_milliseconds(leg):
    stated(leg)
    hear(leg, 0.0)
    leg.reception.jitter = 0.0015
    assert leg.counters().jitter == 1.5
    assert (leg.counters().received, leg.counters().received_bytes) == (1, 172)
