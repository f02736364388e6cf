"""A call's wanted audio, stated again and again: what opens, what closes, who hears whom."""

from math import inf

from pbx.media.session import Session
from pbx.wire.media import MediaLeg, Want

A = MediaLeg("a", ("192.0.2.10", 10000), ("192.0.2.1", 4000))
B = MediaLeg("b", ("192.0.2.10", 10002), ("192.0.2.2", 4000))
BOTH = (("a", "b"), ("b", "a"))


def names(legs):
    return [leg.name for leg in legs]


def test_legs_open_as_they_come_and_close_as_they_go():
    session = Session("c")
    first = session.state(Want("c", 0, (A,)), 0.0)
    assert (names(first.opened), names(first.closed)) == (["a"], [])
    second = session.state(Want("c", 1, (A, B), BOTH), 0.0)
    assert (names(second.opened), names(second.closed)) == (["b"], [])
    third = session.state(Want("c", 2, (B,)), 0.0)
    assert (names(third.opened), names(third.closed)) == ([], ["a"])
    assert names(session.legs.values()) == ["b"]


def test_what_is_not_newer_is_ignored():
    session = Session("c")
    session.state(Want("c", 4, (A,)), 0.0)
    assert session.state(Want("c", 4), 0.0) is None
    assert session.state(Want("c", 3), 0.0) is None
    assert names(session.legs.values()) == ["a"]


def test_who_hears_whom():
    session = Session("c")
    hears = (*BOTH, ("a", "a"), ("nobody", "a"), ("a", "nobody"), ("b", "a"))
    session.state(Want("c", 1, (A, B), hears), 0.0)
    assert names(session.listeners(session.legs["a"])) == ["b", "a"]
    assert names(session.listeners(session.legs["b"])) == ["a"]
    session.state(Want("c", 2, (A, B)), 0.0)
    assert session.listeners(session.legs["a"]) == ()


def test_a_leg_that_moves_to_another_port_keeps_its_figures_and_opens_its_lock():
    session = Session("c")
    session.state(Want("c", 1, (A,)), 0.0)
    leg = session.legs["a"]
    leg.sent = 5
    leg.latch.lock(("192.0.2.1", 4000), 0.0)
    moved = session.state(Want("c", 2, (MediaLeg("a", ("192.0.2.10", 10004), A.remote),)), 1.0)
    assert moved.closed == moved.opened == (leg,)
    assert moved.released == ()
    assert (leg.local[1], leg.sent, leg.latch.locked) == (10004, 5, None)


def test_a_leg_with_a_new_address_is_released():
    session = Session("c")
    session.state(Want("c", 1, (A,)), 0.0)
    session.legs["a"].latch.lock(("192.0.2.1", 4000), 0.0)
    changes = session.state(Want("c", 2, (MediaLeg("a", A.local, ("192.0.2.3", 4000)),)), 1.0)
    assert names(changes.released) == ["a"]


def test_figures_of_legs_that_left_are_kept_to_the_end():
    session = Session("c")
    session.state(Want("c", 1, (A, B), BOTH), 0.0)
    session.legs["a"].sent = 7
    session.state(Want("c", 2, (B,)), 0.0)
    session.state(Want("c", 3), 0.0)
    assert [(one.leg, one.sent) for one in session.counters()] == [("a", 7), ("b", 0)]
    assert session.heard() == -inf
