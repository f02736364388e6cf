"""Carriers: registered, called by and through, probed, and left for another when they fail."""

from dataclasses import replace

import pytest

from pbx.directory import OutboundRoute, Trunk
from pbx.switch.events import TrunkChanged
from pbx.switch.router import matches
from tests.carrier import Carrier, Office
from tests.world import Phone

MAIN = Trunk(
    "Main", "register", "sip.carrier.test", username="493012345", password="carrier-secret",
    numbers=(("+493012345601", "1001"), ("*", "1002")), caller_id="+493012345600",
)  # fmt: skip
OUT = OutboundRoute("Out", "0X.", ("Main",), strip=1)


@pytest.fixture
def office() -> Office:
    return Office("1001", "1002")


@pytest.fixture
def anna(office: Office) -> Phone:
    return office.phone("1001", "192.0.2.11")


@pytest.fixture
def carrier(office: Office) -> Carrier:
    return Carrier(office, "198.51.100.1")


def test_it_registers_with_credentials_and_refreshes(office: Office, carrier: Carrier) -> None:
    office.configure(MAIN)
    assert office.states == {"Main": "up"}
    assert carrier.contact.startswith("<sip:493012345@192.0.2.1:5060;line=")
    assert [fact.trunk.state for fact in office.told(TrunkChanged)][-1] == "up"
    before = carrier.count("REGISTER")
    office.run(400)
    assert carrier.count("REGISTER") > before
    office.run(36000)
    assert office.states == {"Main": "up"}
    assert office.switch.counts()["transactions"] < 10


def test_a_wrong_password_is_said_and_not_hammered(office: Office, carrier: Carrier) -> None:
    carrier.secret = "another"
    office.configure(MAIN)
    office.run(60)
    assert office.states == {"Main": "down"}
    assert "the user name or the password is wrong" in office.words("Main")
    assert carrier.count("REGISTER") <= 4
    office.run(3600)
    assert carrier.count("REGISTER") < 30


def test_503_is_given_the_time_that_it_asks_for(office: Office, carrier: Carrier) -> None:
    carrier.refuse["REGISTER"], carrier.headers = 503, "Retry-After: 500\r\n"
    office.configure(MAIN)
    office.run(400)
    assert carrier.count("REGISTER") == 1
    carrier.refuse.clear()
    office.run(200)
    assert office.states == {"Main": "up"}


def test_silence_is_asked_less_and_less_often(office: Office, carrier: Carrier) -> None:
    carrier.silent = True
    office.configure(MAIN)
    office.run(3600)
    assert office.words("Main") == "not registered: 198.51.100.1:5060 does not answer"
    carrier.silent = False
    office.run(2100)
    assert office.states == {"Main": "up"}


def test_a_host_that_dns_does_not_know_is_said_and_looked_for_again(office: Office) -> None:
    office.configure(MAIN)
    assert office.words("Main") == "sip.carrier.test was not found (no answer from DNS)"
    Carrier(office, "198.51.100.1")
    office.run(40)
    assert office.states == {"Main": "up"}


def test_the_quicker_answer_of_dns_does_not_choose_the_address(office: Office) -> None:
    first = Carrier(office, "198.51.100.1")
    second = Carrier(office, "198.51.100.2", "sip2.carrier.test")
    office.slow["sip.carrier.test"] = []
    office.configure(replace(MAIN, fallbacks=("sip2.carrier.test",)))
    office.run(1)
    assert (office.states, second.contact) == ({"Main": "trying"}, "")
    assert office.words("Main") == "looking for sip.carrier.test"
    office.looked_up("sip.carrier.test")
    office.run(1)
    assert office.states == {"Main": "up"}
    assert (bool(first.contact), second.contact) == (True, "")


def test_the_second_address_is_registered_at_when_the_first_is_silent(office: Office) -> None:
    first, second = Carrier(office, "198.51.100.1"), Carrier(office, "198.51.100.2")
    first.silent = True
    office.configure(MAIN)
    office.run(4)
    assert office.states == {"Main": "up"}
    assert second.contact


def test_what_our_router_looks_like_from_outside_is_found_and_told_from_then_on(
    office: Office, carrier: Carrier
) -> None:
    before = carrier.answer

    def behind_a_router(request: object, status: int, to: str, tail: str) -> None:
        request.set("Via", f"{request.get('Via')};received=203.0.113.5".replace(";rport", ";rport=1024"))  # type: ignore[attr-defined]
        before(request, status, to, tail)  # type: ignore[arg-type]

    carrier.answer = behind_a_router  # type: ignore[method-assign]
    office.configure(MAIN, routes=(OUT,))
    assert carrier.contact.startswith("<sip:493012345@203.0.113.5:1024;line=")
    assert office.states == {"Main": "up"}
    anna = office.phone("1001", "192.0.2.11")
    mine = anna.call("0123")
    office.run(0.5)
    carrier.incoming.pick_up()
    office.run(0.5)
    mine.reinvite("sendonly")
    office.run(0.5)
    mine.bye()
    office.run(0.5)
    for request in carrier.seen:
        if request.method in ("INVITE", "ACK", "BYE"):
            text = request.encode().decode()
            assert "192.0.2.1:" not in text.replace("192.0.2.11", "")
            assert "c=IN IP4 192.0.2.1\r" not in text
    assert "c=IN IP4 203.0.113.5" in carrier.incoming.sdp.decode()


def test_it_says_goodbye(office: Office, carrier: Carrier) -> None:
    office.configure(MAIN)
    office.configure()
    assert carrier.seen[-1].get("Expires") == "0"
    office.run(100)
    assert office.switch.counts()["trunks"] == 0
    office.nothing_left()


def test_a_saved_change_elsewhere_does_not_register_again(office: Office, carrier: Carrier) -> None:
    office.configure(MAIN)
    before = carrier.count("REGISTER")
    office.configure(MAIN, x1001="+493012345601")
    assert carrier.count("REGISTER") == before


# -- calls in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialled", "rings"), [("+493012345601", "1001"), ("493012345601", "1001"), ("493012345999", "1002")]
)
def test_a_number_rings_its_extension(office: Office, carrier: Carrier, dialled: str, rings: str) -> None:
    phones = {number: office.phone(number, f"192.0.2.{10 + int(number[2:])}") for number in ("1001", "1002")}
    office.configure(MAIN)
    call = carrier.call(dialled)
    office.run(0.5)
    ringing = phones[rings].incoming
    assert ringing.invite is not None
    assert ringing.invite.from_.uri.user == "493012345"
    ringing.pick_up()
    office.run(0.5)
    assert call.log[-1] == "200"
    call.bye()
    office.run(1)
    assert (office.record.dialled, office.record.callee.number) == (dialled, rings)


def test_a_number_of_nobody_is_refused(office: Office, carrier: Carrier, anna: Phone) -> None:
    office.configure(replace(MAIN, numbers=(("+493012345601", "1001"),)), routes=(OUT,))
    for dialled in ("4930999", "1001", "0123"):
        call = carrier.call(dialled)
        office.run(0.5)
        assert call.log[-1] == "404", "what comes from a carrier goes to no other number, and never out again"


def test_a_stranger_in_the_carriers_name_is_none(office: Office, carrier: Carrier, anna: Phone) -> None:
    office.configure(MAIN)
    stranger = office.phone("493012345", "203.0.113.99", register=False)
    call = stranger.call("+493012345601")
    office.run(0.5)
    assert "401" in call.log
    assert not anna.calls


# -- calls out -----------------------------------------------------------------------------------------------


def test_a_call_goes_out_with_credentials(office: Office, carrier: Carrier, anna: Phone) -> None:
    carrier.challenges.add("INVITE")
    office.configure(MAIN, routes=(OUT,), x1001="+493012345601")
    mine = anna.call("0301234567")
    office.run(0.3)
    invites = [request for request in carrier.seen if request.method == "INVITE"]
    assert len({request.call_id for request in invites}) == 1
    assert invites[-1].raw_uri == "sip:301234567@sip.carrier.test"
    assert invites[-1].from_.uri.user == "+493012345601"
    assert "+493012345601" in (invites[-1].get("P-Asserted-Identity") or "")
    carrier.incoming.ring()
    office.run(1)
    carrier.incoming.pick_up()
    office.run(1)
    assert mine.log[-1] == "200"
    carrier.incoming.bye()
    office.run(1)
    assert mine.over
    assert (office.record.callee.number, office.record.callee.kind) == ("301234567", "trunk")
    office.configure()
    office.nothing_left()


def test_a_silent_address_is_left_for_the_next_within_four_seconds(office: Office, anna: Phone) -> None:
    first, second = Carrier(office, "198.51.100.1"), Carrier(office, "198.51.100.2")
    office.configure(MAIN, routes=(OUT,))
    first.silent = True
    anna.call("0123")
    office.run(3.9)
    assert second.count("INVITE") == 1
    second.incoming.pick_up()
    office.run(0.5)
    assert anna.calls[0].log[-1] == "200"
    anna.calls[0].bye()
    office.run(1)
    assert len(office.records) == 1


def test_an_address_that_is_overloaded_is_left_at_once(office: Office, anna: Phone) -> None:
    first, second = Carrier(office, "198.51.100.1"), Carrier(office, "198.51.100.2")
    office.configure(MAIN, routes=(OUT,))
    first.refuse["INVITE"] = 503
    anna.call("0123")
    office.run(0.2)
    assert second.count("INVITE") == 1


def test_busy_is_an_answer_and_no_reason_to_try_elsewhere(office: Office, anna: Phone) -> None:
    first, second = Carrier(office, "198.51.100.1"), Carrier(office, "198.51.100.2")
    office.configure(MAIN, routes=(OUT,))
    first.refuse["INVITE"] = 486
    mine = anna.call("0123")
    office.run(5)
    assert mine.log[-1] == "486"
    assert second.count("INVITE") == 0


def test_the_next_trunk_of_the_route_is_tried(office: Office, anna: Phone) -> None:
    spare = Carrier(office, "198.51.100.77", "198.51.100.77")
    both = OutboundRoute("Out", "0X.", ("Main", "Spare"), 1)
    office.configure(MAIN, Trunk("Spare", "ip", "198.51.100.77"), routes=(both,))
    anna.call("0123")
    office.run(0.3)
    assert spare.count("INVITE") == 1


def test_without_a_carrier_the_call_is_refused_at_once_and_in_words(office: Office, anna: Phone) -> None:
    office.configure(MAIN, routes=(OUT,))
    mine = anna.call("0123")
    office.run(0.3)
    assert mine.log[-1] == "503"
    assert office.record.cause_text == "the carrier cannot be reached"


def test_lines_are_counted(office: Office, carrier: Carrier, anna: Phone) -> None:
    office.configure(replace(MAIN, channels=1), routes=(OUT,))
    bert = office.phone("1002", "192.0.2.12")
    anna.call("0123")
    office.run(0.5)
    carrier.incoming.pick_up()
    office.run(0.5)
    second = bert.call("0124")
    office.run(0.5)
    assert second.log[-1] == "503"
    assert office.record.cause_text == "the carrier's lines are all in use"
    assert office.switch.trunks(office.now)[0].calls == 1


def test_only_what_the_carrier_speaks_is_offered(office: Office, carrier: Carrier, anna: Phone) -> None:
    office.configure(replace(MAIN, codecs=("PCMA",)), routes=(OUT,))
    anna.call("0123")
    office.run(0.5)
    assert b"RTP/AVP 8 101" in carrier.incoming.sdp


def test_health_is_what_was_measured(office: Office, carrier: Carrier) -> None:
    office.configure(MAIN)
    office.run(5)
    assert (office.states, office.words("Main")) == ({"Main": "up"}, "registered")
    assert carrier.count("OPTIONS") == 1
    carrier.silent = True
    office.run(70)
    assert office.words("Main") == "it does not answer OPTIONS"
    carrier.silent = False
    office.run(70)
    assert office.states == {"Main": "up"}


@pytest.mark.parametrize(
    ("pattern", "number", "taken"),
    [
        ("0X.", "0301", True), ("0X.", "0", False), ("0X.", "1301", False), ("NXX", "199", False),
        ("NXX", "299", True), ("[2-4]1", "31", True), ("[2-4]1", "51", False), ("112", "112", True),
        ("0Z.", "00", False), ("*9.", "*91", True),
    ],
)  # fmt: skip
def test_patterns(pattern: str, number: str, taken: bool) -> None:
    assert matches(pattern, number) is taken
