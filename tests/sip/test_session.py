"""What both sides may do in an established session: re-INVITE and BYE (RFC 3261 §14, §15)."""

from dataclasses import replace

import pytest

from pbx.sip.errors import LocalProtocolError
from pbx.sip.events import (
    Ended,
    Invited,
    OfferAnswered,
    Offered,
    Rejected,
)
from pbx.sip.flow import Address
from pbx.sip.message import Request, Response
from tests.sip.kit import ANSWER, OFFER, TRUNK, Phone, Rig, label, labels, sdp
from tests.sip.talk import HOLD, Talk


@pytest.fixture(params=[True, False], ids=["uac", "uas"])
def talk(request: pytest.FixtureRequest) -> Talk:
    return Talk(request.param)


# -- the peer offers ----------------------------------------------------------------------------------------


def test_a_re_invite_is_accepted_and_repeated_until_its_ack(talk: Talk) -> None:
    session = talk.held()
    assert not session.can_offer
    session.accept(sdp(ANSWER), talk.rig.now)
    assert labels(talk.rig.wait(0.6)) == ["200 INVITE", "200 INVITE"]
    talk.say("ACK")
    assert talk.rig.wait(40.0) == []
    assert talk.rig.events() == []
    assert session.can_offer


def test_a_declined_re_invite_leaves_the_session_as_it_was(talk: Talk) -> None:
    session = talk.held()
    session.decline(488, talk.rig.now)
    assert labels(talk.rig.drain()) == ["488 INVITE"]
    talk.say("ACK", branch=talk.phone.branch)
    assert session.state == "confirmed"
    assert session.can_offer
    assert labels(talk.say("BYE")) == ["200 BYE"]
    assert talk.rig.event(Ended).why == "bye"


def test_a_re_invite_without_offer_gets_ours_and_the_ack_answers(talk: Talk) -> None:
    talk.say("INVITE")
    assert talk.rig.event(Offered).sdp is None
    talk.session.accept(sdp(OFFER), talk.rig.now)
    (ok,) = talk.rig.drain()
    assert ok.body == OFFER
    assert not talk.session.can_offer  # that offer of ours is not answered yet (RFC 3264 §4)
    talk.say("ACK", body=ANSWER)
    assert talk.session.can_offer
    assert talk.rig.event(OfferAnswered).sdp == sdp(ANSWER)


def test_a_re_invite_may_move_the_target(talk: Talk) -> None:
    talk.say("INVITE", body=HOLD, headers=[f"Contact: <sip:new@{talk.phone.address.host}:6000>"])
    talk.session.accept(sdp(ANSWER), talk.rig.now)
    talk.say("ACK")
    talk.session.bye(talk.rig.now)
    bye = talk.rig.said[-1] if talk.rig.drain() else None
    assert bye is not None
    assert isinstance(bye[1], Request)
    assert bye[1].raw_uri == f"sip:new@{talk.phone.address.host}:6000"
    assert bye[2].remote == talk.session.flow.remote == Address(talk.phone.address.host, 6000)


def test_a_lost_ack_to_a_re_invite_ends_the_session(talk: Talk) -> None:
    talk.held().accept(sdp(ANSWER), talk.rig.now)
    assert labels(talk.rig.wait(32.1))[-1] == "BYE"
    assert talk.rig.event(Ended).why == "no_ack"


def test_a_second_re_invite_before_the_first_is_answered_gets_500(talk: Talk) -> None:
    talk.held()
    (answer,) = talk.say("INVITE", body=HOLD)
    assert label(answer) == "500 INVITE"
    assert 0 <= int(answer.get("Retry-After") or -1) <= 10
    assert talk.rig.events() == []


def test_a_re_invite_with_a_bad_body_is_refused_by_the_stack(talk: Talk) -> None:
    assert labels(talk.say("INVITE", body=b"nonsense")) == ["400 INVITE"]
    assert talk.rig.event(Rejected).reason == "body"
    assert talk.session.can_offer


def test_a_bye_during_a_re_invite_answers_both(talk: Talk) -> None:
    talk.held()
    assert labels(talk.say("BYE")) == ["200 BYE", "487 INVITE"]
    assert talk.rig.event(Ended).why == "bye"


# -- the end ------------------------------------------------------------------------------------------------


def test_we_hang_up(talk: Talk) -> None:
    talk.session.bye(talk.rig.now, "Q.850;cause=16")
    (bye,) = talk.rig.drain()
    assert (label(bye), bye.get("Reason")) == ("BYE", "Q.850;cause=16")
    talk.phone.answer(bye, 200)
    talk.rig.wait(33.0)
    assert talk.rig.events() == []
    assert talk.rig.stack.idle


def test_bye_crosses_bye_and_both_get_200(talk: Talk) -> None:
    talk.session.bye(talk.rig.now)
    (bye,) = talk.rig.drain()
    assert labels(talk.say("BYE")) == ["200 BYE"]
    talk.phone.answer(bye, 200)
    talk.session.bye(talk.rig.now)
    assert talk.rig.drain() == []
    assert talk.rig.events() == []


def test_a_re_invite_after_our_bye_gets_481(talk: Talk) -> None:
    talk.session.bye(talk.rig.now)
    talk.rig.drain()
    assert labels(talk.say("INVITE", body=HOLD)) == ["481 INVITE"]


def test_a_lost_bye_is_repeated_and_a_lost_200_costs_nothing(talk: Talk) -> None:
    talk.session.bye(talk.rig.now)
    byes = talk.rig.wait(1.6)
    assert labels(byes) == ["BYE", "BYE", "BYE"]
    talk.phone.answer(byes[0], 200)
    assert talk.rig.wait(40.0) == []


def test_a_retransmitted_bye_is_answered_again(talk: Talk) -> None:
    bye = talk.phone.build("BYE", uri="sip:1001@10.0.0.1:5060")
    assert labels(talk.phone.again(bye)) == ["200 BYE"]
    assert labels(talk.phone.again(bye)) == ["200 BYE"]
    talk.rig.event(Ended)


# -- what is not of this dialog -----------------------------------------------------------------------------


def test_a_request_overtaken_by_a_later_one_gets_500(talk: Talk) -> None:
    talk.phone.cseq += 10
    talk.held().accept(sdp(ANSWER), talk.rig.now)
    talk.rig.drain()
    talk.say("ACK")
    talk.phone.cseq -= 5
    assert labels(talk.say("BYE")) == ["500 BYE"]
    assert talk.session.state == "confirmed"


def test_a_bye_that_does_not_count_up_is_not_out_of_order(talk: Talk) -> None:
    talk.held().decline(488, talk.rig.now)
    talk.phone.cseq -= 1
    assert "200 BYE" in labels(talk.say("BYE"))


@pytest.mark.parametrize("wrong", ["tag", "remote_tag", "call_id"])
def test_a_wrong_identifier_gets_481(talk: Talk, wrong: str) -> None:
    setattr(talk.phone, wrong, "wrong")
    assert labels(talk.say("BYE")) == ["481 BYE"]
    assert labels(talk.say("INVITE", body=HOLD)) == ["481 INVITE"]
    assert talk.say("ACK") == []
    assert talk.session.state == "confirmed"


def test_another_host_with_the_right_tags_gets_481(talk: Talk) -> None:
    bye = talk.phone.build("BYE", uri="sip:1001@10.0.0.1:5060")
    assert labels(talk.rig.hear(bye, Address("10.6.6.6", 5060))) == ["481 BYE"]
    assert talk.session.state == "confirmed"
    assert talk.rig.event(Rejected).reason == "no_dialog"


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("INFO", 200),
        ("UPDATE", 200),
        ("REFER", 400),
        ("REGISTER", 405),
        ("OPTIONS", 200),
        ("FROBNICATE", 501),
    ],
)
def test_other_methods_in_the_dialog(talk: Talk, method: str, status: int) -> None:
    (answer,) = talk.say(method)
    assert label(answer) == f"{status} {method}"
    assert method in ("INFO", "REFER") or "INVITE" in str(answer.get("Allow"))
    assert talk.session.state == "confirmed"


def test_a_required_extension_in_the_dialog_gets_420(talk: Talk) -> None:
    (answer,) = talk.say("INVITE", body=HOLD, headers=["Require: timer, quick, path"])
    assert (label(answer), answer.get("Unsupported")) == ("420 INVITE", "quick")
    assert answer.all("Unsupported") == ["quick", "path"]


def test_re_invites_without_end_do_not_fill_memory() -> None:
    talk = Talk(outgoing=False)
    talk.rig.stack._core.settings = replace(talk.rig.stack.settings, max_transactions=20)
    answers = [labels(talk.say("INVITE", body=HOLD))[0] for _ in range(30)]
    assert answers[0] == "100 INVITE"
    assert set(answers[1:]) == {"500 INVITE", "503 INVITE"}
    assert talk.rig.stack.counts["transactions"] == 20
    assert labels(talk.say("BYE"))[0] == "200 BYE"


def test_verbs_in_the_wrong_state_are_our_own_bug(talk: Talk) -> None:
    now = talk.rig.now
    for illegal in (lambda: talk.session.accept(sdp(), now), lambda: talk.session.decline(488, now)):
        with pytest.raises(LocalProtocolError):
            illegal()
    talk.offer()
    with pytest.raises(LocalProtocolError):
        talk.session.offer(sdp(), now)


def test_a_nat_that_moves_the_peer_to_another_port_is_followed() -> None:
    rig = Rig()
    phone = Phone(rig, "9", TRUNK)
    behind = ["Contact: <sip:9@192.168.7.7:5060>"]
    phone.say("INVITE", body=OFFER, headers=behind)
    session = rig.event(Invited).session
    session.answer(sdp(ANSWER), rig.now)
    (ok,) = rig.drain()
    assert isinstance(ok, Response)
    phone.remote_tag = session.id
    phone.say("ACK")
    phone.address = Address(TRUNK.host, 40404)
    phone.say("INVITE", body=HOLD, headers=behind)
    session.accept(sdp(ANSWER), rig.now)
    rig.drain()
    phone.say("ACK")
    session.bye(rig.now)
    rig.drain()
    assert rig.said[-1][2].remote == phone.address
