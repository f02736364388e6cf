from pbx.sip.lockout import Lockout

HOST = "10.0.0.2"


def test_each_wrong_guess_waits_twice_as_long_and_the_fifth_bans() -> None:
    lockout = Lockout(100)
    penalties = [lockout.failed(HOST, "1001", float(second)) for second in range(5)]
    assert [tuple(penalty) for penalty in penalties] == [
        (0.5, 0.0),
        (1.0, 0.0),
        (2.0, 0.0),
        (4.0, 0.0),
        (0.0, 60.0),
    ]
    assert lockout.banned_for(HOST, "1001", 10.0) == 54.0
    assert lockout.banned_for(HOST, "1001", 64.0) == 0.0


def test_the_ban_is_of_one_account_from_one_host() -> None:
    lockout = Lockout(100)
    for _ in range(5):
        lockout.failed(HOST, "1001", 0.0)
    assert lockout.banned_for(HOST, "1002", 1.0) == 0.0
    assert lockout.banned_for("10.0.0.3", "1001", 1.0) == 0.0


def test_bans_double_up_to_a_quarter_of_an_hour_and_are_forgiven_after_an_hour() -> None:
    lockout, now, bans = Lockout(100), 0.0, list[float]()
    for _ in range(6):
        for _ in range(5):
            penalty = lockout.failed(HOST, "1001", now)
        bans.append(penalty.banned)
        now += penalty.banned
    assert bans == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]
    lockout.failed("10.0.0.3", "9", now + 3700.0)
    assert len(lockout) == 1


def test_guesses_a_minute_apart_do_not_add_up() -> None:
    lockout = Lockout(100)
    assert {lockout.failed(HOST, "1001", 61.0 * count).delay for count in range(10)} == {0.5}


def test_the_right_password_makes_an_end_of_it() -> None:
    lockout = Lockout(100)
    for _ in range(4):
        lockout.failed(HOST, "1001", 0.0)
    lockout.succeeded(HOST, "1001")
    assert lockout.failed(HOST, "1001", 1.0).delay == 0.5


def test_the_table_is_bounded() -> None:
    lockout = Lockout(10)
    for number in range(1000):
        lockout.failed(HOST, str(number), 0.0)
    assert len(lockout) == 10
