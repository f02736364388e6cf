"""Provisional responses that must arrive (RFC 3262), both sides."""

import pytest

from pbx.sip.events import Answered, Cancelled, Ended, Invited, Rang, Refused
from pbx.sip.message import Message, Request
from tests.sip.kit import ANSWER, BOB, DOMAIN, Phone, Rig, label, labels, sdp


def ring_in(rig: Rig, *headers: str) -> tuple[Phone, Invited]:
    phone = Phone(rig)
    phone.remote_tag = ""
    assert labels(phone.authorized("INVITE", uri=f"sip:1002@{DOMAIN}", body=ANSWER, headers=headers)) == [
        "100 INVITE"
    ]
    return phone, rig.event(Invited)


def prack(phone: Phone, response: Message, rseq: int | None = None) -> list[Message]:
    phone.remote_tag = response.to.tag or ""
    number = int(response.get("RSeq") or 0) if rseq is None else rseq
    return phone.say("PRACK", headers=[f"RAck: {number} {response.cseq.number} INVITE"])


def test_a_caller_that_requires_it_gets_it_and_a_repetition_until_its_prack() -> None:
    rig = Rig()
    phone, invited = ring_in(rig, "Require: 100rel")
    invited.session.ring(rig.now)
    (ringing,) = rig.drain(len(rig.said))
    assert (label(ringing), ringing.require) == ("180 INVITE", ("100rel",))
    assert labels(rig.wait(4)) == ["180 INVITE"] * 3
    assert rig.times("180 INVITE") == [0, 0.5, 1.5, 3.5]
    assert labels(prack(phone, ringing)) == ["200 PRACK"]
    assert rig.wait(30) == []
    assert labels(prack(phone, ringing)) == ["481 PRACK"]
    invited.session.answer(sdp(ANSWER), rig.now)
    assert labels(rig.drain(len(rig.said))) == ["200 INVITE"]


def test_a_caller_that_only_supports_it_gets_it_where_there_is_sound() -> None:
    rig = Rig()
    _, invited = ring_in(rig, "Supported: 100rel")
    invited.session.ring(rig.now)
    (ringing,) = rig.drain(len(rig.said))
    assert ringing.get("RSeq") is None
    invited.session.ring(rig.now, 183, sdp(ANSWER))
    (progress,) = rig.drain(len(rig.said))
    assert progress.require == ("100rel",)


def test_the_next_one_and_the_answer_wait_for_the_prack() -> None:
    rig = Rig()
    phone, invited = ring_in(rig, "Require: 100rel")
    invited.session.ring(rig.now, 183, sdp(ANSWER))
    (first,) = rig.drain(len(rig.said))
    invited.session.ring(rig.now)
    invited.session.answer(sdp(ANSWER), rig.now)
    assert rig.drain(len(rig.said)) == []
    answers = prack(phone, first)
    assert labels(answers) == ["200 PRACK", "180 INVITE"]
    assert int(answers[1].get("RSeq") or 0) == int(first.get("RSeq") or 0) + 1
    assert labels(prack(phone, answers[1])) == ["200 PRACK", "200 INVITE"]
    phone.say("ACK", cseq=2)
    phone.say("BYE")
    rig.wait(100)
    assert rig.stack.idle


def test_without_a_prack_the_call_is_refused() -> None:
    rig = Rig()
    _, invited = ring_in(rig, "Require: 100rel")
    invited.session.ring(rig.now)
    messages = labels(rig.wait(33))
    assert messages[-1] == "504 INVITE" or "504 INVITE" in messages
    assert rig.event(Cancelled).session is invited.session
    rig.wait(100)
    assert rig.stack.idle


def answered_too_soon() -> tuple[Rig, Phone, Invited]:
    """The 200 waits for a PRACK."""
    rig = Rig()
    phone, invited = ring_in(rig, "Require: 100rel")
    invited.session.ring(rig.now)
    invited.session.answer(sdp(ANSWER), rig.now)
    rig.drain()
    assert not invited.session.can_offer
    return rig, phone, invited


@pytest.mark.parametrize(("method", "answers"), [("CANCEL", 200), ("BYE", 200)])
def test_a_caller_that_gives_up_while_the_200_waits_for_the_prack(method: str, answers: int) -> None:
    rig, phone, invited = answered_too_soon()
    phone.remote_tag = invited.session.id
    heard = labels(phone.say(method, uri=f"sip:1002@{DOMAIN}"))
    assert heard == [f"{answers} {method}", "487 INVITE"]
    assert rig.event(Cancelled).session is invited.session
    rig.wait(100)
    assert rig.stack.idle


def test_a_200_that_waits_for_a_prack_for_ever_is_a_refusal() -> None:
    rig, _, invited = answered_too_soon()
    assert "504 INVITE" in labels(rig.wait(33))
    assert rig.event(Ended) == Ended(invited.session, "no_ack")
    rig.wait(100)
    assert rig.stack.idle


def test_we_hang_up_while_the_200_waits_for_the_prack() -> None:
    rig, _, invited = answered_too_soon()
    invited.session.bye(rig.now, "Q.850;cause=16")
    (refusal,) = rig.drain(len(rig.said))
    assert (label(refusal), refusal.get("Reason")) == ("480 INVITE", "Q.850;cause=16")
    assert rig.events() == []
    rig.wait(100)
    assert rig.stack.idle


def test_a_prack_without_sense_is_refused() -> None:
    rig = Rig()
    phone, invited = ring_in(rig, "Require: 100rel")
    invited.session.ring(rig.now)
    (ringing,) = rig.drain(len(rig.said))
    assert labels(prack(phone, ringing, rseq=7)) == ["481 PRACK"]
    assert labels(phone.say("PRACK")) == ["400 PRACK"]
    assert labels(prack(phone, ringing)) == ["200 PRACK"]


# -- we call -------------------------------------------------------------------------------------------------


def call_out(rig: Rig) -> tuple[Phone, Request]:
    phone = Phone(rig, "1002", BOB)
    rig.call(phone)
    assert isinstance(phone.invite, Request)
    assert "100rel" in phone.invite.supported
    assert phone.invite.require == ()
    return phone, phone.invite


def reliably(number: int) -> list[str]:
    return ["Require: 100rel", f"RSeq: {number}"]


def test_we_acknowledge_what_is_reliable_in_order_and_once() -> None:
    rig = Rig()
    phone, invite = call_out(rig)
    (first,) = phone.answer(invite, 183, headers=reliably(10), body=ANSWER)
    assert (label(first), first.get("RAck")) == ("PRACK", "10 1 INVITE")
    assert first.cseq.number == 2
    assert phone.answer(invite, 183, headers=reliably(10), body=ANSWER) == []  # repeated
    assert phone.answer(invite, 180, headers=reliably(12)) == []  # before its turn
    (second,) = phone.answer(invite, 180, headers=reliably(11))
    assert (second.get("RAck"), second.cseq.number) == ("11 1 INVITE", 3)
    assert [type(event) for event in rig.events()] == [Rang, Rang]
    for request in (first, second):
        phone.answer(request, 200)
    (ack,) = phone.answer(invite, 200, body=ANSWER)
    assert (label(ack), ack.cseq.number) == ("ACK", 1)
    session = rig.event(Answered).session
    session.bye(rig.now)
    (bye,) = rig.drain(len(rig.said))
    assert bye.cseq.number == 4, "the early dialog's requests count"
    phone.answer(bye, 200)
    rig.wait(100)
    assert rig.stack.idle


def test_each_fork_has_its_own_numbers() -> None:
    rig = Rig()
    phone, invite = call_out(rig)
    for tag, number in (("one", 1), ("two", 500)):
        (prack,) = phone.answer(invite, 180, tag=tag, headers=reliably(number))
        assert (prack.to.tag, prack.get("RAck")) == (tag, f"{number} 1 INVITE")
        phone.answer(prack, 200)
    phone.answer(invite, 486)
    assert Refused in [type(event) for event in rig.events()]
    rig.wait(100)
    assert rig.stack.idle


def test_endless_forks_are_not_followed() -> None:
    rig = Rig()
    phone, invite = call_out(rig)
    said = [phone.answer(invite, 180, tag=f"t{n}", headers=reliably(1)) for n in range(40)]
    assert sum(map(len, said)) == 16
