"""Calls that we make: our side is the UAC (RFC 3261 §13.2, §9.1)."""

import pytest

from pbx.sip.errors import LocalProtocolError
from pbx.sip.events import Answered, Ended, Rang, Refused
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Message, Request
from pbx.sip.session import Session
from pbx.sip.uri import Uri
from tests.sip.kit import ANSWER, BOB, DOMAIN, OFFER, SERVER, Phone, Rig, label, labels, sdp


def call(rig: Rig, offer: bytes | None = OFFER) -> tuple[Phone, Session]:
    phone = Phone(rig, "1002", BOB)
    return phone, rig.call(phone, offer)


def test_an_invite_has_all_that_it_must_have() -> None:
    rig = Rig()
    session = rig.stack.invite(
        Uri.parse("sip:1002@10.0.0.12:5070;ob;method=BYE?Route=%3Csip:evil%3E"),
        Flow("udp", SERVER, BOB),
        from_=NameAddr.parse(f'"Anna" <sip:1001@{DOMAIN}>;tag=old'),
        to=NameAddr.parse(f"<sip:1002@{DOMAIN}>;tag=old"),
        sdp=sdp(),
        now=rig.now,
        max_forwards=69,
        headers=[("Alert-Info", "<http://pbx>;info=x")],
        route=[NameAddr.parse("<sip:edge.example;lr>")],
    )
    (invite,) = rig.drain(0)
    assert isinstance(invite, Request)
    assert invite.raw_uri == "sip:1002@10.0.0.12:5070;ob"
    assert (invite.max_forwards, invite.cseq.number, invite.to.tag) == (69, 1, None)
    assert (invite.from_.display, invite.from_.tag) == ("Anna", session.id)
    assert invite.get("Contact") == "<sip:1001@10.0.0.1:5060>"
    assert invite.get("Route") == "<sip:edge.example;lr>"
    assert (invite.via.host, invite.via.port, invite.via.wants_rport) == ("10.0.0.1", 5060, True)
    assert invite.get("Alert-Info") == "<http://pbx>;info=x"
    assert (session.outgoing, session.state, session.call_id) == (True, "calling", invite.call_id)


def test_ringing_then_answer_and_the_ack_goes_out_at_once() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(phone.invite, 100)
    assert rig.events() == []
    phone.answer(phone.invite, 183, body=ANSWER)
    rang = rig.event(Rang)
    assert (rang.status, rang.sdp) == (183, sdp(ANSWER))
    (ack,) = phone.answer(phone.invite, 200, body=ANSWER, headers=["Server: Bob 1.0"])
    assert isinstance(ack, Request)
    assert (ack.method, ack.raw_uri, ack.cseq.number) == ("ACK", "sip:1002@10.0.0.12:5070", 1)
    assert ack.via.branch != phone.invite.via.branch
    assert rig.event(Answered).sdp == sdp(ANSWER)
    assert (session.state, session.remote_user_agent) == ("confirmed", "Bob 1.0")


def test_a_lost_ack_is_sent_again_for_each_repeated_200() -> None:
    rig = Rig()
    phone, _ = call(rig)
    first = phone.answer(phone.invite, 200, body=ANSWER)
    rig.events()
    rig.wait(0.5)
    again = phone.answer(phone.invite, 200, body=ANSWER)
    assert [bytes(message) for message in again] == [bytes(message) for message in first]
    assert rig.events() == []


def test_a_refusal_is_acked_and_told_with_its_headers() -> None:
    rig = Rig()
    phone, session = call(rig)
    acks = phone.answer(phone.invite, 486, headers=["Retry-After: 9", "Reason: Q.850;cause=17", "Server: B"])
    assert labels(acks) == ["ACK"]
    refused = rig.event(Refused)
    assert (refused.status, refused.reason) == (486, "Word")
    assert dict(refused.headers) == {"Retry-After": "9", "Reason": "Q.850;cause=17"}
    assert session.over
    rig.wait(33.0)
    assert rig.stack.idle


@pytest.mark.parametrize("status", [300, 302])
def test_a_redirection_names_its_contacts(status: int) -> None:
    rig = Rig()
    phone, _ = call(rig)
    phone.answer(phone.invite, status, headers=["Contact: <sip:1003@pbx.test>;q=0.5"])
    assert rig.event(Refused).contacts == ("sip:1002@10.0.0.12:5070", "sip:1003@pbx.test")


def test_a_silent_phone_is_given_up_after_64_t1() -> None:
    rig = Rig()
    _, session = call(rig)
    rig.wait(31.9)
    assert rig.events() == []
    rig.wait(0.2)
    assert rig.event(Refused).status == 408
    assert session.over
    assert rig.stack.idle


def test_a_cancel_goes_at_once_when_it_rings() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(phone.invite, 180)
    rig.events()
    session.cancel(rig.now, "SIP;cause=200")
    (cancel,) = rig.drain()
    assert isinstance(cancel, Request)
    invite = phone.invite
    assert (cancel.method, cancel.raw_uri, cancel.get("Reason")) == (
        "CANCEL",
        "sip:1002@10.0.0.12:5070",
        "SIP;cause=200",
    )
    for name in ("Via", "From", "To", "Call-ID"):
        assert cancel.get(name) == invite.get(name)
    assert cancel.cseq == (1, "CANCEL")
    phone.answer(cancel, 200)
    assert labels(phone.answer(invite, 487)) == ["ACK"]
    assert rig.event(Refused).status == 487
    rig.wait(33.0)
    assert rig.stack.idle


def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    rig = Rig()
    phone, session = call(rig)
    session.cancel(rig.now)
    session.cancel(rig.now)
    assert rig.drain() == []
    assert labels(phone.answer(phone.invite, 100)) == ["CANCEL"]
    assert phone.answer(phone.invite, 180) == []
    phone.answer(phone.invite, 487)
    assert rig.event(Refused).status == 487


def test_a_cancelled_phone_that_never_answered_is_given_up() -> None:
    rig = Rig()
    _, session = call(rig)
    session.cancel(rig.now)
    rig.wait(32.1)
    assert rig.event(Refused).status == 408
    assert rig.stack.idle


def test_a_phone_that_ignores_the_cancel_counts_as_cancelled_after_64_t1() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(phone.invite, 180)
    rig.events()
    session.cancel(rig.now)
    rig.wait(31.9)
    assert rig.events() == []
    rig.wait(0.2)
    assert rig.event(Refused).status == 487
    rig.wait(10.0)
    assert rig.stack.idle


def test_a_200_that_crosses_the_cancel_is_acked_and_hung_up_and_never_answered() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(phone.invite, 180)
    rig.events()
    session.cancel(rig.now)
    rig.drain()
    assert labels(phone.answer(phone.invite, 200, body=ANSWER)) == ["ACK", "BYE"]
    assert rig.event(Refused).status == 487
    assert labels(phone.answer(phone.invite, 200, body=ANSWER)) == ["ACK"]
    assert rig.events() == []
    rig.wait(65.0)
    assert rig.stack.idle


def test_a_200_without_a_provisional_after_cancel_is_hung_up_too() -> None:
    rig = Rig()
    phone, session = call(rig)
    session.cancel(rig.now)
    assert labels(phone.answer(phone.invite, 200, body=ANSWER)) == ["ACK", "BYE"]
    assert rig.event(Refused).status == 487


def test_a_second_fork_that_answers_is_acked_and_hung_up() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(phone.invite, 180, tag="fork-1")
    phone.answer(phone.invite, 180, tag="fork-2")
    phone.answer(phone.invite, 200, tag="fork-1", body=ANSWER)
    assert [type(event) for event in rig.events()] == [Rang, Rang, Answered]
    said = phone.answer(phone.invite, 200, tag="fork-2", body=ANSWER)
    assert labels(said) == ["ACK", "BYE"]
    assert {message.to.tag for message in said} == {"fork-2"}
    assert labels(phone.answer(phone.invite, 200, tag="fork-2", body=ANSWER)) == ["ACK"]
    assert rig.events() == []
    assert session.state == "confirmed"


def test_a_peer_that_forks_for_ever_does_not_fill_memory() -> None:
    rig = Rig()
    phone, _ = call(rig)
    for number in range(100):
        phone.answer(phone.invite, 200, tag=f"fork-{number}", body=ANSWER)
    assert rig.stack.counts["transactions"] <= 10


def test_an_answer_said_only_in_the_183_is_the_answer() -> None:
    rig = Rig()
    phone, _ = call(rig)
    phone.answer(phone.invite, 183, body=ANSWER)
    rig.events()
    phone.answer(phone.invite, 200)
    assert rig.event(Answered).sdp == sdp(ANSWER)


@pytest.mark.parametrize("body", [b"", b"v=0\r\nnonsense"])
def test_a_200_without_a_usable_answer_is_hung_up(body: bytes) -> None:
    rig = Rig()
    phone, session = call(rig)
    assert labels(phone.answer(phone.invite, 200, body=body)) == ["ACK", "BYE"]
    assert rig.event(Refused).status == 488
    assert session.over


def test_without_an_offer_the_200_makes_one_and_the_ack_answers() -> None:
    rig = Rig()
    phone, session = call(rig, None)
    assert phone.answer(phone.invite, 200, body=OFFER) == []
    assert rig.event(Answered).sdp == sdp(OFFER)
    assert not session.can_offer
    session.accept(sdp(ANSWER), rig.now)
    (ack,) = rig.drain()
    assert (label(ack), ack.body) == ("ACK", bytes(sdp(ANSWER)))
    assert [bytes(message) for message in phone.answer(phone.invite, 200, body=OFFER)] == [bytes(ack)]
    assert session.can_offer


def test_hanging_up_instead_of_answering_that_offer_acks_first() -> None:
    rig = Rig()
    phone, session = call(rig, None)
    phone.answer(phone.invite, 200, body=OFFER)
    rig.events()
    session.bye(rig.now)
    assert labels(rig.drain()) == ["ACK", "BYE"]


def test_requests_follow_the_route_and_the_contact_of_the_200() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(
        phone.invite,
        200,
        body=ANSWER,
        headers=["Record-Route: <sip:10.0.0.2>", "Record-Route: <sip:10.0.0.3;lr>"],
    )
    session.bye(rig.now)
    bye = rig.drain()[-1]
    assert isinstance(bye, Request)
    assert bye.all("Route") == ["<sip:10.0.0.3;lr>", "<sip:10.0.0.2>"]
    strict = Rig()
    phone, session = call(strict)
    phone.answer(phone.invite, 200, body=ANSWER, headers=["Record-Route: <sip:10.0.0.2>"])
    session.bye(strict.now)
    bye = strict.drain()[-1]
    assert isinstance(bye, Request)
    assert (bye.raw_uri, bye.all("Route")) == ("sip:10.0.0.2", ["<sip:1002@10.0.0.12:5070>"])


def test_the_callee_hangs_up() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(phone.invite, 200, body=ANSWER)
    rig.events()
    bye = in_dialog(phone, session)
    assert labels(phone.say("BYE", **bye)) == ["200 BYE"]
    assert rig.event(Ended).why == "bye"
    assert labels(phone.say("BYE", **bye)) == ["481 BYE"]
    rig.wait(33.0)
    assert rig.stack.idle


def test_an_early_dialog_takes_no_request() -> None:
    rig = Rig()
    phone, session = call(rig)
    phone.answer(phone.invite, 180)
    assert labels(phone.say("BYE", **in_dialog(phone, session))) == ["481 BYE"]
    assert session.state == "ringing"


def test_verbs_of_the_other_side_are_our_own_bug() -> None:
    rig = Rig()
    phone, session = call(rig)
    for illegal in (
        lambda: session.ring(rig.now),
        lambda: session.answer(sdp(), rig.now),
        lambda: session.refuse(486, rig.now),
        lambda: session.bye(rig.now),
        lambda: session.accept(sdp(), rig.now),
        lambda: session.decline(488, rig.now),
    ):
        with pytest.raises(LocalProtocolError):
            illegal()
    phone.answer(phone.invite, 200, body=ANSWER)
    with pytest.raises(LocalProtocolError):
        session.cancel(rig.now)


def in_dialog(phone: Phone, session: Session) -> dict[str, str]:
    """The phone, which was called, speaks in the dialog from now on."""
    invite: Message = phone.invite
    phone.call_id, phone.remote_tag = invite.call_id, invite.from_.tag or ""
    return {"uri": "sip:1001@10.0.0.1:5060"}
