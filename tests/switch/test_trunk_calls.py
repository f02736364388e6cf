"""Calls through carriers that hide, refuse, vanish in mid-set-up, sit beyond a router, or are full."""

import re
from dataclasses import replace

import pytest

from pbx.directory import OutboundRoute, Trunk
from pbx.sip.flow import Address, Flow
from pbx.sip.message import Request
from pbx.sip.uri import Uri
from pbx.switch.events import Trouble
from pbx.switch.trunks import caller_number
from tests.carrier import Carrier, Office
from tests.world import PBX, Phone, PhoneCall

MAIN = Trunk(
    "Main", "register", "sip.carrier.test", username="493012345", password="carrier-secret",
    numbers=(("*", "1001"),), caller_id="+493012345600",
)  # fmt: skip
SPARE = Trunk("Spare", "ip", "198.51.100.77")
OUT = OutboundRoute("Out", "0X.", ("Main", "Spare"), strip=1)
OUTSIDE = "203.0.113.5"


@pytest.fixture
def office() -> Office:
    return Office("1001", "1002")


@pytest.fixture
def anna(office: Office) -> Phone:
    return office.phone("1001", "192.0.2.11")


class Beyond(Carrier):
    """A carrier beyond our router, which shows us at OUTSIDE.  `wire` is all that it ever got."""

    def __init__(self, office: Office, host: str = "198.51.100.1") -> None:
        super().__init__(office, host)
        self.wire: list[bytes] = []

    def receive(self, data: bytes) -> None:
        self.wire.append(data)
        super().receive(data)

    def answer(self, request: Request, status: int, to: str, tail: str) -> None:
        via = (request.get("Via") or "").replace(";rport", f";rport=1024;received={OUTSIDE}", 1)
        request.set("Via", via)
        super().answer(request, status, to, tail)

    def leaks(self) -> list[str]:
        """Lines with our inside address."""
        inside = re.compile(rf"{re.escape(PBX.host)}(?![0-9])")
        return [line for data in self.wire for line in data.decode().splitlines() if inside.search(line)]


def long_call(office: Office, mine: PhoneCall, theirs: PhoneCall) -> None:
    """Held and resumed by both sides, then hung up."""
    for call, way in ((mine, "sendonly"), (mine, "sendrecv"), (theirs, "sendonly"), (theirs, "sendrecv")):
        call.reinvite(way)
        office.run(0.5)
        for other in (mine, theirs):
            if other is not call and other.log[-1] == "INVITE":
                other.reply(200, other.phone.sdp())
        office.run(3)
    mine.bye()
    office.run(1)
    assert theirs.over


def test_no_message_of_a_long_call_shows_an_inside_address(office: Office, anna: Phone) -> None:
    carrier = Beyond(office)
    carrier.challenges.add("INVITE")
    office.configure(MAIN, routes=(OUT,))
    first = len(carrier.wire[:1])
    mine = anna.call("0301")
    office.run(0.5)
    carrier.incoming.ring()
    office.run(0.5)
    carrier.incoming.pick_up()
    office.run(0.5)
    assert mine.log[-1] == "200"
    long_call(office, mine, carrier.incoming)
    kinds = {data.split()[0] for data in carrier.wire}
    assert {b"REGISTER", b"INVITE", b"ACK", b"BYE"} <= kinds
    carrier.wire = carrier.wire[first:]
    assert carrier.leaks() == [], "but for the very first message, before we could know"
    assert f"c=IN IP4 {OUTSIDE}".encode() in carrier.incoming.sdp


def test_no_answer_to_a_long_call_that_came_in_shows_one_either(office: Office, anna: Phone) -> None:
    carrier = Beyond(office)
    office.configure(MAIN)
    carrier.wire.clear()
    theirs = carrier.call("+4930123456")
    office.run(0.5)
    anna.incoming.ring()
    anna.incoming.pick_up()
    office.run(0.5)
    assert theirs.log[-1] == "200"
    long_call(office, anna.incoming, theirs)
    assert any(b"SIP/2.0 200" in data and OUTSIDE.encode() in data for data in carrier.wire)
    assert carrier.leaks() == []


def test_nor_does_a_switch_that_took_over(office: Office, anna: Phone) -> None:
    carrier = Beyond(office)
    office.configure(MAIN)
    theirs = carrier.call("+4930123456")
    office.run(0.5)
    anna.incoming.pick_up()
    office.run(0.5)
    office.kill()
    office.run(1)
    carrier.wire.clear()
    anna.incoming.reinvite("sendonly")
    office.run(0.5)
    assert theirs.log[-1] == "INVITE"
    assert carrier.leaks() == []
    theirs.bye()
    office.run(1)


# -- in mid-set-up -------------------------------------------------------------------------------------------


def two(office: Office) -> tuple[Carrier, Carrier]:
    """The carrier has two hosts, and we are registered at the first."""
    both = Carrier(office, "198.51.100.1"), Carrier(office, "198.51.100.2")
    office.configure(MAIN, routes=(OUT,))
    return both


@pytest.mark.parametrize("late", [0, 180, 200])
def test_a_host_that_stops_in_mid_set_up_is_left_and_what_it_still_says_is_put_right(
    office: Office, anna: Phone, late: int
) -> None:
    first, second = two(office)
    mine = anna.call("0301")
    office.run(3.2)  # it has the INVITE, and says nothing
    assert first.incoming.log[0] == "INVITE"
    office.run(0.7)
    second.incoming.pick_up()
    office.run(0.1)
    assert mine.log[-1] == "200", "within four seconds"
    if late == 180:
        first.incoming.ring()
        office.run(1)
        assert "CANCEL" in first.incoming.log
    elif late:
        first.incoming.pick_up()
        office.run(1)
        assert first.incoming.log[-2:] == ["ACK", "BYE"]
    mine.bye()
    office.configure()
    office.nothing_left()
    assert len(office.records) == 1


def test_a_carrier_that_rings_is_not_left(office: Office, anna: Phone) -> None:
    first, second = two(office)
    mine = anna.call("0301")
    office.run(0.5)
    first.incoming.ring()
    office.run(0.5)
    first.incoming.reply(503)
    office.run(5)
    assert mine.log[-1] == "503"
    assert second.count("INVITE") == 0


def test_a_carrier_that_only_says_trying_keeps_the_call(office: Office, anna: Phone) -> None:
    first, second = two(office)
    anna.call("0301")
    office.run(0.5)
    first.incoming.reply(100)
    office.run(60)
    assert second.count("INVITE") == 0


def test_a_connection_that_is_refused_is_no_time_lost(office: Office, anna: Phone) -> None:
    first, second = two(office)
    anna.call("0301")
    office.run()
    office.switch.broken(Flow("udp", PBX, first.address), office.now)
    office._perform()
    office.run(0.1)
    assert second.count("INVITE") == 1


def test_the_only_host_is_not_waited_for_half_a_minute(office: Office, anna: Phone) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(OUT,))
    carrier.silent = True
    mine = anna.call("0301")
    office.run(10.5)
    assert mine.log[-1] == "503"
    assert office.record.cause_text == "the carrier cannot be reached"
    office.configure()
    office.nothing_left()


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_carrier_in_trouble_is_left_for_the_next_one(office: Office, anna: Phone, status: int) -> None:
    first, second = Carrier(office, "198.51.100.1"), Carrier(office, "198.51.100.2")
    spare = Carrier(office, "198.51.100.77", "198.51.100.77")
    office.configure(MAIN, SPARE, routes=(OUT,))
    first.refuse["INVITE"] = status
    anna.call("0301")
    office.run(0.3)
    assert (second.count("INVITE"), spare.count("INVITE")) == (0, 1)


def test_credentials_that_a_carrier_does_not_take_are_said_and_the_next_one_is_tried(
    office: Office, anna: Phone
) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(OUT,))
    carrier.challenges.add("INVITE")
    carrier.secret = "another"
    mine = anna.call("0301")
    office.run(0.3)
    assert mine.log[-1] == "503"
    assert office.record.cause_text == "the carrier refused our user name or password"
    assert carrier.count("INVITE") == 2
    spare = Carrier(office, "198.51.100.77", "198.51.100.77")
    office.configure(MAIN, SPARE, routes=(OUT,))
    anna.call("0302")
    office.run(0.3)
    assert spare.count("INVITE") == 1


def test_nobody_is_transferred_to_the_outside(office: Office, anna: Phone) -> None:
    bert = office.phone("1002", "192.0.2.12")
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(OUT,))
    mine = anna.call("1002")
    office.run(0.1)
    bert.incoming.pick_up()
    office.run(0.1)
    mine.cseq += 1
    to = "Refer-To: <sip:0301@office.test>\r\n"
    anna.request("REFER", mine.target, mine.local, mine.remote, mine.call_id, mine.cseq, extra=to)
    office.run(0.5)
    assert mine.log[-1] == "603 REFER"
    assert carrier.count("INVITE") == 0
    mine.bye()
    office.run(1)


# -- calls in ------------------------------------------------------------------------------------------------


def test_a_full_trunk_takes_no_more_calls_and_says_so(office: Office, anna: Phone) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(replace(MAIN, channels=1), routes=(OUT,))
    first = carrier.call("+4930123456")
    office.run(0.5)
    anna.incoming.pick_up()
    office.run(0.5)
    second = carrier.call("+4930123456")
    office.run(0.5)
    assert second.log[-1] == "503"
    (trouble,) = office.told(Trouble)
    assert trouble.text == "a call from Main was refused: all 1 channels are in use"
    first.bye()
    office.run(0.5)
    third = carrier.call("+4930123456")
    office.run(0.5)
    assert third.log[-1] == "100"


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+49-30.123@c.test", "+4930123"), ("sip:+4930123;phone-context=x@c.test", "+4930123"),
        ("tel:+49-30-123", "+4930123"), ("sip:030%20123@c.test", "030123"), ("sip:anna.b@c.test", "anna.b"),
        ("sip:c.test", "anonymous"),
    ],
)  # fmt: skip
def test_who_calls_is_a_number_without_ornaments(uri: str, number: str) -> None:
    assert caller_number(Uri.parse(uri)) == number


# -- where it is ---------------------------------------------------------------------------------------------


def test_a_carrier_that_moved_is_found_again(office: Office, anna: Phone) -> None:
    old = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(OUT,))
    old.silent = True
    office.dns.clear()
    new = Carrier(office, "198.51.100.2")
    office.run(120)
    assert office.states == {"Main": "up"}
    anna.call("0301")
    office.run(0.3)
    assert new.count("INVITE") == 1


def test_a_router_that_rewrites_is_told_of_once(office: Office) -> None:
    class Alg(Carrier):
        def answer(self, request: Request, status: int, to: str, tail: str) -> None:
            request.set("Via", (request.get("Via") or "").replace(f"{PBX}", "10.9.9.9:5060"))
            super().answer(request, status, to, tail)

    Alg(office, "198.51.100.1")
    office.configure(MAIN)
    office.run(100)
    (trouble,) = office.told(Trouble)
    assert trouble.slug == "sip_alg"
    assert "our Via 192.0.2.1:5060 came back as 10.9.9.9:5060" in trouble.text


def test_an_unregistered_trunk_shows_itself_by_options_too(office: Office) -> None:
    far = Beyond(office)
    office.dns["198.51.100.1"] = [Address("198.51.100.1", 5060)]
    office.configure(Trunk("Peer", "ip", "198.51.100.1"))
    office.run(40)
    assert office.states == {"Peer": "up"}
    assert f"Via: SIP/2.0/UDP {OUTSIDE}:1024".encode() in far.wire[-1]


# -- who calls -----------------------------------------------------------------------------------------------


def test_other_addresses_of_a_carrier_are_known_and_their_neighbours_are_not(
    office: Office, anna: Phone
) -> None:
    Carrier(office, "198.51.100.1")
    office.configure(replace(MAIN, sources=("203.0.113.0/28", "203.0.113.99/32")))
    for host, known in (("203.0.113.7", True), ("203.0.113.99", True), ("203.0.113.100", False)):
        call = office.phone("493012345", host, register=False).call("+4930123456")
        office.run(0.5)
        assert ("100" in call.log) is known


PEER = Trunk("Peer", "account", "192.0.2.50", username="branch", password="secret-branch",
             numbers=(("+49301", "1001"),))  # fmt: skip


def test_a_pbx_that_has_an_account_calls_with_its_password(office: Office, anna: Phone) -> None:
    office.configure(PEER)
    branch = office.phone("branch", "192.0.2.50", register=False)
    call = branch.call("+49301")
    office.run(0.5)
    assert call.log[0] == "401", "its address alone is not enough"
    anna.incoming.pick_up()
    office.run(0.5)
    assert call.log[-1] == "200"
    assert office.switch.calls()[0].caller.line == "Peer"
    call.bye()
    other = branch.call("1002")
    office.run(0.5)
    assert other.log[-1] == "404"


def test_a_wrong_password_of_a_pbx_is_refused(office: Office, anna: Phone) -> None:
    office.configure(PEER)
    branch = office.phone("branch", "192.0.2.50", register=False)
    branch.password = "another"
    call = branch.call("+49301")
    office.run(3)
    assert "100" not in call.log
    assert not anna.calls
    branch.register()
    office.run(3)
    assert not branch.registered
