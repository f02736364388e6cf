"""Calls that a phone makes: our side is the UAS (RFC 3261 §13.3, §9.2)."""

import pytest

from pbx.directory import Account
from pbx.sip.errors import LocalProtocolError
from pbx.sip.events import Cancelled, Confirmed, Ended, Invited, Rejected
from pbx.sip.message import Request, Response
from pbx.sip.session import Session
from tests.sip.kit import ANSWER, BOB, DOMAIN, OFFER, TRUNK, Phone, Rig, label, labels, sdp


def ring_in(rig: Rig, offer: bytes = OFFER) -> tuple[Phone, Session]:
    """Anna calls, and has authenticated."""
    phone = Phone(rig)
    assert labels(phone.dial(body=offer)) == ["100 INVITE"]
    return phone, rig.event(Invited).session


def pick_up(rig: Rig, offer: bytes = OFFER) -> tuple[Phone, Session]:
    """Anna's call is answered, and the ACK has come."""
    phone, session = ring_in(rig, offer)
    session.answer(sdp(ANSWER), rig.now)
    (ok,) = rig.drain()
    assert isinstance(ok, Response)
    phone.remote_tag = ok.to.tag or ""
    return phone, session


def test_an_invite_is_told_once_with_who_and_what() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.dial("*43")
    invited = rig.event(Invited)
    assert isinstance(invited.caller, Account)
    assert (invited.caller.extension, invited.dialled) == ("1001", "*43")
    assert invited.sdp is not None
    assert invited.sdp.media[0].port == 4000
    assert (invited.session.outgoing, invited.session.state) == (False, "invited")
    assert invited.session.flow.remote == phone.address


def test_ringing_makes_an_early_dialog() -> None:
    rig = Rig()
    _, session = ring_in(rig)
    session.ring(rig.now)
    (ringing,) = rig.drain()
    assert isinstance(ringing, Response)
    assert (ringing.status, ringing.to.tag) == (180, session.id)
    assert ringing.get("Contact") == "<sip:1002@10.0.0.1:5060>"
    session.ring(rig.now, 183, sdp(ANSWER))
    (progress,) = rig.drain()
    assert (label(progress), progress.body) == ("183 INVITE", bytes(sdp(ANSWER)))


def test_a_retransmitted_invite_gets_the_last_answer_and_makes_no_second_call() -> None:
    rig = Rig()
    phone = Phone(rig)
    (offer,) = phone.say("INVITE", body=OFFER)
    invite = phone.build("INVITE", body=OFFER, headers=[phone.authorize(offer, "INVITE")])
    phone.again(invite)
    session = rig.event(Invited).session
    session.ring(rig.now)
    rig.drain()
    assert labels(phone.again(invite)) == ["180 INVITE"]
    session.answer(sdp(ANSWER), rig.now)
    rig.drain()
    assert phone.again(invite) == []
    assert rig.events() == []


def test_ringing_is_said_again_every_minute_until_the_end() -> None:
    rig = Rig()
    phone, session = ring_in(rig)
    session.ring(rig.now, 183)
    rig.wait(1.0)
    session.ring(rig.now)
    rig.drain()
    rig.wait(130.0)
    assert rig.times("180 INVITE") == [0.0, 60.0, 120.0]
    session.refuse(480, rig.now)
    phone.say("ACK", branch=phone.branch)
    rig.drain()
    assert rig.wait(130.0) == []


def test_a_200_is_repeated_until_its_ack() -> None:
    rig = Rig()
    phone, session = pick_up(rig)
    rig.wait(2.0)
    assert rig.times("200 INVITE") == [0.0, 0.5, 1.5]
    phone.say("ACK")
    assert rig.event(Confirmed).sdp is None
    assert session.state == "confirmed"
    assert rig.wait(40.0) == []
    phone.say("ACK")
    assert rig.events() == []


def test_an_ack_under_the_invites_own_branch_counts_too() -> None:
    rig = Rig()
    phone, _ = pick_up(rig)
    phone.say("ACK", branch=phone.branch)
    rig.event(Confirmed)


def test_a_lost_ack_ends_the_call_after_64_t1_with_a_bye() -> None:
    rig = Rig()
    phone, _ = pick_up(rig)
    rig.wait(31.9)
    assert rig.events() == []
    (bye,) = rig.wait(0.2)
    assert label(bye) == "BYE"
    assert rig.event(Ended).why == "no_ack"
    assert rig.times("200 INVITE") == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    phone.answer(bye, 200)
    rig.wait(40.0)
    assert rig.stack.idle


def test_a_delayed_offer_is_answered_by_the_ack() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.dial(body=b"")
    invited = rig.event(Invited)
    assert invited.sdp is None
    invited.session.answer(sdp(OFFER), rig.now)
    (ok,) = rig.drain()
    assert isinstance(ok, Response)
    assert ok.body == OFFER
    phone.remote_tag = ok.to.tag or ""
    phone.say("ACK", body=ANSWER)
    confirmed = rig.event(Confirmed)
    assert confirmed.sdp == sdp(ANSWER)


def test_a_cancel_gets_200_and_the_invite_487() -> None:
    rig = Rig()
    phone, session = ring_in(rig)
    session.ring(rig.now)
    rig.drain()
    answers = phone.say("CANCEL", headers=["Reason: SIP;cause=200"])
    assert labels(answers) == ["200 CANCEL", "487 INVITE"]
    assert {message.to.tag for message in answers} == {session.id}
    assert rig.event(Cancelled).reason == "SIP;cause=200"
    assert session.over
    phone.say("ACK", branch=phone.branch)
    rig.wait(40.0)
    assert rig.stack.idle


def test_a_cancel_may_come_before_any_ringing() -> None:
    rig = Rig()
    phone, _ = ring_in(rig)
    assert labels(phone.say("CANCEL")) == ["200 CANCEL", "487 INVITE"]
    rig.event(Cancelled)


def test_a_cancel_that_crosses_the_200_changes_nothing() -> None:
    rig = Rig()
    phone, session = pick_up(rig)
    branch = phone.branch
    assert labels(phone.say("CANCEL")) == ["200 CANCEL"]
    assert rig.events() == []
    phone.branch = branch
    phone.say("ACK")
    rig.event(Confirmed)
    assert session.state == "confirmed"


def test_a_cancel_is_for_the_host_that_called() -> None:
    rig = Rig()
    phone, session = ring_in(rig)
    cancel = phone.build("CANCEL")
    assert labels(rig.hear(cancel, BOB)) == ["481 CANCEL"]
    assert session.state == "invited"


def test_a_refusal_carries_its_reason_and_is_repeated_until_the_ack() -> None:
    rig = Rig()
    phone, session = ring_in(rig)
    session.refuse(486, rig.now, "Q.850;cause=17", [("Retry-After", "5")])
    (refusal,) = rig.drain()
    assert (label(refusal), refusal.get("Reason")) == ("486 INVITE", "Q.850;cause=17")
    assert refusal.get("Retry-After") == "5"
    rig.wait(2.0)
    assert rig.times("486 INVITE") == [0.0, 0.5, 1.5]
    phone.say("ACK", branch=phone.branch)
    assert rig.wait(40.0) == []
    assert rig.events() == []
    assert rig.stack.idle


def test_a_caller_may_hang_up_an_early_dialog_by_bye() -> None:
    rig = Rig()
    phone, session = ring_in(rig)
    session.ring(rig.now)
    rig.drain()
    phone.remote_tag = session.id
    assert labels(phone.say("BYE")) == ["200 BYE", "487 INVITE"]
    rig.event(Cancelled)


def test_a_bye_that_overtakes_the_ack_ends_the_call() -> None:
    rig = Rig()
    phone, _ = pick_up(rig)
    assert labels(phone.say("BYE", headers=["Reason: Q.850;cause=16"])) == ["200 BYE"]
    assert rig.event(Ended) is not None
    assert rig.wait(40.0) == []


def test_the_callee_may_not_hang_up_before_the_ack() -> None:
    rig = Rig()
    phone, session = pick_up(rig)
    session.bye(rig.now)
    assert rig.drain() == []
    assert session.over
    (bye,) = phone.say("ACK")
    assert label(bye) == "BYE"
    phone.answer(bye, 200)
    assert rig.events() == []


def test_a_held_back_bye_goes_when_the_ack_is_overdue() -> None:
    rig = Rig()
    _, session = pick_up(rig)
    session.bye(rig.now, "Q.850;cause=16")
    said = rig.wait(32.1)
    assert labels(said)[-1] == "BYE"
    assert said[-1].get("Reason") == "Q.850;cause=16"
    rig.wait(40.0)
    assert rig.events() == []
    assert rig.stack.idle


def test_a_record_route_is_copied_and_obeyed() -> None:
    rig = Rig()
    phone = Phone(rig, "9", TRUNK)
    phone.say("INVITE", body=OFFER, headers=["Record-Route: <sip:10.0.0.9;lr>, <sip:far.example;lr>"])
    session = rig.event(Invited).session
    session.answer(sdp(ANSWER), rig.now)
    (ok,) = rig.drain()
    assert isinstance(ok, Response)
    assert ok.all("Record-Route") == ["<sip:10.0.0.9;lr>", "<sip:far.example;lr>"]
    phone.remote_tag = ok.to.tag or ""
    phone.say("ACK")
    session.bye(rig.now)
    (bye,) = rig.drain()
    assert isinstance(bye, Request)
    assert bye.all("Route") == ["<sip:10.0.0.9;lr>", "<sip:far.example;lr>"]
    assert bye.raw_uri == "sip:9@10.0.0.9:5060"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (["Content-Type: text/plain"], b"hello", 415),
        (["Content-Type: application/sdp", "Content-Encoding: gzip"], OFFER, 415),
        (["Content-Type: application/sdp"], b"v=0\r\nnonsense\r\n", 400),
    ],
)
def test_a_body_that_we_cannot_read_is_refused(headers: list[str], body: bytes, status: int) -> None:
    rig = Rig()
    phone = Phone(rig, "9", TRUNK)
    data = phone.build("INVITE", headers=headers, body=body).replace(
        b"Content-Type: application/sdp\r\nContent-L", b"Content-L"
    )
    (answer,) = phone.again(data)
    assert label(answer) == f"{status} INVITE"
    if status == 415:
        assert answer.get("Accept") == "application/sdp"
    assert rig.event(Rejected).status == status


def test_a_body_that_may_be_ignored_is_ignored() -> None:
    rig = Rig()
    phone = Phone(rig, "9", TRUNK)
    extra = ["Content-Type: application/x-vendor", "Content-Disposition: session;handling=optional"]
    data = phone.build("INVITE", headers=extra, body=b"x").replace(b"Content-Type: application/sdp\r\n", b"")
    assert labels(phone.again(data)) == ["100 INVITE"]
    session = rig.event(Invited).session
    session.answer(sdp(OFFER), rig.now)
    (ok,) = rig.drain()
    assert isinstance(ok, Response)
    phone.remote_tag = ok.to.tag or ""
    phone.say("ACK", body=ANSWER)
    assert rig.event(Confirmed).sdp == sdp(ANSWER)


def test_more_sessions_than_allowed_are_refused_503() -> None:
    rig = Rig(max_sessions=2)
    said = []
    for number in range(3):
        phone = Phone(rig, str(number), TRUNK)
        said += labels(phone.say("INVITE", uri=f"sip:100{number}@{DOMAIN}", body=OFFER))
    assert said == ["100 INVITE", "100 INVITE", "503 INVITE"]


def test_verbs_in_the_wrong_state_are_our_own_bug() -> None:
    rig = Rig()
    _, session = ring_in(rig)
    with pytest.raises(LocalProtocolError):
        session.bye(rig.now)
    with pytest.raises(LocalProtocolError):
        session.cancel(rig.now)
    for status in (100, 200):
        with pytest.raises(LocalProtocolError):
            session.ring(rig.now, status)
    with pytest.raises(LocalProtocolError):
        session.offer(sdp(), rig.now)
    session.refuse(486, rig.now)
    for illegal in (
        lambda: session.ring(rig.now),
        lambda: session.answer(sdp(), rig.now),
        lambda: session.refuse(486, rig.now),
    ):
        with pytest.raises(LocalProtocolError):
            illegal()
    session.bye(rig.now)
    session.cancel(rig.now)
