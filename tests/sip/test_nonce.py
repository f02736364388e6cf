import random

from pbx.sip.nonce import Nonces


def nonces(ttl: float = 300.0, most: int = 100) -> Nonces:
    return Nonces(random.Random(1), ttl, most)


def test_a_nonce_is_good_for_its_host_and_realm_until_it_expires() -> None:
    box = nonces()
    nonce = box.issue("10.0.0.2", "pbx", 50.0)
    assert box.is_good(nonce, "10.0.0.2", "pbx", 349.0)
    assert not box.is_good(nonce, "10.0.0.2", "pbx", 351.0)
    assert not box.is_good(nonce, "10.0.0.3", "pbx", 51.0)
    assert not box.is_good(nonce, "10.0.0.2", "other", 51.0)


def test_what_we_did_not_issue_is_not_good() -> None:
    box = nonces()
    nonce = box.issue("10.0.0.2", "pbx", 50.0)
    later = f"{60_000:012x}" + nonce[12:]
    for forged in ("", "x", nonce[:-1], nonce + "0", later, "é" * 52, "\udcff" * 52):
        assert not box.is_good(forged, "10.0.0.2", "pbx", 51.0)
    assert not Nonces(random.Random(2), 300.0, 100).is_good(nonce, "10.0.0.2", "pbx", 51.0)


def test_two_nonces_of_the_same_instant_differ() -> None:
    box = nonces()
    assert box.issue("10.0.0.2", "pbx", 50.0) != box.issue("10.0.0.2", "pbx", 50.0)


def test_a_count_is_good_once_and_only_upwards() -> None:
    box = nonces()
    nonce = box.issue("10.0.0.2", "pbx", 50.0)
    assert [box.spend(nonce, count, 51.0) for count in (1, 1, 2, 5, 4, 6)] == [
        True,
        False,
        True,
        True,
        False,
        True,
    ]


def test_expired_nonces_are_forgotten() -> None:
    box = nonces(ttl=10.0)
    for second in range(100):
        box.spend(box.issue("10.0.0.2", "pbx", float(second)), 1, float(second))
    assert len(box) <= 11


def test_when_the_table_is_full_the_oldest_become_stale_rather_than_replayable() -> None:
    box = nonces(most=3)
    used = [box.issue("10.0.0.2", "pbx", float(second)) for second in range(5)]
    for nonce in used:
        assert box.spend(nonce, 1, 5.0)
    assert len(box) == 3
    for nonce in used:
        replayable = box.is_good(nonce, "10.0.0.2", "pbx", 5.0) and box.spend(nonce, 1, 5.0)
        assert not replayable
