"""Opening and sealing of one party's audio."""

import base64

import pytest

from pbx.rtp.packet import Packet
from pbx.rtp.srtp import Srtp
from pbx.wire.media import Keys

SIZES = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
RTCP = bytes.fromhex("80c90001") + bytes(4)


def key(number: int, size: int = 30) -> str:
    return base64.b64encode(bytes([number]) * size).decode()


def pair(suite: str = "AES_CM_128_HMAC_SHA1_80") -> tuple[Srtp, Srtp]:
    mine, theirs = key(1, SIZES[suite]), key(2, SIZES[suite])
    return Srtp(Keys(suite, mine, theirs)), Srtp(Keys(suite, theirs, mine))


def packet(number: int = 1) -> memoryview:
    return memoryview(bytes(Packet(0, number, number * 160, 7, b"hello" * 32)))


def opened(srtp: Srtp, data: bytes | None) -> bytes:
    assert data is not None
    buffer = bytearray(1501)
    buffer[: len(data)] = data
    return bytes(buffer[: srtp.open(buffer, len(data))])


@pytest.mark.parametrize("suite", SIZES)
@pytest.mark.parametrize("plain", [packet(), memoryview(RTCP)], ids=["RTP", "RTCP"])
def test_what_one_seals_the_other_opens(suite: str, plain: memoryview) -> None:
    us, them = pair(suite)
    sealed = us.seal(plain)
    assert sealed is not None
    assert plain[8:].tobytes() not in sealed or plain == RTCP
    assert opened(them, sealed) == plain


def test_what_was_touched_repeated_or_never_sealed_is_not_opened() -> None:
    us, them = pair()
    sealed = us.seal(packet())
    assert sealed is not None
    assert opened(them, sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:]) == b""
    assert opened(them, sealed) == packet()
    assert opened(them, sealed) == b""
    assert opened(them, bytes(packet(2))) == b""
    assert opened(them, b"x") == b""


def test_nothing_is_sealed_twice() -> None:
    us, _ = pair()
    assert us.seal(packet()) is not None
    assert us.seal(packet()) is None
    assert us.seal(memoryview(bytes(packet(2)) + bytes(1500))) is None


def test_a_direction_whose_key_stays_goes_on_counting() -> None:
    """Past 65,536 packets both ends count the rounds of the sequence number; who began again would not be
    understood."""
    us, them = pair()
    for number in (65535, 0, 1):
        assert opened(them, us.seal(packet(number))) == packet(number)
    us.follow(Keys("AES_CM_128_HMAC_SHA1_80", key(1), key(3)))
    assert opened(them, us.seal(packet(2))) == packet(2)
    other = Srtp(Keys("AES_CM_128_HMAC_SHA1_80", key(3), key(1)))
    assert opened(us, other.seal(packet(5))) == packet(5)
    assert opened(us, them.seal(packet(6))) == b""
