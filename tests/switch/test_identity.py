"""Who is shown to whom, how a call says where it came from, and phones that send it on (3xx)."""

from dataclasses import replace

import pytest

from pbx.sip.message import Request
from pbx.switch.causes import passed_on
from tests.carrier import MAIN, OUT, Carrier, Office
from tests.switch.test_transfer import Sipfrags, answer_offers, hears, refer, replacing, talk
from tests.world import DOMAIN, Phone, PhoneCall

HOSTILE = (
    "Alert-Info: <http://evil.test>;info=alert-autoanswer\r\nCall-Info: <sip:evil.test>;answer-after=0\r\n"
    "Answer-Mode: Auto;require\r\nPriv-Answer-Mode: Auto\r\nP-Asserted-Identity: <sip:1002@x>\r\n"
)


@pytest.fixture
def office() -> Office:
    return Office("1001", "1002", "1003", "1004")


@pytest.fixture
def anna(office: Office) -> Phone:
    return office.phone("1001", "192.0.2.11")


@pytest.fixture
def bert(office: Office) -> Phone:
    return office.phone("1002", "192.0.2.12")


@pytest.fixture
def cleo(office: Office) -> Phone:
    return office.phone("1003", "192.0.2.13")


@pytest.fixture
def carrier(office: Office) -> Carrier:
    found = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(OUT,), x1001="+493012345601")
    return found


def invite(phone: Phone) -> Request:
    request = phone.incoming.invite
    assert request is not None
    return request


def send_on(call: PhoneCall, number: str, status: int = 302) -> None:
    call.reply(status, extra=f"Contact: <sip:{number}@198.51.100.99>\r\n")


# -- hiding


def test_a_caller_who_hides_is_nobody_to_phones_and_known_to_the_record(
    office: Office, anna: Phone, bert: Phone
) -> None:
    mine = anna.call("1002", extra="Privacy: id\r\n")
    office.run(0.5)
    shown = invite(bert)
    assert str(shown.from_).startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert "1001" not in shown.encode().decode()
    mine.cancel()
    office.run(1)
    assert office.record.caller.number == "1001"
    office.nothing_left()


def test_a_caller_who_hides_is_known_to_the_carrier_alone(
    office: Office, anna: Phone, carrier: Carrier
) -> None:
    mine = anna.call("0301234567", extra="Privacy: user;id\r\n")
    office.run(0.5)
    told = invite(carrier)
    assert told.from_.uri.host == "anonymous.invalid"
    assert told.get("Privacy") == "id"
    assert told.all("P-Asserted-Identity") == ["<sip:+493012345601@sip.carrier.test>"]
    mine.cancel()
    office.run(1)


def test_who_hides_stays_hidden_when_handed_over(
    office: Office, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine = anna.call("1002", extra="Privacy: id\r\n")
    office.run(0.5)
    bert.incoming.pick_up()
    office.run(0.5)
    Sipfrags(bert)
    refer(bert.incoming, f"<sip:1003@{DOMAIN}>")
    office.run(0.5)
    assert "1001" not in invite(cleo).encode().decode()
    cleo.incoming.pick_up()
    answer_offers(office, mine)
    mine.bye()
    office.run(1)
    office.nothing_left()


# -- what peers claim is not passed on


def test_nothing_that_a_carrier_sends_makes_a_phone_answer_by_itself(
    office: Office, anna: Phone, carrier: Carrier
) -> None:
    call = carrier.call("+4930123456", extra=HOSTILE)
    office.run(0.5)
    for header in ("Alert-Info", "Call-Info", "Answer-Mode", "Priv-Answer-Mode", "P-Asserted-Identity"):
        assert invite(anna).get(header) is None
    call.cancel()
    office.run(1)


def test_a_phone_is_who_it_proved_to_be(office: Office, anna: Phone, bert: Phone) -> None:
    claims = "Diversion: <sip:1003@x>\r\nHistory-Info: <sip:1003@x>;index=1\r\n"
    mine = anna.call("1002", extra=claims + HOSTILE)
    office.run(0.5)
    assert invite(bert).from_.uri.user == "1001"
    for header in ("P-Asserted-Identity", "Diversion", "History-Info", "Alert-Info"):
        assert invite(bert).get(header) is None
    mine.cancel()
    office.run(1)


def test_where_a_carriers_call_was_before_is_told(office: Office, anna: Phone, carrier: Carrier) -> None:
    before = (
        'Diversion: "x" <sip:+4940111@c.test;a=b>;reason=user-busy;screen=no, nonsense\r\n'
        "History-Info: <sip:+4940111@c.test>;index=1, <sip:+4930123456@c.test>;index=1.1\r\n"
    )
    call = carrier.call("+4930123456", extra=before)
    office.run(0.5)
    assert invite(anna).all("Diversion") == ["<sip:+4940111@c.test>;reason=user-busy"]
    assert invite(anna).all("History-Info") == [
        "<sip:+4940111@c.test>;index=1",
        "<sip:+4930123456@c.test>;index=1.1",
        f"<sip:1001@{DOMAIN}>;index=1.1.1",
    ]
    call.cancel()
    office.run(1)


# -- a phone sends the call on


@pytest.mark.parametrize("status", [300, 301, 302])
def test_a_phone_sends_its_call_on_inside_the_office(
    office: Office, anna: Phone, bert: Phone, cleo: Phone, status: int
) -> None:
    mine = anna.call("1002")
    office.run(0.5)
    send_on(bert.incoming, "1003", status)
    office.run(0.5)
    told = invite(cleo)
    assert told.from_.uri.user == "1001"
    assert told.all("Diversion") == [f"<sip:1002@{DOMAIN}>;reason=deflection"]
    assert told.all("History-Info") == [
        f"<sip:1002@{DOMAIN}?Reason=SIP%3Bcause%3D302>;index=1",
        f"<sip:1003@{DOMAIN}>;index=1.1;mp=1",
    ]
    cleo.incoming.pick_up()
    office.run(0.5)
    assert hears(office, anna, cleo)
    mine.bye()
    office.run(1)
    assert (office.record.dialled, office.record.callee.number) == ("1002", "1003")
    office.nothing_left()


@pytest.mark.parametrize("number", ["0301234567", "1001", "1002", "nobody"])
def test_a_phone_sends_nobody_outside_nor_in_a_circle(
    office: Office, anna: Phone, bert: Phone, carrier: Carrier, number: str
) -> None:
    mine = anna.call("1002")
    office.run(0.5)
    send_on(bert.incoming, number)
    office.run(0.5)
    assert mine.log[-1] == "480"
    assert carrier.count("INVITE") == 0
    office.configure()
    office.nothing_left()


def test_two_phones_that_send_each_other_the_call_end_it(
    office: Office, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine = anna.call("1002")
    office.run(0.5)
    send_on(bert.incoming, "1003")
    office.run(0.5)
    send_on(cleo.incoming, "1002")
    office.run(0.5)
    assert mine.log[-1] == "480"
    assert len(bert.calls) == 1
    office.nothing_left()


def test_the_last_word_is_that_of_the_phone_it_was_sent_to(
    office: Office, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine = anna.call("1002")
    office.run(0.5)
    send_on(bert.incoming, "1003")
    office.run(0.5)
    cleo.incoming.reply(486)
    office.run(0.5)
    assert mine.log[-1] == "486"
    office.nothing_left()


def test_who_gets_a_call_handed_over_may_send_it_on(
    office: Office, anna: Phone, bert: Phone, cleo: Phone
) -> None:
    mine, theirs = talk(office, anna, bert)
    dora = office.phone("1004", "192.0.2.14")
    told = Sipfrags(bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    office.run(0.5)
    send_on(cleo.incoming, "1004")
    office.run(0.5)
    assert told.said == ["SIP/2.0 100 Trying"]
    dora.incoming.pick_up()
    answer_offers(office, mine)
    assert told.said[-1] == "SIP/2.0 200 OK"
    assert theirs.over
    assert hears(office, anna, dora)
    mine.bye()
    office.run(1)
    assert office.record.transferred == "1002 to 1004"
    office.nothing_left()


# -- displays


def test_the_caller_sees_who_answered(office: Office, anna: Phone, bert: Phone, cleo: Phone) -> None:
    answers: list[str | None] = []
    before = anna.receive

    def keep(data: bytes) -> None:
        if b"\r\nCSeq: 2 INVITE" in data and data.startswith(b"SIP/2.0 200"):
            answers.append(data.decode().partition("P-Asserted-Identity: ")[2].partition("\r\n")[0])
        before(data)

    anna.receive = keep  # type: ignore[method-assign]
    anna.call("1002")
    office.run(0.5)
    send_on(bert.incoming, "1003")
    office.run(0.5)
    cleo.incoming.pick_up()
    office.run(0.5)
    assert answers
    assert all(f"<sip:1003@{DOMAIN}>" in (answer or "") for answer in answers)


def test_after_a_transfer_both_see_each_other(office: Office, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(office, anna, bert)
    second, cleos = talk(office, bert, cleo)
    Sipfrags(bert)
    refer(theirs, replacing(second, "1003"))
    answer_offers(office, mine, cleos)
    for call, number in ((mine, "1003"), (cleos, "1001")):
        assert call.invite is not None
        assert f"<sip:{number}@{DOMAIN}>" in (call.invite.get("P-Asserted-Identity") or "")
    mine.bye()
    office.run(1)
    office.nothing_left()


def test_who_is_handed_a_call_is_told_by_whom(office: Office, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine, theirs = talk(office, anna, bert)
    Sipfrags(bert)
    refer(theirs, f"<sip:1003@{DOMAIN}>")
    office.run(0.5)
    assert f"<sip:1002@{DOMAIN}>" in (invite(cleo).get("Referred-By") or "")
    assert invite(cleo).get("Diversion") is None
    assert invite(cleo).all("History-Info") == [
        f"<sip:1002@{DOMAIN}>;index=1",
        f"<sip:1003@{DOMAIN}>;index=1.1;mp=1",
    ]
    mine.bye()
    office.run(1)
    office.nothing_left()


def test_hiding_outlives_a_restart(office: Office, anna: Phone, bert: Phone, cleo: Phone) -> None:
    mine = anna.call("1002", extra="Privacy: id\r\n")
    office.run(0.5)
    bert.incoming.pick_up()
    office.run(0.5)
    office.kill()
    Sipfrags(bert)
    refer(bert.incoming, f"<sip:1003@{DOMAIN}>")
    office.run(0.5)
    assert "1001" not in invite(cleo).encode().decode()
    mine.bye()
    office.run(1)


def test_a_peer_that_hides_its_caller_is_obeyed(office: Office, anna: Phone) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(replace(MAIN, caller_id=""))
    call = carrier.call("+4930123456", extra="Privacy: id\r\n")
    office.run(0.5)
    assert invite(anna).from_.uri.host == "anonymous.invalid"
    call.cancel()
    office.run(1)


# -- why it ended


def reasons(phone: Phone, start: str) -> list[str]:
    """The Reason headers of what the phone gets from now on, if it begins so; the list grows."""
    found: list[str] = []
    before = phone.receive

    def keep(data: bytes) -> None:
        if data.decode().startswith(start):
            found.extend(line for line in data.decode().split("\r\n") if line.startswith("Reason:"))
        before(data)

    phone.receive = keep  # type: ignore[method-assign]
    return found


def test_a_carriers_number_for_why_is_passed_on_without_its_words(
    office: Office, anna: Phone, carrier: Carrier
) -> None:
    given = reasons(anna, "SIP/2.0 404")
    anna.call("0301234567")
    office.run(0.5)
    carrier.incoming.reply(404, extra='Reason: SIP;cause=404, Q.850;cause=22;text="evil", Q.850;cause=3\r\n')
    office.run(0.5)
    assert set(given) == {"Reason: Q.850;cause=22"}
    office.configure()
    office.nothing_left()


def test_a_call_that_somebody_else_took_is_not_missed(office: Office, anna: Phone, carrier: Carrier) -> None:
    given = reasons(anna, "CANCEL")
    call = carrier.call("+4930123456")
    office.run(0.5)
    anna.incoming.ring()
    office.run(0.5)
    send = carrier.send
    words = 'Reason: SIP;cause=200;text="x"\r\nMax-Forwards'
    carrier.send = lambda text: send(text.replace("Max-Forwards", words, 1))  # type: ignore[method-assign]
    call.cancel()
    office.run(0.5)
    assert given == ['Reason: SIP;cause=200;text="Call completed elsewhere"']
    assert office.record.cause == "answered_elsewhere"
    office.configure()
    office.nothing_left()


@pytest.mark.parametrize(
    ("said", "told"),
    [("Q.850;cause=31", "Q.850;cause=31"), ("Q.850;cause=999", ""), ("SIP;cause=200", ""), ("", "")],
)
def test_one_q850_number_at_most_is_passed_on(said: str, told: str) -> None:
    assert passed_on(said) == told
