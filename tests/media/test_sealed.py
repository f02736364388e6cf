"""A leg that encrypts, and one that does not, through the running media process."""

import base64
import dataclasses
import time

import pytest

from pbx.rtp.packet import Packet
from pbx.rtp.srtp import Srtp
from pbx.wire.media import Ask, Counted, Keys
from tests.media.rig import HERE, A, B, leg, two_way

pytestmark = pytest.mark.integration

SUITE = "AES_CM_128_HMAC_SHA1_80"
OURS, HERS = (base64.b64encode(bytes([n]) * 30).decode() for n in (1, 2))
RTCP = bytes.fromhex("80c90001") + bytes(4)


@pytest.fixture
def her() -> Srtp:
    """Anna's end."""
    return Srtp(Keys(SUITE, HERS, OURS))


def packet(number, ssrc=1):
    return bytes(Packet(0, number, number * 160, ssrc, b"\x55" * 160))


def state(media, anna, bob, generation=1):
    hers = leg("a", A, anna, remote_rtcp=anna.rtcp.getsockname())
    sealed = dataclasses.replace(hers, keys=Keys(SUITE, OURS, HERS))
    media.say(two_way("c", generation, sealed, leg("b", B, bob, remote_rtcp=bob.rtcp.getsockname())))


def send(phone, data, port):
    phone.rtp.sendto(data, (HERE, port))


def heard(phone, within=0.05):
    phone.rtp.settimeout(within)
    try:
        return phone.rtp.recv(2000)
    except TimeoutError:
        return b""


def opened(srtp, data):
    buffer = bytearray(2000)
    buffer[: len(data)] = data
    return bytes(buffer[: srtp.open(buffer, len(data))])


def say_until_heard(phone, make, port, listener):
    """`make(n)` is the n-th packet; the media process may not have read what is wanted yet."""
    end = time.monotonic() + 3
    number = 0
    while time.monotonic() < end:
        number += 1
        send(phone, make(number), port)
        if said := heard(listener):
            return number, said
    raise AssertionError("nothing was heard")


def counters(media):
    media.say(Ask("c"))
    return {each.leg: each for each in media.hear(Counted).counters}


def test_what_she_encrypts_he_hears_plain_and_the_other_way_round(media, anna, bob, her):
    state(media, anna, bob)
    number, said = say_until_heard(anna, lambda n: her.seal(memoryview(packet(n))), A, bob)
    assert said == packet(number)
    number, said = say_until_heard(bob, lambda n: packet(n, 2), B, anna)
    assert packet(number, 2)[12:] not in said
    assert opened(her, said) == packet(number, 2)
    time.sleep(0.6)  # by now the kernel checks the sources: the other path through the relay
    for number in range(1000, 1010):
        send(anna, her.seal(memoryview(packet(number))), A)
        assert heard(bob, 1) == packet(number)
        send(bob, packet(number, 2), B)
        assert opened(her, heard(anna, 1)) == packet(number, 2)


def test_plain_and_forged_packets_are_refused_and_nobody_latches(media, anna, bob, mallory, her):
    state(media, anna, bob)
    assert counters(media)["a"].refused == 0
    for number in range(5):
        send(anna, packet(number), A)
        send(anna, b"\x80" + bytes(40), A)
    assert heard(bob, 0.3) == b""
    assert counters(media)["a"].refused == 10
    number, said = say_until_heard(anna, lambda n: her.seal(memoryview(packet(n + 100))), A, bob)
    assert said == packet(number + 100)


def test_reports_are_opened_and_sealed_too(media, anna, bob, her):
    state(media, anna, bob)
    say_until_heard(anna, lambda n: her.seal(memoryview(packet(n))), A, bob)
    say_until_heard(bob, lambda n: packet(n, 2), B, anna)
    sealed = her.seal(memoryview(RTCP))
    anna.rtcp.sendto(sealed, (HERE, A + 1))
    bob.rtcp.settimeout(1)
    assert bob.rtcp.recv(2000) == RTCP
    bob.rtcp.sendto(RTCP, (HERE, B + 1))
    anna.rtcp.settimeout(1)
    said = anna.rtcp.recv(2000)
    assert said != RTCP
    assert opened(her, said) == RTCP


def test_encryption_may_begin_in_mid_call(media, anna, bob, her):
    media.say(two_way("c", 1, leg("a", A, anna), leg("b", B, bob)))
    say_until_heard(anna, packet, A, bob)
    say_until_heard(bob, lambda n: packet(n, 2), B, anna)
    time.sleep(0.6)
    state(media, anna, bob, 2)
    number, said = say_until_heard(anna, lambda n: her.seal(memoryview(packet(n + 500))), A, bob)
    assert said == packet(number + 500)
