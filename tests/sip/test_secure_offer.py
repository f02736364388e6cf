"""Offers and answers of encrypted audio (RFC 4568, RFC 8643)."""

from random import Random

import pytest

from pbx.sip.audio import SUPPORTED
from pbx.sip.crypto import first
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.flow import Address
from pbx.sip.offer import Negotiation
from pbx.sip.sdp import Description

HERE, THERE = Address("192.0.2.10", 10000), Address("192.0.2.58", 5000)


def ours(srtp: str = "off") -> Negotiation:
    return Negotiation(1, srtp=srtp, random=Random(1))


def phone(srtp: str = "off") -> Negotiation:
    return Negotiation(2, srtp=srtp, random=Random(2))


def offered(one: Negotiation) -> Description:
    return Description.parse(one.make_offer(THERE, SUPPORTED).encode())


def answered(one: Negotiation, offer: Description) -> Description:
    one.take_offer(offer)
    return Description.parse(one.make_answer(HERE, SUPPORTED).encode())


def proto(description: Description) -> str:
    return description.media[0].proto


@pytest.mark.parametrize(("srtp", "name"), [("required", "RTP/SAVP"), ("optional", "RTP/AVP")])
def test_each_encrypts_with_its_own_key(srtp: str, name: str) -> None:
    us, them = ours(), phone(srtp)
    answer = answered(us, offered(them))
    them.take_answer(answer)
    assert proto(answer) == name
    assert us.keys is not None
    assert them.keys is not None
    assert us.keys == them.keys[::-1]
    assert us.keys[0].key != us.keys[1].key


def test_who_asks_for_nothing_gets_nothing() -> None:
    us = ours()
    answer = answered(us, offered(phone()))
    assert us.keys is None
    assert first(answer.media[0].attributes) is None


def test_what_is_optional_may_be_passed_over() -> None:
    us, them = ours("optional"), phone()
    offer = Description.parse(us.make_offer(HERE, SUPPORTED).encode())
    them.take_offer(offer)
    plain = them.make_answer(THERE, SUPPORTED)
    attributes = tuple(each for each in plain.media[0].attributes if each[0] != "crypto")
    said = Description.parse(plain.encode().replace(b"a=crypto", b"a=x-crypto"))
    us.take_answer(said)
    assert attributes
    assert us.keys is None
    assert proto(us.make_offer(HERE, SUPPORTED)) == "RTP/AVP"
    assert b"crypto" not in us.make_offer(HERE, SUPPORTED).encode()


@pytest.mark.parametrize(
    "edit",
    [(b"a=crypto", b"a=x-crypto"), (b"a=crypto:1", b"a=crypto:2"), (b"SHA1_80", b"SHA1_32")],
    ids=["none", "tag", "suite"],
)
def test_an_answer_without_the_keys_that_were_asked_for_is_none(edit: tuple[bytes, bytes]) -> None:
    us, them = ours("required"), phone()
    answer = answered(them, Description.parse(us.make_offer(HERE, SUPPORTED).encode()))
    with pytest.raises(RemoteProtocolError):
        us.take_answer(Description.parse(answer.encode().replace(*edit)))


def test_plain_audio_where_keys_are_required_is_no_offer() -> None:
    with pytest.raises(RemoteProtocolError):
        ours("required").take_offer(offered(phone()))


def test_keys_nobody_asked_for_are_not_used() -> None:
    us, them = ours(), phone("optional")
    offer = Description.parse(us.make_offer(HERE, SUPPORTED).encode())
    line = b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 40 + b"\r\n"
    us.take_answer(Description.parse(answered(them, offer).encode() + line))
    assert us.keys is None


def test_the_keys_stay_in_later_offers_either_way() -> None:
    us, them = ours(), phone("required")
    them.take_answer(answered(us, offered(them)))
    keys = us.keys
    again = Description.parse(us.make_offer(HERE, SUPPORTED, "sendonly").encode())
    assert proto(again) == "RTP/SAVP"
    us.take_answer(answered(them, again))
    them.take_answer(answered(us, offered(them)))
    assert us.keys == keys


def test_a_kept_agreement_goes_on_with_its_keys() -> None:
    us, them = ours(), phone("required")
    them.take_answer(answered(us, offered(them)))
    back = Negotiation.of(us.keep(), Random(3))
    assert back.keys == us.keys
    assert back.make_offer(HERE, SUPPORTED) == us.make_offer(HERE, SUPPORTED)


def test_who_refuses_both_is_asked_for_encrypted_audio_alone() -> None:
    us, them = ours("optional"), phone("required")
    us.make_offer(HERE, SUPPORTED)
    other = us.insist()
    assert other is not None
    assert proto(other) == "RTP/SAVP"
    us.take_answer(answered(them, Description.parse(other.encode())))
    assert us.keys is not None
    assert us.insist() is None
    assert ours().insist() is None
