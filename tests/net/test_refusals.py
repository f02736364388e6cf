"""What was refused lately, as people see it."""

from pbx.net.refusals import MOST, Refusal, Refusals
from pbx.switch.events import MessageRejected, SignInFailed


def test_refusals_of_one_kind_are_one_row_and_the_latest_stands_first() -> None:
    now = iter([10.0, 20.0, 30.0])
    refusals = Refusals(lambda: next(now))
    scanner = MessageRejected("scanner", 0, "203.0.113.9")
    refusals([scanner, SignInFailed("1001", "10.0.0.66", 60.0), scanner])
    view = refusals.view()
    assert view.items == (
        Refusal("203.0.113.9", "scanner", 2, 10.0, 30.0, ""),
        Refusal("10.0.0.66", "wrong_password", 1, 20.0, 20.0, "1001"),
    )
    assert view.totals == {"scanner": 2, "wrong_password": 1}


def test_a_wrong_password_is_told_twice_and_counts_once() -> None:
    refusals = Refusals()
    refusals([SignInFailed("1001", "10.0.0.66"), MessageRejected("wrong_password", 401, "10.0.0.66")])
    assert refusals.view().totals == {"wrong_password": 1}


def test_however_many_strangers_come_the_table_stays_small_and_all_are_counted() -> None:
    refusals = Refusals()
    refusals([MessageRejected("scanner", 0, f"10.{n >> 8}.{n & 255}.1", "x" * 500) for n in range(MOST + 50)])
    view = refusals.view()
    assert len(view.items) == MOST
    assert view.totals == {"scanner": MOST + 50}
    assert max(len(item.detail) for item in view.items) == 100
