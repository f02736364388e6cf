"""The source rule: plausible before the first packet, one source after it, and how the lock opens again."""

import pytest

from pbx.media.latch import OVERLAP, Latch, canonical, usable

SDP = ("10.0.0.5", 4000)
NAT = ("203.0.113.9", 61000)
OTHER = ("198.51.100.66", 4000)


@pytest.fixture
def latch():
    latch = Latch()
    latch.state(SDP, [NAT[0]], 0.0)
    return latch


def comes(latch, source, now=0.0):
    """Whether a valid packet passes; it may close the lock."""
    if not latch.admits(source, now):
        return False
    latch.lock(source, now)
    return True


def test_nothing_is_plausible_before_signalling_said_so():
    assert not Latch().admits(SDP, 0.0)


def test_a_stranger_is_refused_before_and_after_the_lock(latch):
    assert not comes(latch, OTHER)
    assert not comes(latch, (SDP[0], 4002))  # the SDP's address, but it named the port
    assert comes(latch, SDP)
    assert not comes(latch, OTHER)


def test_the_first_plausible_source_gets_the_lock_and_no_second(latch):
    assert latch.target == SDP
    assert comes(latch, NAT)
    assert latch.locked == latch.target == NAT
    assert not comes(latch, SDP)
    assert not comes(latch, (NAT[0], 61001))


def test_the_same_statement_again_leaves_the_lock_alone(latch):
    comes(latch, NAT)
    assert not latch.state(SDP, [NAT[0]], 5.0)
    assert latch.locked == NAT


def test_a_new_address_opens_the_lock_and_stragglers_do_not_take_it(latch):
    comes(latch, SDP)
    new = (SDP[0], 5000)
    assert latch.state(new, [SDP[0]], 10.0)
    assert latch.target == new
    assert comes(latch, SDP, 10.1)  # still audible …
    assert latch.locked is None
    assert comes(latch, new, 10.2)
    assert latch.locked == new
    assert not comes(latch, SDP, 10.3)


def test_the_old_source_locks_again_when_no_other_comes(latch):
    comes(latch, NAT)
    latch.state(("10.0.0.5", 5000), [NAT[0]], 10.0)
    assert latch.target == NAT  # the new private address is as unreachable as the old
    comes(latch, NAT, 10.0 + OVERLAP)
    assert latch.locked == NAT


def test_an_old_source_that_is_no_longer_plausible_ends_with_the_overlap(latch):
    comes(latch, NAT)
    latch.state(OTHER, [], 10.0)
    assert comes(latch, NAT, 10.5)
    assert not comes(latch, NAT, 10.0 + OVERLAP)
    assert latch.target == OTHER


def test_the_lock_stays_when_signalling_now_names_the_locked_source(latch):
    comes(latch, NAT)
    assert not latch.state(NAT, [], 1.0)
    assert latch.locked == NAT


def test_after_long_silence_the_same_address_may_come_from_another_port(latch):
    latch.state(SDP, [], 0.0)
    comes(latch, SDP)
    latch.rebind()
    assert latch.target == SDP
    assert not comes(latch, OTHER)
    assert comes(latch, (SDP[0], 4444))
    assert latch.target == (SDP[0], 4444)
    assert not latch.state(SDP, [], 9.0)  # the same words as before are no news


@pytest.mark.parametrize(("text", "host"), [
    ("192.0.2.1", "192.0.2.1"),
    ("2001:DB8:0::1", "2001:db8::1"),
    ("0.0.0.0", None),
    ("::", None),
    ("224.0.1.75", None),
    ("ff02::1", None),
    ("255.255.255.255", None),
    ("phone.example", None),
    ("", None),
])
def test_only_addresses_of_one_machine_are_addresses(text, host):
    assert canonical(text) == host


def test_a_port_must_be_one():
    assert [usable(("192.0.2.1", port)) for port in (0, -1, 65536)] == [None] * 3
    assert usable(None) is None
