"""Passwords of people."""

import bcrypt

from pbx.api import passwords


def test_a_hash_fits_its_password_alone_and_costs_what_it_should() -> None:
    kept = passwords.hashed("correct horse 42")
    assert kept.startswith(f"$2b${passwords.ROUNDS}$")
    assert passwords.matches("correct horse 42", kept)
    assert not passwords.matches("correct horse 43", kept)


def test_the_decoy_costs_the_same_and_fits_nothing() -> None:
    assert passwords.DECOY.startswith(f"$2b${passwords.ROUNDS}$")
    assert not passwords.matches("", passwords.DECOY)


def test_a_password_beyond_what_bcrypt_reads_never_matches() -> None:
    kept = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert passwords.matches("x" * 72, kept)
    assert not passwords.matches("x" * 73, kept)
    assert not passwords.matches("ä" * 72, kept)
    assert not passwords.matches("nul\0", kept)
