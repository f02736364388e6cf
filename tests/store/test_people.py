"""The claim, administrators, refresh tokens and the box's secrets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pbx.config import ConfigError
from pbx.store import ClaimRefused, NotFound, Store, TokenRefused
from tests.store.conftest import Clock


def reopened(store: Store, path: Path) -> Store:
    store.close()
    return Store.open(path)


def test_the_code_claims_the_box_once(store: Store) -> None:
    code = store.claim_code()
    assert code is not None
    assert store.claim_code() == code
    assert not store.claimed()
    user = store.claim(f" {code.lower().replace('-', ' ')} ", "Ada", "hash")
    assert (user.username, user.role, user.password_hash) == ("ada", "admin", "hash")
    assert store.claimed()
    assert store.claim_code() is None
    with pytest.raises(ClaimRefused) as refused:
        store.claim(code, "eve", "hash")
    assert refused.value.claimed
    assert store.user("eve") is None


def test_a_wrong_code_claims_nothing(store: Store) -> None:
    code = store.claim_code()
    for wrong in ("", "AAAA-AAAA-AAAA", "ümläut", str(code)[:-1]):
        with pytest.raises(ClaimRefused) as refused:
            store.claim(wrong, "eve", "hash")
        assert not refused.value.claimed
    assert store.claim_code() == code
    assert not store.claimed()


def test_a_bad_name_does_not_use_up_the_code(store: Store) -> None:
    code = store.claim_code() or ""
    with pytest.raises(ConfigError) as refused:
        store.claim(code, "Ada Lovelace", "hash")
    assert refused.value.problems[0].path == "username"
    assert store.claim(code, "ada", "hash")


def test_code_and_secrets_survive_a_restart(store: Store, tmp_path: Path) -> None:
    code, key = store.claim_code(), store.secret("token")
    assert len(key) == 32
    assert store.secret("other") != key
    again = reopened(store, tmp_path / "data")
    assert (again.claim_code(), again.secret("token")) == (code, key)
    again.close()
    for file in (tmp_path / "data").iterdir():
        assert str(code).encode() not in file.read_bytes(), file
        assert key not in file.read_bytes(), file


def test_the_command_line_makes_an_administrator_and_closes_the_claim(store: Store) -> None:
    code = store.claim_code() or ""
    store.add_admin("ada", "hash")
    assert store.claimed()
    with pytest.raises(ClaimRefused):
        store.claim(code, "eve", "hash")


def test_users_are_found_in_any_case(store: Store) -> None:
    store.add_admin("Ada", "hash")
    user = store.user(" ADA")
    assert user is not None
    assert "hash" not in repr(user)
    assert store.user("bob") is None


# -- refresh tokens


@pytest.fixture
def ada(store: Store, clock: Clock) -> Iterator[Store]:
    """Signed in with token t1."""
    store.add_admin("ada", "hash")
    store.issue_token("Ada", "t1", clock.now + 100)
    return store


def test_a_token_is_swapped_for_the_next(ada: Store, clock: Clock) -> None:
    assert ada.rotate_token("t1", "t2", clock.now + 100).username == "ada"
    assert ada.rotate_token("t2", "t3", clock.now + 100).username == "ada"


def test_a_token_used_twice_ends_its_family_only(ada: Store, clock: Clock) -> None:
    ada.issue_token("ada", "other", clock.now + 100)
    ada.rotate_token("t1", "t2", clock.now + 100)
    with pytest.raises(TokenRefused) as refused:
        ada.rotate_token("t1", "stolen", clock.now + 100)
    assert refused.value.reused
    for token in ("t1", "t2", "stolen"):
        with pytest.raises(TokenRefused):
            ada.rotate_token(token, "x", clock.now + 100)
    assert ada.rotate_token("other", "other2", clock.now + 100)


def test_a_token_expires(ada: Store, clock: Clock) -> None:
    clock.now += 100
    with pytest.raises(TokenRefused) as refused:
        ada.rotate_token("t1", "t2", clock.now + 100)
    assert not refused.value.reused


def test_signing_out_ends_the_family(ada: Store, clock: Clock) -> None:
    ada.rotate_token("t1", "t2", clock.now + 100)
    ada.revoke_token("t1")
    ada.revoke_token("never was")
    with pytest.raises(TokenRefused):
        ada.rotate_token("t2", "t3", clock.now + 100)


def test_a_new_password_signs_out_everywhere(ada: Store, clock: Clock) -> None:
    created = ada.user("ada")
    clock.now += 5
    changed = ada.add_admin("ada", "hash2")
    assert created is not None
    assert (changed.password_hash, changed.created) == ("hash2", created.created)
    with pytest.raises(TokenRefused):
        ada.rotate_token("t1", "t2", clock.now + 100)


def test_a_token_needs_a_user(store: Store, clock: Clock) -> None:
    with pytest.raises(NotFound):
        store.issue_token("nobody", "t", clock.now + 1)
