"""SIPp telephones that know more than the basics: PRACK, UPDATE, session timers, fax."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop import sipp as s
from tests.interop.sipp import Phone
from tests.office import Office, running

HOST, ANNA, BOB = "127.0.0.36", "127.0.1.36", "127.0.1.37"
FAX = (
    "v=0\no=sipp 7 9 IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\n"
    "m=image 6000 udptl t38\na=T38FaxVersion:0\na=T38FaxRateManagement:transferredTCF\n"
)
KNOWN = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("office"), HOST, ["1001", "1002"], rtp="10400-10499") as office:
        yield office


@pytest.fixture
def phones(office: Office, tmp_path: Path, program: Callable[[str], str]) -> Iterator[tuple[Phone, Phone]]:
    """Anna calls, Bob is registered."""
    anna, bob = (
        Phone(tmp_path / number, number, address, f"{HOST}:5060", HOST, sipp=program("sipp"))
        for number, address in (("1001", ANNA), ("1002", BOB))
    )
    bob.registers()
    yield anna, bob
    for phone in (anna, bob):
        phone.end()
    office.settled()
    assert not office.tracebacks()


def dial(*headers: str) -> str:
    """The INVITE up to the answer to its challenge, with these headers."""
    first = [s.invite(headers=headers), s.receive(100, optional=True), s.receive(401, also='auth="true"')]
    again = s.invite(cseq=2, headers=["[authentication]", *headers])
    return "".join([*first, s.ack_refusal(1), again, s.receive(100, optional=True)])


def called() -> str:
    """The INVITE, with all that a later answer to it needs."""
    return s.called(s.keep("Via", "via") + s.keep("CSeq", "cseq"))


def answer_now(status: str, *headers: str, body: str = "") -> str:
    """An answer to that INVITE, though other requests came since."""
    lines = [f"SIP/2.0 {status}", "Via:[$via]", "From:[$remote]", f"To:[$local]{s.TAG}", "Call-ID: [call_id]"]
    return s.send(*lines, "CSeq:[$cseq]", s.CONTACT, *headers, body=body)


def ok_inside(*headers: str) -> str:
    lines = ["SIP/2.0 200 OK", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]"]
    return s.send(*lines, s.CONTACT, *headers)


def inside(method: str, cseq: int, *headers: str, body: str = "", branch: str = "") -> str:
    target, to = "[$target]", "[last_To:]"
    return s.request(method, cseq, uri=target, to=to, branch=branch, headers=headers, body=body)


def test_reliable_ringing_on_both_sides(office: Office, phones: tuple[Phone, Phone]) -> None:
    anna, bob = phones
    callee = bob.play(
        called(),
        answer_now("183 Session Progress", "Require: 100rel", "RSeq: 5", body=s.sdp(payloads="0 101")),
        s.receive("PRACK", action=s.says("RAck: 5 1 INVITE")),
        ok_inside(),
        s.pause(0.3),
        answer_now("200 OK", body=s.sdp(payloads="0 101")),
        s.receive("ACK"),
        s.hung_up(),
    )
    early = s.TARGET + s.keep("RSeq", "rseq") + s.says("Require: 100rel")
    anna.play(
        dial("Require: 100rel"),
        s.receive(183, action=early),
        inside("PRACK", 3, "RAck:[$rseq] 2 INVITE"),
        s.receive(200),
        s.receive(200, action=s.says("CSeq: 2 INVITE")),
        s.ack(),
        s.pause(0.2),
        s.bye(),
        to="1002",
    ).succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["cause"] == "normal"


def test_an_update_holds_and_another_only_says_that_the_phone_is_there(
    office: Office, phones: tuple[Phone, Phone]
) -> None:
    anna, bob = phones
    callee = bob.play(s.called(), s.answer(), s.answer_again("sendonly", "recvonly", 2), s.hung_up())
    anna.play(
        s.dial(),
        s.answered(),
        s.ack(),
        inside("UPDATE", 3, body=s.sdp("sendonly", version=2)),
        s.receive(200, action=s.says("a=recvonly")),
        inside("UPDATE", 4),
        s.receive(200),
        s.bye(),
        to="1002",
    ).succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["cause"] == "normal"


def test_a_session_that_is_refreshed_too_often_is_told_the_least(
    office: Office, phones: tuple[Phone, Phone]
) -> None:
    anna, bob = phones
    callee = bob.play(s.called(), s.answer(), s.hung_up())
    anna.play(
        dial("Supported: timer", "Session-Expires: 60"),
        s.receive(422, action=s.says("Min-SE: 90")),
        s.ack_refusal(),
        s.invite(
            cseq=3, headers=["[authentication]", "Supported: timer", "Session-Expires: 90", "Min-SE: 90"]
        ),
        s.receive(100, optional=True),
        s.receive(401, also='auth="true"', optional=True),
        s.answered(s.says("Session-Expires: 90;refresher=")),
        s.ack(3),
        s.bye(),
        to="1002",
    ).succeeds()
    callee.succeeds()


def test_a_callee_that_wants_to_be_asked_less_often_is_called_again(
    office: Office, phones: tuple[Phone, Phone]
) -> None:
    anna, bob = phones
    callee = bob.play(
        s.called(),
        s.reply("422 Session Interval Too Small", "Min-SE: 3600", retrans=True),
        s.receive("ACK"),
        s.called(s.says("Session-Expires: 3600") + s.says("Min-SE: 3600")),
        s.answer(),
        s.hung_up(),
    )
    anna.play(s.dial(), s.answered(), s.ack(), s.bye(), to="1002").succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["cause"] == "normal"


def test_a_fax_machine_is_refused_and_the_call_goes_on(office: Office, phones: tuple[Phone, Phone]) -> None:
    anna, bob = phones
    callee = bob.play(s.called(), s.answer(), s.hung_up())
    anna.play(
        s.dial(),
        s.answered(),
        s.ack(),
        inside("INVITE", 3, body=FAX, branch="fax"),
        s.receive(100, optional=True),
        s.receive(488),
        inside("ACK", 3, branch="fax"),
        s.pause(0.5),
        s.bye(),
        to="1002",
    ).succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["cause"] == "normal"
