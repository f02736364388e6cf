"""What strangers may cost us."""

import pytest

from pbx.sip.auth import LONGEST_NAME
from pbx.sip.events import AuthFailed, Rejected
from pbx.sip.flow import Address
from pbx.sip.strangers import FAR, MOST, NEAR, PHONE, Purses, is_near
from tests.sip.kit import OFFER, Phone, Rig, label, labels

OUTSIDE = Address("8.8.8.8", 5060)


@pytest.mark.parametrize("agent", ["friendly-scanner", "SIPVicious 0.3", "sipcli/v1.8"])
def test_a_scanner_hears_nothing(agent: str) -> None:
    rig = Rig()
    for method in ("OPTIONS", "REGISTER", "INVITE"):
        assert Phone(rig).say(method, headers=[f"User-Agent: {agent}"]) == []
    assert {event.reason for event in rig.events() if isinstance(event, Rejected)} == {"scanner"}


def test_from_outside_nobody_calls_without_credentials() -> None:
    rig = Rig()
    stranger = Phone(rig, "1001", OUTSIDE)
    assert stranger.say("INVITE", body=OFFER) == []
    assert rig.event(Rejected).reason == "stranger"
    assert labels(stranger.say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test")) == ["401 REGISTER"]


def test_a_phone_that_registered_from_outside_calls_as_any_other() -> None:
    rig = Rig()
    phone = Phone(rig, "1001", OUTSIDE)
    assert labels(phone.register(f"<sip:1001@{OUTSIDE};line=1>")) == ["200 REGISTER"]
    assert labels(phone.dial()) == ["100 INVITE"]


def test_who_only_asks_is_soon_not_answered_and_later_again() -> None:
    rig = Rig()
    phone = Phone(rig, "1001", OUTSIDE)
    answers = [phone.say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test") for _ in range(100)]
    assert sum(map(len, answers)) == FAR[0]
    rig.wait(10)
    assert len(phone.say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test")) == 1


def test_who_proves_itself_never_notices() -> None:
    rig = Rig()
    for n in range(300):
        phone = Phone(rig, "1001", OUTSIDE)
        phone.call_id = f"many-{n}"
        phone.branches = (f"z9hG4bK{n}x{m}" for m in range(9))  # type: ignore[assignment]
        answers = phone.register(f"<sip:1001@{OUTSIDE};line=1>")
        assert [label(answer) for answer in answers] == ["200 REGISTER"]
    assert rig.stack.counts["purses"] == 0


def test_a_phone_that_answers_every_challenge_wrongly_costs_its_share_and_no_more() -> None:
    purses = Purses(lambda host: 1)
    paid = sum(purses.take("10.0.0.9", now / 1000) for now in range(10_000))  # 10 seconds, 1,000 a second
    assert paid == int(NEAR[0] + PHONE[0] + 10 * (NEAR[1] + PHONE[1])) - 1
    assert purses.take("10.0.0.8", 10.0), "others do not pay for it"


@pytest.mark.parametrize(("host", "phones"), [("10.0.0.9", 2000), ("8.8.8.8", 300)])
def test_all_phones_of_an_office_behind_one_address_may_come_back_at_once(host: str, phones: int) -> None:
    """Each asks for two challenges (itself, its lamp) and repeats both three times before any is answered."""
    purses = Purses(lambda host: phones)
    assert all(purses.take(host, 0.0) for _ in range(phones * 2 * 4))


def test_a_phone_that_answers_each_challenge_at_once_with_none_is_soon_silent() -> None:
    """As baresip's mwi module does with a 407 to its SUBSCRIBE; the phones beside it do not notice."""
    rig = Rig()
    mad, sane = Phone(rig), Phone(rig, "1002", Address("10.0.0.12", 5060))
    answers = 0
    for _ in range(10_000):
        answers += len(mad.say("SUBSCRIBE", headers=["Event: message-summary"]))
        rig.now += 0.001
    assert answers <= NEAR[0] + 10 * NEAR[1] + 1
    assert labels(sane.register(f"<sip:1002@{sane.address}>")) == ["200 REGISTER"]
    rig.wait(1)
    assert labels(mad.register(f"<sip:1001@{mad.address}>")) == ["200 REGISTER"], "nor it, once it is sane"


def test_purses_are_forgotten() -> None:
    purses = Purses(lambda host: 0)
    for n in range(MOST + 10):
        purses.take(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 0.0)
    assert len(purses) == MOST


@pytest.mark.parametrize(
    ("host", "near"), [("192.168.1.9", True), ("fe80::1", True), ("8.8.8.8", False), ("2001:4860::1", False)]
)
def test_what_is_near(host: str, near: bool) -> None:
    assert is_near(host) is near


def test_we_are_no_amplifier_for_who_forges_an_address() -> None:
    rig = Rig()
    phone = Phone(rig, "1001", OUTSIDE)
    kinds = ("OPTIONS", "BYE", "FOO", "NOTIFY")
    answers = [phone.say(kinds[n % 4]) for n in range(200)]
    assert sum(map(len, answers)) == FAR[0]
    assert rig.events()[-1].reason == "too_many_answers"  # type: ignore[union-attr]


def test_whoever_forges_a_phone_s_address_cannot_keep_its_challenge_from_it() -> None:
    rig = Rig()
    phone = Phone(rig, "1001", OUTSIDE)
    [offer] = phone.say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test")
    for _ in range(100):  # the forger
        Phone(rig, "1001", OUTSIDE).say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test")
    rig.wait(301)  # the phone's nonce is stale by now
    for _ in range(100):
        Phone(rig, "1001", OUTSIDE).say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test")
    headers = [phone.authorize(offer, "REGISTER", "sip:pbx.test")]
    [again] = phone.say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test", headers=headers)
    assert b"stale=true" in again.encode()


def test_a_claimed_account_is_not_remembered_at_any_length() -> None:
    rig = Rig()
    phone = Phone(rig, "1" * 300, OUTSIDE)
    [offer] = phone.say("REGISTER", uri="sip:pbx.test", to="sip:1001@pbx.test")
    phone.say("REGISTER", uri="sip:pbx.test", headers=[phone.authorize(offer, "REGISTER", "sip:pbx.test")])
    assert len(rig.event(AuthFailed).account) == LONGEST_NAME
