"""Calls through carriers that hide, refuse, vanish in mid-set-up or sit beyond a router."""

from dataclasses import replace

import pytest

from pbx.directory import Trunk
from pbx.sip.flow import Address, Flow
from pbx.sip.message import Request
from pbx.switch.events import Trouble
from tests.carrier import MAIN, OUT, OUTSIDE, SPARE, Beyond, Carrier, Office
from tests.world import PBX, Phone, PhoneCall


@pytest.fixture
def office() -> Office:
    return Office("1001", "1002")


@pytest.fixture
def anna(office: Office) -> Phone:
    return office.phone("1001", "192.0.2.11")


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


def test_a_carrier_that_challenges_a_bye_gets_its_answer_after_a_restart(office: Office, anna: Phone) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(OUT,))
    mine = anna.call("0301")
    office.run(0.5)
    carrier.incoming.pick_up()
    office.run(0.5)
    office.kill()
    office.run(1)
    carrier.challenges.add("BYE")
    mine.bye()
    office.run(1)
    (bye,) = [request for request in carrier.seen if request.method == "BYE"]
    assert bye.get("Authorization"), "with the nonce of the registration"
    assert carrier.incoming.over


def test_what_is_dialled_stays_one_number(office: Office, anna: Phone) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(replace(OUT, pattern="0."),))
    mine = anna.call("0*31%23")
    office.run(0.5)
    assert carrier.seen[-1].raw_uri == "sip:*31%23@sip.carrier.test"
    mine.cancel()
    office.run(1)


def test_without_an_answer_from_dns_nothing_waits(office: Office, anna: Phone) -> None:
    bert = office.phone("1002", "192.0.2.12")
    office.switch.located = lambda token, flows, now: None  # type: ignore[method-assign]
    office.configure(MAIN, routes=(OUT,))
    began, mine = office.now, anna.call("0301")
    office.run()
    assert mine.log[-1] == "503"
    anna.call("1002")
    office.run()
    bert.incoming.ring()
    office.run()
    assert anna.calls[-1].log[-1] == "180"
    assert office.now == began


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
