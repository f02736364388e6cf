"""Subscriptions (RFC 6665): begun, refreshed, ended, and told of one thing at a time."""

import random

import pytest

from pbx.sip.events import Rejected, Subscribed, Unsubscribed
from pbx.sip.message import Message
from pbx.sip.settings import Settings
from pbx.sip.stack import Stack
from pbx.sip.subscription import Subscription
from tests.sip.kit import DOMAIN, Phone, Rig, label, labels, office

KIND = "application/dialog-info+xml"


class Lamps(Rig):
    def __init__(self, **settings: object) -> None:
        super().__init__()
        self.settings = Settings(DOMAIN, **settings)  # type: ignore[arg-type]
        self.stack = Stack(self.settings, office(), random.Random(3), packages={"dialog": KIND})


class Watcher(Phone):
    """`took` are the NOTIFYs it got."""

    def subscribe(self, expires: int = 600, *headers: str) -> list[Message]:
        lines = ["Event: dialog", f"Accept: {KIND}", f"Expires: {expires}", *headers]
        return self.authorized("SUBSCRIBE", uri=f"sip:1002@{DOMAIN}", headers=lines)

    def begin(self, expires: int = 600) -> Subscription:
        (answer,) = self.subscribe(expires)
        assert label(answer) == "200 SUBSCRIBE"
        self.remote_tag = answer.to.tag or ""
        return self.rig.event(Subscribed).subscription

    def again(self, expires: int) -> list[Message]:  # type: ignore[override]
        lines = ["Event: dialog", f"Expires: {expires}"]
        return self.say("SUBSCRIBE", uri=f"sip:1002@{DOMAIN}", headers=lines)


def body(version: int) -> bytes:
    return f"state {version}".encode()


@pytest.fixture
def rig() -> Lamps:
    return Lamps()


@pytest.fixture
def phone(rig: Lamps) -> Watcher:
    return Watcher(rig)


def tell(rig: Lamps, subscription: Subscription) -> list[Message]:
    subscription.notify(body, KIND, rig.now)
    return rig.drain(len(rig.said))


def test_it_is_told_refreshed_and_ended(rig: Lamps, phone: Watcher) -> None:
    subscription = phone.begin()
    (notify,) = tell(rig, subscription)
    assert (label(notify), notify.body, notify.get("Event")) == ("NOTIFY", b"state 1", "dialog")
    assert notify.get("Subscription-State") == "active;expires=600"
    phone.answer(notify, 200)
    rig.wait(300)
    (answer,) = phone.again(900)
    assert (label(answer), answer.expires) == ("200 SUBSCRIBE", 900)
    assert rig.event(Subscribed) == Subscribed(subscription)
    (notify,) = tell(rig, subscription)
    assert (notify.get("Subscription-State"), notify.body) == ("active;expires=900", b"state 2")
    phone.answer(notify, 200)
    phone.again(0)
    assert rig.event(Subscribed).fetch
    subscription.notify(body, KIND, rig.now, "timeout")
    (notify,) = rig.drain(len(rig.said))
    assert notify.get("Subscription-State") == "terminated;reason=timeout"
    assert rig.event(Unsubscribed).subscription is subscription
    phone.answer(notify, 200)
    assert labels(phone.again(600)) == ["481 SUBSCRIBE"]
    rig.wait(100)
    assert rig.stack.counts["subscriptions"] == 0
    assert rig.stack.idle


def test_nobody_refreshes_it(rig: Lamps, phone: Watcher) -> None:
    phone.begin(60)
    (notify,) = rig.wait(60)
    assert notify.get("Subscription-State") == "terminated;reason=timeout"
    rig.event(Unsubscribed)
    rig.wait(100)
    assert rig.stack.idle


def test_while_one_is_on_its_way_only_the_newest_state_waits(rig: Lamps, phone: Watcher) -> None:
    subscription = phone.begin()
    (first,) = tell(rig, subscription)
    for text in (b"older", b"newest"):
        subscription.notify(lambda version, text=text: text + b" %d" % version, KIND, rig.now)  # type: ignore[misc]
    assert rig.drain(len(rig.said)) == []
    (second,) = phone.answer(first, 200)
    assert second.body == b"newest 2"
    assert second.cseq.number == first.cseq.number + 1


@pytest.mark.parametrize("status", [481, 489, 405])
def test_who_does_not_know_it_any_more_is_forgotten(rig: Lamps, phone: Watcher, status: int) -> None:
    subscription = phone.begin()
    (notify,) = tell(rig, subscription)
    phone.answer(notify, status)
    assert rig.event(Unsubscribed).subscription is subscription
    rig.wait(100)
    assert rig.stack.idle


def test_one_lost_answer_is_forgiven_two_are_not(rig: Lamps, phone: Watcher) -> None:
    subscription = phone.begin()
    tell(rig, subscription)
    rig.wait(33)
    assert rig.event(Subscribed).subscription is subscription  # tell it again
    tell(rig, subscription)
    rig.wait(33)
    assert rig.event(Unsubscribed).subscription is subscription
    rig.wait(100)
    assert rig.stack.idle


@pytest.mark.parametrize(
    ("headers", "status", "says"),
    [
        (["Event: weather"], 489, ("Allow-Events", "dialog")),
        ([], 489, ("Allow-Events", "dialog")),
        (["Event: dialog", "Accept: text/plain"], 406, ("Accept", KIND)),
        (["Event: dialog", "Expires: 10"], 423, ("Min-Expires", "60")),
        (["Event: dialog", "Expires: 99999999"], 200, ("Expires", "3600")),
        (["Event: dialog;id=7"], 200, ("Expires", "3600")),
    ],
)
def test_what_may_be_asked_for(
    rig: Lamps, phone: Watcher, headers: list[str], status: int, says: tuple[str, str]
) -> None:
    (answer,) = phone.authorized("SUBSCRIBE", uri=f"sip:1002@{DOMAIN}", headers=headers)
    assert (label(answer), answer.get(says[0])) == (f"{status} SUBSCRIBE", says[1])


def test_a_stranger_gets_a_401_and_leaves_nothing(rig: Lamps, phone: Watcher) -> None:
    for _ in range(3):
        assert labels(phone.say("SUBSCRIBE", headers=["Event: dialog"])) == ["401 SUBSCRIBE"]
    assert rig.stack.idle


def test_nobody_subscribes_in_the_name_of_another(rig: Lamps) -> None:
    phone = Watcher(rig)
    phone.number = "1001"
    data = phone.build("SUBSCRIBE", uri=f"sip:1002@{DOMAIN}", headers=["Event: dialog"])
    (challenge,) = rig.hear(data, phone.address)
    credentials = phone.authorize(challenge, "SUBSCRIBE", f"sip:1002@{DOMAIN}")
    data = phone.build("SUBSCRIBE", uri=f"sip:1002@{DOMAIN}", headers=["Event: dialog", credentials])
    (answer,) = rig.hear(data.replace(b"From: <sip:1001@", b"From: <sip:1002@"), phone.address)
    assert label(answer) == "403 SUBSCRIBE"
    assert rig.event(Rejected).reason == "not_your_number"


def test_there_is_an_end_to_it() -> None:
    rig = Lamps(max_subscriptions_of_one=2)
    for n in range(3):
        phone = Watcher(rig)
        phone.call_id = f"lamp-{n}"
        phone.branches = (f"z9hG4bK{n}-{m}" for m in range(99))  # type: ignore[assignment]
        (answer,) = phone.subscribe()
        assert label(answer) == ("200 SUBSCRIBE" if n < 2 else "503 SUBSCRIBE")


def test_an_heir_goes_on_with_higher_numbers(rig: Lamps, phone: Watcher) -> None:
    subscription = phone.begin()
    (notify,) = tell(rig, subscription)
    phone.answer(notify, 200)
    kept = subscription.keep()
    heir = Lamps()
    heir.now = rig.now
    heir.stack.subscriptions.adopt(kept, heir.now)
    heir.wait(11)
    again = heir.event(Subscribed).subscription
    again.notify(body, KIND, heir.now)
    (later,) = heir.drain(len(heir.said))
    assert later.cseq.number > notify.cseq.number
    assert later.call_id == notify.call_id
    assert int(later.body.split()[1]) > 1
    phone.rig = heir
    phone.answer(later, 200)
    assert labels(phone.again(600)) == ["200 SUBSCRIBE"]
