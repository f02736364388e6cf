"""What `warden trace` may show."""

import time

import pytest

from pbx.net.trace import mentions, readable

REGISTER = (
    b"REGISTER sip:127.0.0.20 SIP/2.0\r\nTo: <sip:1001@127.0.0.20>\r\n%s\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    "header",
    [
        b'Authorization: Digest username="1001", response="5ec4e7"',
        b'authorization : Digest username="1001",\r\n response="5ec4e7"',
        b'Proxy-Authorization: Digest response="5ec4e7"',
        b"AUTHORIZATION: Basic 5ec4e7",
    ],
)
def test_credentials_are_hidden_however_they_are_spelled(header: bytes) -> None:
    text = readable(REGISTER % header)
    assert "5ec4e7" not in text
    assert "<hidden>" in text
    assert "Content-Length: 0" in text


def test_media_keys_are_hidden() -> None:
    text = readable(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ec4e7\r\nk=base64:5ec4e7\r\na=sendrecv\r\n")
    assert "5ec4e7" not in text
    assert "a=sendrecv" in text


def test_pressed_keys_are_hidden_for_they_may_be_a_pin() -> None:
    info = b"INFO sip:a@b SIP/2.0\r\nContent-Type: %s\r\nSubject: x\r\n\r\n%s"
    relay = readable(info % (b"application/dtmf-relay", b"Signal= 7\r\nDuration=160\r\n"))
    assert "7" not in relay
    assert "Duration=160" in relay
    digit = info % (b"application/dtmf", b"7")
    for whole in (digit, digit.replace(b"\r", b"")):
        plain = readable(whole)
        assert "7" not in plain
        assert "Subject: x" in plain
    last = b"INFO sip:a@b SIP/2.0\r\nc:application/dtmf\r\n\r\n7"
    assert readable(last).endswith("\n\n<hidden>")
    assert readable(info % (b"application/sdp", b"7")).endswith("7")


def test_a_message_cannot_steer_the_terminal() -> None:
    assert readable(b"Subject: \x1b[2J\xff\x9b\r\n") == "Subject: \\x1b[2J\\xff\\x9b\n"


def test_a_hostile_message_is_read_in_no_time() -> None:
    for data in (b"\n" * 60_000, b"authorization:" * 4_000, b"a=crypto:" + b" " * 60_000, b" \n" * 30_000):
        began = time.perf_counter()
        readable(data)
        mentions(data, "1001")
        assert time.perf_counter() - began < 0.5


def test_a_number_is_found_whole() -> None:
    message = REGISTER % b"Subject: x"
    assert mentions(message, "1001")
    assert not mentions(message, "100")
    assert mentions(b"INVITE tel:100;phone-context=x SIP/2.0", "100")
