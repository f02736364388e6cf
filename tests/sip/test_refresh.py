"""Session timers (RFC 4028): who refreshes, how, and what happens when nobody does."""

import pytest

from pbx.sip.events import Answered, Ended, Invited, OfferAnswered, Offered, Refused
from pbx.sip.message import Message, Request
from tests.sip.kit import ANSWER, BOB, OFFER, TRUNK, Phone, Rig, label, labels, sdp


def called(rig: Rig, *headers: str) -> tuple[Phone, Message]:
    """A trunk calls and is answered; our 200."""
    phone = Phone(rig, "9", TRUNK)
    phone.say("INVITE", body=OFFER, headers=headers)
    session = rig.event(Invited).session
    session.answer(sdp(ANSWER), rig.now)
    (ok,) = rig.drain(len(rig.said))
    phone.remote_tag = session.id
    phone.say("ACK")
    rig.events()
    return phone, ok


def calling(rig: Rig, *headers: str) -> Phone:
    """We call, and the phone answers with these headers."""
    phone = Phone(rig, "1002", BOB)
    session = rig.call(phone)
    assert isinstance(phone.invite, Request)
    phone.answer(phone.invite, 200, body=ANSWER, headers=headers)
    assert rig.event(Answered).session is session
    phone.call_id, phone.remote_tag = phone.invite.call_id, phone.invite.from_.tag or ""
    return phone


def test_what_our_invite_says() -> None:
    rig = Rig()
    phone = Phone(rig, "1002", BOB)
    rig.call(phone)
    assert (phone.invite.get("Session-Expires"), phone.invite.get("Min-SE")) == ("1800", "90")
    assert "timer" in phone.invite.supported


def test_a_phone_that_knows_nothing_of_it_is_left_alone() -> None:
    rig = Rig()
    calling(rig)
    assert rig.wait(5000) == []


def test_a_caller_that_refreshes_and_then_does_not_is_hung_up_in_time() -> None:
    rig = Rig()
    phone, ok = called(rig, "Supported: timer", "Session-Expires: 120;refresher=uac")
    assert (ok.get("Session-Expires"), ok.require) == ("120;refresher=uac", ("timer",))
    rig.wait(60)
    update = ["Supported: timer", "Session-Expires: 120;refresher=uac"]
    (again,) = phone.say("UPDATE", headers=update)
    assert (label(again), again.get("Session-Expires")) == ("200 UPDATE", "120;refresher=uac")
    assert rig.wait(87) == []
    assert labels(rig.wait(2))[:1] == ["BYE"]
    assert rig.event(Ended).why == "expired"
    rig.wait(100)
    assert rig.stack.idle


def test_for_a_caller_that_cannot_we_refresh_with_the_same_description() -> None:
    rig = Rig()
    phone, ok = called(rig, "Session-Expires: 200")
    assert (ok.get("Session-Expires"), ok.require) == ("200;refresher=uas", ())
    (refresh,) = [each for each in rig.wait(101) if label(each) == "INVITE"][:1]
    assert refresh.body == ok.body
    assert refresh.get("Session-Expires") == "200;refresher=uac"
    phone.answer(refresh, 200, body=OFFER, headers=["Session-Expires: 200;refresher=uac"])
    assert rig.event(OfferAnswered).sdp == sdp(OFFER)
    assert labels(rig.wait(101))[:1] == ["INVITE"]


def test_who_allows_update_is_refreshed_by_it() -> None:
    rig = Rig()
    phone = calling(rig, "Allow: INVITE, UPDATE", "Session-Expires: 300;refresher=uac", "Require: timer")
    (update,) = rig.wait(150.1)
    assert (label(update), update.body) == ("UPDATE", b"")
    phone.answer(update, 200, headers=["Session-Expires: 300;refresher=uac"])
    (update,) = rig.wait(150.1)
    assert label(update) == "UPDATE"
    phone.answer(update, 481)
    assert rig.event(Ended).why == "gone"


def test_a_callee_that_wants_to_refresh_is_believed() -> None:
    rig = Rig()
    calling(rig, "Session-Expires: 90;refresher=uas", "Require: timer")
    assert rig.wait(59) == []
    assert labels(rig.wait(2))[:1] == ["BYE"]


@pytest.mark.parametrize(
    ("interval", "status"), [("30", "422 INVITE"), ("90", "100 INVITE"), ("x", "100 INVITE")]
)
def test_too_often_is_refused_to_those_who_understand(interval: str, status: str) -> None:
    rig = Rig()
    phone = Phone(rig, "9", TRUNK)
    (answer,) = phone.say("INVITE", body=OFFER, headers=["Supported: timer", f"Session-Expires: {interval}"])
    assert label(answer) == status
    assert (answer.get("Min-SE") == "90") == (status == "422 INVITE")


def test_who_does_not_understand_422_gets_the_least_that_we_take() -> None:
    rig = Rig()
    _, ok = called(rig, "Session-Expires: 30")
    assert ok.get("Session-Expires") == "90;refresher=uas"


def test_a_callee_that_finds_it_too_often_is_asked_again_with_its_own_least() -> None:
    rig = Rig()
    phone = Phone(rig, "1002", BOB)
    session = rig.call(phone)
    assert isinstance(phone.invite, Request)
    ack, again = phone.answer(phone.invite, 422, headers=["Min-SE: 3600"])
    assert labels([ack, again]) == ["ACK", "INVITE"]
    assert (again.get("Session-Expires"), again.get("Min-SE"), again.cseq.number) == ("3600", "3600", 2)
    assert again.call_id == phone.invite.call_id
    (ack,) = phone.answer(again, 200, body=ANSWER)
    assert (label(ack), ack.cseq.number) == ("ACK", 2)
    assert rig.event(Answered).session is session


def test_but_not_for_ever() -> None:
    rig = Rig()
    phone = Phone(rig, "1002", BOB)
    rig.call(phone)
    request: Message = phone.invite
    for n in range(5):
        answers = phone.answer(request, 422, headers=[f"Min-SE: {4000 + n}"])
        request = answers[-1]
    assert rig.event(Refused).status == 422
    rig.wait(100)
    assert rig.stack.idle


def test_a_reinvite_without_a_word_of_it_ends_the_timer() -> None:
    rig = Rig()
    phone, _ = called(rig, "Supported: timer", "Session-Expires: 120;refresher=uac")
    phone.say("INVITE", body=OFFER)
    rig.event(Offered).session.accept(sdp(ANSWER), rig.now)
    phone.say("ACK")
    assert "BYE" not in labels(rig.wait(500))
