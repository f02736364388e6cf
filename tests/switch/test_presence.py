"""Lamps, presence and messages waiting, as phones see them."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from pbx.sip.message import Request
from tests.journalled import Journalled
from tests.world import DOMAIN, Phone

PIDF = "urn:ietf:params:xml:ns:pidf"


class Lamp:
    """A key of `phone` that watches `number`; `bodies` is what it was told, the newest last."""

    def __init__(self, phone: Phone, number: str, package: str = "dialog") -> None:
        self.phone, self.number, self.package = phone, number, package
        self.bodies: list[bytes] = []
        self.states: list[str] = []
        self.cseqs: list[int] = []
        self.call_id = f"lamp-{phone.number}-{number}-{package}"
        self.answers = 200
        before = phone._request

        def take(request: Request) -> None:
            if request.method == "NOTIFY" and request.call_id == self.call_id:
                self.bodies.append(request.body)
                self.states.append(request.get("Subscription-State") or "")
                self.cseqs.append(request.cseq.number)
                tail = "Content-Length: 0\r\n\r\n"
                phone.answer(request, self.answers, request.get("To") or "", tail)
            else:
                before(request)

        phone._request = take  # type: ignore[method-assign]

    def subscribe(self, expires: int = 600) -> None:
        me, uri = f"<sip:{self.phone.number}@{DOMAIN}>;tag=l", f"sip:{self.number}@{DOMAIN}"
        extra = f"Event: {self.package}\r\nExpires: {expires}\r\n"
        self.phone._serial += 1
        cseq = self.phone._serial
        text = self.phone.request("SUBSCRIBE", uri, me, f"<{uri}>", self.call_id, cseq, extra=extra)
        self.phone._pending[f"{self.call_id} {cseq}"] = (text, None)
        self.phone.world.run(0)

    @property
    def shows(self) -> list[str]:
        """The states of the watched phone's calls, [] when it is idle."""
        tree = ET.fromstring(self.bodies[-1])
        name = "{urn:ietf:params:xml:ns:dialog-info}"
        return [each.findtext(f"{name}state") or "" for each in tree.iter(f"{name}dialog")]


@pytest.fixture
def world() -> Journalled:
    return Journalled("1001", "1002", "1003")


@pytest.fixture
def anna(world: Journalled) -> Phone:
    return world.phone("1001", "192.0.2.11")


@pytest.fixture
def bert(world: Journalled) -> Phone:
    return world.phone("1002", "192.0.2.12")


@pytest.fixture
def cleo(world: Journalled) -> Phone:
    return world.phone("1003", "192.0.2.13")


def test_a_lamp_follows_a_call(world: Journalled, anna: Phone, bert: Phone, cleo: Phone) -> None:
    lamp, other = Lamp(cleo, "1002"), Lamp(cleo, "1001")
    lamp.subscribe()
    other.subscribe()
    assert (lamp.shows, other.shows) == ([], [])
    mine = anna.call("1002")
    world.run(0.5)
    bert.incoming.ring()
    world.run(0.5)
    assert (lamp.shows, other.shows) == (["early"], ["early"])
    assert b'direction="recipient"' in lamp.bodies[-1]
    assert b'direction="initiator"' in other.bodies[-1]
    assert b"sip:1001@office.test" in lamp.bodies[-1]
    bert.incoming.pick_up()
    world.run(0.5)
    assert (lamp.shows, other.shows) == (["confirmed"], ["confirmed"])
    mine.reinvite("sendonly")
    world.run(0.2)
    bert.incoming.reply(200, bert.sdp("recvonly"))
    world.run(0.2)
    assert b"+sip.rendering" in other.bodies[-1]
    mine.bye()
    world.run(0.5)
    assert (lamp.shows, other.shows) == ([], [])
    versions = [int(ET.fromstring(body).attrib["version"]) for body in lamp.bodies]
    assert versions == list(range(1, len(versions) + 1))
    lamp.subscribe(0)


def test_names_with_markup_are_words(world: Journalled, anna: Phone, bert: Phone) -> None:
    lamp = Lamp(anna, "1002")
    lamp.subscribe()
    directory = world.switch._stack.directory
    extension = replace(directory.extensions["1003"], name='<b>&"x')
    extensions = {**directory.extensions, "1003": extension}
    world.switch.use(replace(directory, revision=2, extensions=extensions), world.now)
    cleo = world.phone("1003", "192.0.2.13")
    cleo.call("1002")
    world.run(0.5)
    bert.incoming.ring()
    world.run(0.5)
    assert ET.fromstring(lamp.bodies[-1]) is not None
    assert lamp.shows == ["early"]


def test_a_watcher_can_pick_up_what_it_sees(world: Journalled, anna: Phone, bert: Phone, cleo: Phone) -> None:
    lamp = Lamp(cleo, "1002")
    lamp.subscribe()
    mine = anna.call("1002")
    world.run(0.5)
    bert.incoming.ring()
    world.run(0.5)
    told = lamp.bodies[-1].decode()
    call_id, remote, local = (
        re.search(f'{name}="([^"]+)"', told)[1] for name in ("call-id", "remote-tag", "local-tag")  # type: ignore[index]
    )
    replaces = f"Replaces: {call_id};to-tag={remote};from-tag={local}\r\n"
    picked = cleo.call("1002", extra=replaces)
    world.run(0.5)
    assert (picked.log[-1], mine.log[-1]) == ("200", "200")
    mine.bye()
    world.run(1)
    assert picked.over


def test_presence_is_open_while_a_phone_is_there(world: Journalled, anna: Phone) -> None:
    lamp = Lamp(anna, "1002", "presence")
    lamp.subscribe()
    assert b"closed" in lamp.bodies[-1]
    bert = world.phone("1002", "192.0.2.12")
    assert b"<basic>open</basic>" in lamp.bodies[-1]
    assert b"Available" in lamp.bodies[-1]
    bert.call("*43")
    world.run(0.5)
    assert b"On the phone</note>" in lamp.bodies[-1]
    person = ET.fromstring(lamp.bodies[-1]).find(f"{{{PIDF}:data-model}}person")
    assert person is not None, "what softphones colour their lamp by (RFC 4480)"
    assert person.find(f"{{{PIDF}:rpid}}activities/{{{PIDF}:rpid}}on-the-phone") is not None
    bert.register(expires=0)
    world.run(0.5)
    assert b"closed" in lamp.bodies[-1]


def test_messages_waiting_are_only_ones_own(world: Journalled, anna: Phone) -> None:
    lamp, peek = Lamp(anna, "1001", "message-summary"), Lamp(anna, "1002", "message-summary")
    lamp.subscribe()
    peek.subscribe()
    assert b"Messages-Waiting: no\r\n" in lamp.bodies[-1]
    assert peek.states == ["terminated;reason=rejected"]
    world.switch.mailbox("1001", 2, 8, world.now)
    world._perform()
    world.run(0)
    assert lamp.bodies[-1].endswith(b"Voice-Message: 2/8 (0/0)\r\n")


def test_there_is_no_lamp_for_what_does_not_exist(world: Journalled, anna: Phone) -> None:
    lamp = Lamp(anna, "7777")
    lamp.subscribe()
    assert lamp.states == ["terminated;reason=noresource"]


def test_a_call_disturbs_no_other_lamps(world: Journalled, anna: Phone, bert: Phone, cleo: Phone) -> None:
    lamp = Lamp(cleo, "1003")
    lamp.subscribe()
    anna.call("1002")
    world.run(0.5)
    bert.incoming.ring()
    world.run(0.5)
    assert len(lamp.bodies) == 1


def test_two_hundred_watchers_of_one_line(world: Journalled, anna: Phone, bert: Phone) -> None:
    lamps = [Lamp(anna, "1002") for _ in range(200)]
    for n, lamp in enumerate(lamps):
        lamp.call_id += f"-{n}"
        lamp.subscribe()
    anna.call("1002")
    world.run(0.5)
    bert.incoming.ring()
    world.run(1)
    assert {tuple(lamp.shows) for lamp in lamps} == {("early",)}
    assert world.switch.counts()["subscriptions"] == 200
    world.run(700)
    assert world.switch.counts()["subscriptions"] == 0
    assert not [key for key in world.journal if key.startswith("subscription:")]
    world.nothing_left()


def test_lamps_outlive_the_switch(world: Journalled, anna: Phone, bert: Phone, cleo: Phone) -> None:
    lamp = Lamp(cleo, "1002")
    lamp.subscribe()
    mine = anna.call("1002")
    world.run(0.5)
    bert.incoming.pick_up()
    world.run(0.5)
    world.kill()
    world.run(12)
    assert lamp.shows == ["confirmed"]
    mine.bye()
    world.run(0.5)
    assert lamp.shows == []
    assert lamp.cseqs == sorted(lamp.cseqs)


def test_a_phone_that_registers_again_disturbs_nobody(world: Journalled, anna: Phone, bert: Phone) -> None:
    lamps = [Lamp(anna, "1002", package) for package in ("dialog", "presence")]
    for lamp in lamps:
        lamp.subscribe()
    for _ in range(5):
        bert.register()
        world.run(1)
    assert [len(lamp.bodies) for lamp in lamps] == [1, 1]
