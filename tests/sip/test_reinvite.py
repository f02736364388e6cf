"""Our own offers in an established session (RFC 3261 §14.1)."""

import pytest

from pbx.sip.events import Confirmed, Ended, OfferAnswered, Offered, OfferRefused
from pbx.sip.message import Request
from tests.sip.kit import ANSWER, label, labels, sdp
from tests.sip.talk import HOLD, Talk


@pytest.fixture(params=[True, False], ids=["uac", "uas"])
def talk(request: pytest.FixtureRequest) -> Talk:
    return Talk(request.param)


def test_our_re_invite_is_answered_and_acked(talk: Talk) -> None:
    invite = talk.offer()
    assert invite.to.tag == talk.phone.tag
    talk.phone.answer(invite, 100)
    (ack,) = talk.phone.answer(invite, 200, body=ANSWER)
    assert isinstance(ack, Request)
    assert (ack.method, ack.cseq.number) == ("ACK", invite.cseq.number)
    assert talk.rig.event(OfferAnswered).sdp == sdp(ANSWER)
    assert labels(talk.phone.answer(invite, 200, body=ANSWER)) == ["ACK"]
    assert talk.session.can_offer
    assert talk.rig.wait(400.0) == []
    assert talk.rig.events() == []


@pytest.mark.parametrize("status", [488, 403, 500, 503])
def test_a_refused_re_invite_leaves_the_session_as_it_was(talk: Talk, status: int) -> None:
    assert labels(talk.phone.answer(talk.offer(), status)) == ["ACK"]
    assert talk.rig.event(OfferRefused).status == status
    assert talk.session.state == "confirmed"
    assert talk.session.can_offer


@pytest.mark.parametrize("status", [481, 408])
def test_481_and_408_mean_that_the_peer_is_gone(talk: Talk, status: int) -> None:
    assert labels(talk.phone.answer(talk.offer(), status)) == ["ACK", "BYE"]
    assert talk.rig.event(Ended).why == "gone"
    talk.session.bye(talk.rig.now)
    assert talk.rig.drain() == []


def test_a_peer_that_answers_nothing_has_timed_out(talk: Talk) -> None:
    talk.offer()
    assert labels(talk.rig.wait(32.1))[-1] == "BYE"
    assert talk.rig.event(Ended).why == "timeout"
    talk.rig.wait(40.0)
    assert talk.rig.stack.idle


def test_a_peer_that_only_says_100_has_timed_out_after_three_minutes(talk: Talk) -> None:
    talk.phone.answer(talk.offer(), 100)
    talk.rig.wait(179.0)
    assert talk.rig.events() == []
    talk.rig.wait(2.0)
    assert talk.rig.event(Ended).why == "timeout"
    talk.rig.wait(40.0)
    assert talk.rig.stack.idle


def test_glare_both_sides_refuse_and_ours_comes_again_in_its_time(talk: Talk) -> None:
    invite = talk.offer()
    assert labels(talk.say("INVITE", body=HOLD)) == ["491 INVITE"]
    talk.phone.answer(invite, 491)
    assert talk.rig.events() == []
    assert not talk.session.can_offer
    start = talk.rig.now
    again = next(message for message in talk.rig.wait(4.1) if label(message) == "INVITE")
    when = next(when for when, message, _ in talk.rig.said if message is again) - start
    # §14.1: the owner of the Call-ID waits longer
    assert 2.1 <= when <= 4.0 if talk.outgoing else when <= 2.0
    assert isinstance(again, Request)
    assert again.cseq.number == invite.cseq.number + 1
    talk.phone.answer(again, 200, body=ANSWER)
    assert talk.rig.event(OfferAnswered).sdp == sdp(ANSWER)


def test_if_the_peer_moves_first_after_glare_ours_is_given_up(talk: Talk) -> None:
    talk.phone.answer(talk.offer(), 491)
    talk.say("INVITE", body=HOLD)
    assert [type(event) for event in talk.rig.events()] == [OfferRefused, Offered]
    talk.session.accept(sdp(ANSWER), talk.rig.now)
    talk.rig.drain()
    talk.say("ACK")
    assert talk.rig.wait(10.0) == []
    assert talk.session.can_offer


def test_hanging_up_during_our_re_invite_still_acks_its_200(talk: Talk) -> None:
    invite = talk.offer()
    talk.session.bye(talk.rig.now)
    (bye,) = talk.rig.drain()
    assert labels(talk.phone.answer(invite, 200, body=ANSWER)) == ["ACK"]
    talk.phone.answer(bye, 200)
    assert talk.rig.events() == []
    talk.rig.wait(70.0)
    assert talk.rig.stack.idle


def test_hanging_up_during_a_re_invite_that_only_got_100_leaks_nothing(talk: Talk) -> None:
    talk.phone.answer(talk.offer(), 100)
    talk.session.bye(talk.rig.now)
    talk.rig.wait(70.0)
    assert talk.rig.events() == []
    assert talk.rig.stack.idle


def test_an_offer_before_the_ack_waits_for_it() -> None:
    talk = Talk(outgoing=False, confirm=False)
    talk.session.offer(sdp(HOLD), talk.rig.now)
    assert not talk.session.can_offer
    assert talk.rig.drain() == []
    (invite,) = talk.say("ACK")
    talk.rig.event(Confirmed)
    assert label(invite) == "INVITE"


def test_a_re_invite_instead_of_the_lost_ack_confirms() -> None:
    talk = Talk(outgoing=False, confirm=False)
    talk.say("INVITE", body=HOLD)
    assert [type(event) for event in talk.rig.events()] == [Confirmed, Offered]
    talk.session.accept(sdp(ANSWER), talk.rig.now)
    talk.rig.drain()
    talk.say("ACK")
    assert talk.rig.wait(40.0) == []


def asked(talk: Talk) -> Request:
    """We leave the offer to the peer; the re-INVITE that goes out."""
    talk.session.offer(None, talk.rig.now)
    (request,) = talk.rig.drain()
    assert isinstance(request, Request)
    assert (request.body, request.content_type) == (b"", "")
    return request


def test_an_offer_that_we_leave_to_the_peer_is_answered_in_the_ack(talk: Talk) -> None:
    invite = asked(talk)
    assert talk.phone.answer(invite, 200, body=HOLD) == [], "the ACK waits for the answer"
    assert talk.rig.event(OfferAnswered).sdp == sdp(HOLD)
    assert talk.phone.answer(invite, 200, body=HOLD) == []
    assert not talk.session.can_offer
    assert labels(talk.say("INVITE", body=HOLD)) == ["491 INVITE"]
    talk.say("ACK")
    talk.session.accept(sdp(ANSWER), talk.rig.now)
    (ack,) = talk.rig.drain(len(talk.rig.said))
    assert (label(ack), ack.body) == ("ACK", ANSWER)
    assert [again.body for again in talk.phone.answer(invite, 200, body=HOLD)] == [ANSWER]
    assert talk.session.can_offer


def test_a_peer_that_makes_no_offer_has_refused(talk: Talk) -> None:
    assert labels(talk.phone.answer(asked(talk), 200)) == ["ACK"]
    assert talk.rig.event(OfferRefused).status == 488
    assert talk.session.can_offer


def test_hanging_up_instead_of_the_answer_acks_first(talk: Talk) -> None:
    talk.phone.answer(asked(talk), 200, body=HOLD)
    talk.session.bye(talk.rig.now)
    assert labels(talk.rig.drain(len(talk.rig.said))) == ["ACK", "BYE"]
    talk.rig.wait(100)
    assert talk.rig.stack.idle
