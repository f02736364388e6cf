"""Sealed values open with their key, in their place, and nowhere else."""

import stat
from hashlib import md5
from pathlib import Path

import pytest

from pbx.config import validators
from pbx.store import StoreError
from pbx.store.sealing import Box, claim_code, ha1, phone_password


def test_a_sealed_value_opens_for_its_purpose_only() -> None:
    box = Box(b"k" * 32)
    sealed = box.seal(b"secret", "password of 1001")
    assert b"secret" not in sealed
    assert box.open(sealed, "password of 1001") == b"secret"
    assert box.seal(b"secret", "password of 1001") != sealed
    for other, purpose in ((box, "password of 1002"), (Box(b"x" * 32), "password of 1001")):
        with pytest.raises(StoreError, match="does not open"):
            other.open(sealed, purpose)
    with pytest.raises(StoreError):
        box.open(b"", "password of 1001")


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "box.key"
    sealed = Box.of(path, create=True).seal(b"secret", "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Box.of(path, create=True).open(sealed, "x") == b"secret"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lost_or_damaged_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "box.key"
    with pytest.raises(StoreError, match=r"box\.key is missing"):
        Box.of(path, create=False)
    path.write_bytes(b"short")
    with pytest.raises(StoreError, match=r"box\.key is damaged"):
        Box.of(path, create=False)


def test_made_passwords_and_codes_differ_and_are_easy_to_carry() -> None:
    passwords = {phone_password("1001", "Anna") for _ in range(200)}
    assert len(passwords) == 200
    for password in passwords:
        assert validators.phone_password(password) == password
        assert not set(password) & set("0O1lI<>&\"'%+/\\ ")
    assert len({claim_code() for _ in range(200)}) == 200


def test_digests_are_those_of_rfc_7616() -> None:
    # The user, realm and passphrase of §3.9.1.
    found = ha1("Mufasa", "http-auth@example.org", "Circle of Life")
    assert found[0] == md5(b"Mufasa:http-auth@example.org:Circle of Life").hexdigest()
    assert found == (
        "3d78807defe7de2157e2b0b6573a855f",
        "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232",
    )
