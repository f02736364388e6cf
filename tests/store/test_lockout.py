"""Guessing gets slower, for the guesser alone."""

from pbx.store import Lockout


def test_a_few_mistakes_cost_nothing_then_the_wait_doubles() -> None:
    lockout = Lockout(free=2, first=30.0, longest=100.0)
    assert [lockout.failed("ada", now) for now in (0, 1, 2, 40, 110, 300)] == [0, 0, 30, 60, 100, 100]


def test_the_wait_passes() -> None:
    lockout = Lockout(free=0, first=30.0)
    lockout.failed("ada", 10.0)
    assert lockout.wait("ada", 15.0) == 25.0
    assert lockout.wait("ada", 40.0) == 0.0
    assert lockout.wait("bob", 15.0) == 0.0


def test_success_and_time_forgive() -> None:
    lockout = Lockout(free=1, first=30.0, forget=3600.0)
    lockout.failed("ada", 0.0)
    lockout.succeeded("ada")
    assert lockout.failed("ada", 1.0) == 0.0
    assert lockout.failed("ada", 2.0) == 30.0
    assert lockout.failed("ada", 4000.0) == 0.0


def test_a_flood_of_names_is_bounded_and_the_newest_stay() -> None:
    lockout = Lockout(free=0, most=100)
    for name in range(1000):
        lockout.failed(name, 0.0)
    assert lockout.wait(999, 0.0) == 30.0
    assert lockout.wait(0, 0.0) == 0.0
