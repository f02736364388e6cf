"""Transfer, blind and attended, and calls that are picked up or taken over (REFER, Replaces)."""

import re
from urllib.parse import quote

import pytest

from tests.world import DOMAIN, Phone, PhoneCall, World


@pytest.fixture
def world() -> World:
    return World("1001", "1002", "1003")


@pytest.fixture
def anna(world: World) -> Phone:
    return world.phone("1001", "192.0.2.11")


@pytest.fixture
def bert(world: World) -> Phone:
    return world.phone("1002", "192.0.2.12")


@pytest.fixture
def cleo(world: World) -> Phone:
    return world.phone("1003", "192.0.2.13")


class Sipfrags:
    """Answers the NOTIFYs that come to a phone, and keeps what they say."""

    def __init__(self, phone: Phone, status: int = 200) -> None:
        self.said: list[str] = []
        self.states: list[str] = []
        before = phone._request

        def take(request: object) -> None:
            if getattr(request, "method", "") == "NOTIFY":
                self.said.append(request.body.decode().split("\r\n")[0])  # type: ignore[attr-defined]
                self.states.append(request.get("Subscription-State"))  # type: ignore[attr-defined]
                phone.answer(request, status, request.get("To"), "Content-Length: 0\r\n\r\n")  # type: ignore[attr-defined]
            else:
                before(request)  # type: ignore[arg-type]

        phone._request = take  # type: ignore[method-assign, assignment]


def talk(world: World, caller: Phone, callee: Phone) -> tuple[PhoneCall, PhoneCall]:
    mine = caller.call(callee.number)
    world.run(1)
    callee.incoming.pick_up()
    world.run(1)
    assert not mine.over
    return mine, callee.incoming


def refer(call: PhoneCall, to: str, extra: str = "") -> None:
    call.cseq += 1
    header = f"Refer-To: {to}\r\n{extra}"
    call.sent = call.phone.request(
        "REFER", call.target, call.local, call.remote, call.call_id, call.cseq, extra=header
    )


def tag(text: str) -> str:
    found = re.search("tag=([^;>]+)", text)
    assert found is not None
    return found[1]


def replacing(call: PhoneCall, number: str) -> str:
    """The Refer-To of an attended transfer, as `call`'s phone writes it."""
    value = f"{call.call_id};to-tag={tag(call.remote)};from-tag={tag(call.local)}"
    return f"<sip:{number}@{DOMAIN}?Replaces={quote(value, safe='')}>"


def hears(world: World, first: Phone, second: Phone) -> bool:
    """Whether the one call's audio goes both ways between just these two."""
    want = world.wanted
    legs = {leg.leg: leg.remote for leg in want.legs}
    pairs = {(legs[a], legs[b]) for a, b in want.hears}
    ends = (first.address.host, first.port), (second.address.host, second.port)
    return pairs == {ends, ends[::-1]}


def answer_offers(world: World, *calls: PhoneCall) -> None:
    """Lets these phones take what they are offered, until nothing is offered any more."""
    for _ in range(6):
        world.run(0.2)
        for call in calls:
            if call.log and call.log[-1] == "INVITE":
                call.log.append("answered")
                call.reply(200, call.phone.sdp())
    world.run(0.2)


def test_a_blind_transfer(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    told = Sipfrags(bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    world.run(0.5)
    assert theirs.log[-1] == "202 REFER" or "202 REFER" in theirs.log
    assert world.switch.calls()[0].state == "transferring"
    invite = cleo.incoming.invite
    assert invite is not None
    assert invite.from_.uri.user == "1001"
    cleo.incoming.ring()
    world.run(1)
    cleo.incoming.pick_up()
    answer_offers(world, mine)
    assert told.said == ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"]
    assert told.states[-1] == "terminated;reason=noresource"
    assert theirs.over
    assert hears(world, anna, cleo)
    assert world.switch.calls()[0].state == "active"
    mine.bye()
    world.run(1)
    assert cleo.incoming.over
    assert (world.record.callee.number, world.record.transferred) == ("1003", "1002 to 1003")
    world.nothing_left()


def test_the_caller_may_transfer_too(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    Sipfrags(anna)
    refer(mine, f"<sip:1003@{DOMAIN}>")
    world.run(0.5)
    cleo.incoming.pick_up()
    answer_offers(world, theirs)
    assert mine.over
    assert hears(world, bert, cleo)
    cleo.incoming.bye()
    world.run(1)
    assert theirs.over
    assert world.record.ended_by == "callee"
    world.nothing_left()


@pytest.mark.parametrize(
    ("target", "status"), [("9999", "404"), ("1003", "480"), ("*43", "603"), ("1001", "486")]
)
def test_a_transfer_that_cannot_be_leaves_the_call_as_it_was(
    world: World, anna: Phone, bert: Phone, target: str, status: str
) -> None:
    mine, theirs = talk(world, anna, bert)
    told = Sipfrags(bert)
    refer(theirs, f"<sip:{target}@{DOMAIN}>")
    world.run(1)
    assert f"{status} REFER" in theirs.log or any(status in line for line in told.said)
    assert world.switch.calls()[0].state == "active"
    assert hears(world, anna, bert)
    mine.bye()
    world.run(1)
    assert theirs.over
    world.nothing_left()


def test_a_busy_third_party_gives_the_call_back(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    told = Sipfrags(bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    world.run(0.5)
    cleo.incoming.reply(486)
    world.run(1)
    assert told.said[-1].startswith("SIP/2.0 486")
    assert not theirs.over
    assert hears(world, anna, bert)
    theirs.bye()
    world.run(1)
    assert mine.over
    world.nothing_left()


def test_nobody_answers_the_transfer(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, _ = talk(world, anna, bert)
    told = Sipfrags(bert)
    refer(bert.incoming, f"<sip:1003@{DOMAIN}>")
    world.run(0.5)
    cleo.incoming.ring()
    world.run(31)
    assert told.said[-1].startswith("SIP/2.0 480")
    assert "CANCEL" in cleo.incoming.log
    assert hears(world, anna, bert)
    mine.bye()
    world.nothing_left()


def test_who_transferred_hangs_up_at_once_and_the_transfer_goes_on(
    world: World, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    world.run(0.5)
    theirs.bye()
    world.run(0.5)
    assert not mine.over
    cleo.incoming.pick_up()
    answer_offers(world, mine)
    assert hears(world, anna, cleo)
    mine.bye()
    world.nothing_left()


def test_who_transferred_has_gone_and_nobody_answers(
    world: World, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    world.run(0.5)
    theirs.bye()
    world.run(0.5)
    cleo.incoming.reply(603)
    world.run(1)
    assert mine.over
    assert world.record.cause == "declined"
    world.nothing_left()


def test_the_one_that_stays_gives_up_while_it_rings(
    world: World, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    told = Sipfrags(bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    world.run(0.5)
    cleo.incoming.ring()
    world.run(0.5)
    mine.bye()
    world.run(1)
    assert "CANCEL" in cleo.incoming.log
    assert theirs.over
    assert told.said[-1].startswith("SIP/2.0 487")
    world.nothing_left()


def test_two_transfers_at_once_are_one(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    Sipfrags(bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    world.run(0.2)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    world.run(0.2)
    assert "491 REFER" in theirs.log
    cleo.incoming.pick_up()
    answer_offers(world, mine)
    assert hears(world, anna, cleo)
    mine.bye()
    world.nothing_left()


def test_an_attended_transfer(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    theirs.reinvite("sendonly")
    world.run(0.5)
    mine.reply(200, anna.sdp("recvonly"))
    world.run(0.5)
    asks = bert.call("1003")
    world.run(1)
    cleo.incoming.pick_up()
    world.run(1)
    hers = cleo.incoming
    port = next(leg.local for want in world.media.wanted.values() for leg in want.legs
                if leg.remote == (cleo.address.host, cleo.port))  # fmt: skip
    told = Sipfrags(bert)
    refer(theirs, replacing(asks, "1003"))
    answer_offers(world, mine, hers)
    assert told.said == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
    assert theirs.over
    assert asks.over
    assert hears(world, anna, cleo)
    assert port in [leg.local for leg in world.wanted.legs], "Cleo's audio port is the same"
    assert [call.state for call in world.switch.calls()] == ["active"]
    (second,) = world.records
    assert (second.cause, second.callee.number) == ("transferred", "1003")
    mine.bye()
    world.run(1)
    assert hers.over
    assert world.records[-1].transferred == "1002 to 1003"
    world.nothing_left()


def test_an_attended_transfer_while_the_third_rings(
    world: World, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    asks = bert.call("1003")
    world.run(1)
    cleo.incoming.ring()
    world.run(0.5)
    second = world.switch._desk.calls[world.switch.calls()[1].call]
    asks.remote = f"<sip:1003@{DOMAIN}>;tag={second.caller.session.id}"  # as its 180 said
    Sipfrags(bert)
    refer(theirs, replacing(asks, "1003"))
    world.run(1)
    assert asks.log[-1].startswith("4")
    cleo.incoming.pick_up()
    answer_offers(world, mine)
    assert theirs.over
    assert hears(world, anna, cleo)
    mine.bye()
    world.nothing_left()


def test_a_transfer_to_a_call_that_does_not_exist(world: World, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    refer(theirs, f"<sip:1003@{DOMAIN}?Replaces=nothing%3Bto-tag%3Da%3Bfrom-tag%3Db>")
    world.run(0.5)
    assert theirs.log[-1] == "481 REFER"
    mine.bye()
    world.nothing_left()


@pytest.mark.parametrize(
    ("to", "status"),
    [("<sip:1003@x>, <sip:1001@x>", "400"), ("<mailto:a@b>", "400"), ("<sip:1003@x;method=BYE>", "501")],
)
def test_what_is_no_transfer_is_refused(
    world: World, anna: Phone, bert: Phone, to: str, status: str
) -> None:
    mine, theirs = talk(world, anna, bert)
    refer(theirs, to)
    world.run(0.5)
    assert theirs.log[-1] in (f"{status} REFER", "416 REFER")
    mine.bye()
    world.nothing_left()


def test_who_does_not_want_to_know_is_not_told(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    told = Sipfrags(bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>", "Refer-Sub: false\r\n")
    world.run(0.5)
    cleo.incoming.pick_up()
    answer_offers(world, mine)
    assert told.said == []
    assert theirs.over
    mine.bye()
    world.nothing_left()


def pick(world: World, phone: Phone, call: PhoneCall, extra: str = "") -> PhoneCall:
    """`phone` calls with a Replaces that names `call`, whose phone we called (as its lamp key knows it)."""
    value = f"{call.call_id};to-tag={tag(call.remote)};from-tag={tag(call.local)}{extra}"
    mine = phone.call("1002", extra=f"Replaces: {value}\r\nRequire: replaces\r\n")
    world.run(0.5)
    return mine


def test_a_ringing_call_is_picked_up_elsewhere(world: World, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine = anna.call("1002")
    world.run(1)
    bert.incoming.ring()
    world.run(0.5)
    picked = pick(world, cleo, bert.incoming)
    assert picked.log[-1] == "200"
    assert mine.log[-1] == "200"
    assert "CANCEL" in bert.incoming.log
    assert hears(world, anna, cleo)
    mine.bye()
    world.run(1)
    assert picked.over
    assert world.record.callee.number == "1003"
    world.nothing_left()


def test_a_call_goes_on_at_another_phone_of_the_same_person(world: World, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    mobile = world.phone("1002", "192.0.2.22")
    taken = pick(world, mobile, theirs)
    assert taken.log[-1] == "200"
    answer_offers(world, mine)
    assert theirs.over
    assert hears(world, anna, mobile)
    taken.bye()
    world.run(1)
    assert mine.over
    world.nothing_left()


def test_nobody_takes_over_a_call_of_somebody_else(
    world: World, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    assert pick(world, cleo, theirs).log[-1] == "403"
    assert pick(world, bert, theirs, ";early-only").log[-1] == "486"
    assert hears(world, anna, bert)
    mine.bye()
    world.run(1)
    assert pick(world, cleo, theirs).log[-1] == "481"
    world.nothing_left()
