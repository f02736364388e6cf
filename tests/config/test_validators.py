"""Single values, as the document, the API and the command line take them."""

from collections.abc import Callable

import pytest

from pbx.config import validators


@pytest.mark.parametrize(
    ("check", "given", "kept"),
    [
        (validators.number, "1001", "1001"),
        (validators.number, 1001, "1001"),
        (validators.number, "01", "01"),
        (validators.name, "  Zoë Müller ", "Zoë Müller"),
        (validators.name, "x" * 64, "x" * 64),
        (validators.domain, "PBX.Example.org.", "pbx.example.org"),
        (validators.domain, "pbx", "pbx"),
        (validators.domain, "127.0.0.20", "127.0.0.20"),
        (validators.domain, "2001:DB8:0::1", "2001:db8::1"),
        (validators.address, " 192.0.2.1 ", "192.0.2.1"),
        (validators.username, " Ada.L@x ", "ada.l@x"),
        (validators.console_password, "correct horse", "correct horse"),
    ],
)
def test_good_values_have_one_spelling(check: Callable[[object], str], given: object, kept: str) -> None:
    assert check(given) == kept
    assert check(kept) == kept


@pytest.mark.parametrize(
    ("check", "given", "words"),
    [
        (validators.number, "1", "wanted 2 to 6 digits"),
        (validators.number, "1234567", "wanted 2 to 6 digits"),
        (validators.number, "*43", "is a code"),
        (validators.number, "١٢٣", "wanted 2 to 6 digits"),
        (validators.number, True, "put it in quotes"),
        (validators.number, 10.5, "put it in quotes"),
        (validators.name, "   ", "is empty"),
        (validators.name, None, "is empty"),
        (validators.name, "x" * 65, "65 characters"),
        (validators.name, "a\tb", "control character"),
        (validators.name, "a\u202eb", "control character"),
        (validators.domain, "-x.org", "is not a host name"),
        (validators.domain, "300.1.1.1", "is not a host name"),
        (validators.domain, "a..b", "is not a host name"),
        (validators.domain, "a" * 64, "is not a host name"),
        (validators.domain, "ex ample", "is not a host name"),
        (validators.address, "pbx.example.org", "is not an IP address"),
        (validators.address, "10.0.0.0/8", "is not an IP address"),
        (validators.place, "sip.example.org:0", "no proper port"),
        (validators.outside_number, "+49 30", "not a telephone number"),
        (validators.account, "a b", "not a user name"),
        (validators.phone_password, "", "0 characters"),
        (validators.phone_password, "päss-word-long", "spell differently"),
        (validators.username, "Ada Lovelace", "letters, digits"),
        (validators.console_password, "short", "at least 10"),
        (validators.console_password, "Strong\udcff-pass-2026", "UTF-8"),
        (validators.console_password, "aaaaaaaaaaaaa", "different"),
        (validators.console_password, "ä" * 37 + "bcdef", "72 bytes"),
    ],
)
def test_bad_values_are_refused_with_what_is_wanted(
    check: Callable[[object], str], given: object, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        check(given)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("Rig-secret-2026", None),
        ("correct horse battery staple", None),
        ("Sh0rt-pass", "too short"),
        ("1001-1001-Xy", "number or the name"),
        ("Anna-ADAMS-7777", "number or the name"),
        ("Aa1-Aa1-Aa1-Aa1", "repeats"),
        ("onlysmallletters", "too plain"),
    ],
)
def test_a_phone_password_must_be_hard_to_guess(secret: str, why: str | None) -> None:
    found = validators.weakness(secret, "1001", "Anna Adams")
    assert found is None if why is None else why in (found or "")


def test_a_year_in_a_good_password_may_be_somebodys_number() -> None:
    assert validators.weakness("Rig-secret-2026", "20", "Rig") is None
    assert validators.weakness("Rig-secret-2026", "2026", "Bo") is None


def test_a_password_of_unquoted_digits_is_those_digits() -> None:
    assert validators.phone_password(1234) == "1234"
