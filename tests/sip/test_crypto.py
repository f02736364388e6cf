"""`a=crypto` lines (RFC 4568): which of them we can follow."""

import base64

import pytest

from pbx.sip.crypto import SUITES, Crypto, first

KEY = base64.b64encode(bytes(range(30))).decode()
SHORT = base64.b64encode(bytes(28)).decode()


def line(text: str) -> Crypto | None:
    return first((("crypto", text),))


@pytest.mark.parametrize("suite", SUITES)
def test_suites_with_keys_of_their_length(suite: str) -> None:
    key = base64.b64encode(bytes(SUITES[suite])).decode()
    assert line(f"7 {suite} inline:{key}") == Crypto(7, suite, key)


@pytest.mark.parametrize("tail", ["|2^20", "|1048576", " WSH=64", "|2^31  WSH=128 "])
def test_a_lifetime_and_a_window_hint_change_nothing(tail: str) -> None:
    found = line(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{tail}")
    assert found is not None
    assert found.key == KEY


@pytest.mark.parametrize(
    "text",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=10",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{SHORT}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:A",
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"x AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        "",
    ],
    ids=["mki", "bare mki", "two keys", "plain", "key change", "short", "cut", "suite", "tag", ""],
)
def test_what_we_cannot_follow_is_passed_over(text: str) -> None:
    assert line(text) is None
    good = f"2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}"
    assert first((("crypto", text), ("crypto", good))) == Crypto(2, "AES_CM_128_HMAC_SHA1_32", KEY)


def test_a_key_is_not_shown_by_accident() -> None:
    assert KEY not in repr(line(f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"))
