"""UPDATE and INFO inside a dialog (RFC 3311, RFC 6086)."""

import pytest

from pbx.sip.events import Ended, Informed, Invited, Offered, Rejected
from pbx.sip.inside import inform
from tests.sip.kit import ANSWER, OFFER, TRUNK, Phone, Rig, label, labels, sdp
from tests.sip.talk import HOLD, Talk


@pytest.fixture(params=[True, False], ids=["uac", "uas"])
def talk(request: pytest.FixtureRequest) -> Talk:
    return Talk(request.param)


def test_an_offer_in_an_update_is_told_and_answered_without_an_ack(talk: Talk) -> None:
    assert talk.say("UPDATE", body=HOLD) == []
    assert talk.rig.event(Offered).sdp == sdp(HOLD)
    talk.session.accept(sdp(ANSWER), talk.rig.now)
    (answer,) = talk.rig.drain(len(talk.rig.said))
    assert (label(answer), answer.body) == ("200 UPDATE", ANSWER)
    assert talk.rig.wait(10) == []
    assert talk.session.can_offer


def test_an_update_may_be_declined(talk: Talk) -> None:
    talk.say("UPDATE", body=HOLD)
    talk.rig.event(Offered)
    talk.session.decline(488, talk.rig.now)
    assert labels(talk.rig.drain(len(talk.rig.said))) == ["488 UPDATE"]
    assert talk.session.can_offer


def test_an_update_while_our_offer_is_open_is_glare(talk: Talk) -> None:
    talk.offer()
    assert labels(talk.say("UPDATE", body=HOLD)) == ["491 UPDATE"]


def test_a_second_offer_of_theirs_has_to_wait(talk: Talk) -> None:
    talk.say("UPDATE", body=HOLD)
    (answer,) = talk.say("UPDATE", body=OFFER)
    assert label(answer) == "500 UPDATE"
    assert answer.get("Retry-After") is not None
    assert labels(talk.say("INVITE", body=OFFER)) == ["500 INVITE"]


def test_an_update_without_an_offer_moves_the_target(talk: Talk) -> None:
    moved = "Contact: <sip:9@10.0.0.77:5099>"
    assert labels(talk.say("UPDATE", headers=[moved])) == ["200 UPDATE"]
    talk.session.bye(talk.rig.now)
    (bye,) = talk.rig.drain(len(talk.rig.said))
    assert bye.start_line == "BYE sip:9@10.0.0.77:5099 SIP/2.0"


def test_an_update_before_the_answer_may_not_make_an_offer() -> None:
    rig = Rig()
    phone = Phone(rig, "9", TRUNK)
    phone.say("INVITE", body=OFFER)
    session = rig.event(Invited).session
    session.ring(rig.now)
    rig.drain(len(rig.said))
    phone.remote_tag = session.id
    assert labels(phone.say("UPDATE", body=HOLD)) == ["500 UPDATE"]
    assert labels(phone.say("UPDATE")) == ["200 UPDATE"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"), ("application/dtmf", b"5")],
)
def test_a_pressed_key_is_told(talk: Talk, kind: str, body: bytes) -> None:
    data = talk.phone.build("INFO", uri="sip:1001@10.0.0.1:5060", body=body)
    (answer,) = talk.phone.again(data.replace(b"application/sdp", kind.encode()))
    assert label(answer) == "200 INFO"
    told = talk.rig.event(Informed)
    assert (told.session, told.content_type, told.body) == (talk.session, kind, body)


def test_other_infos_are_answered_and_not_told(talk: Talk) -> None:
    assert labels(talk.say("INFO")) == ["200 INFO"]
    (package,) = talk.say("INFO", headers=["Info-Package: conference"])
    assert (label(package), package.get("Recv-Info")) == ("469 INFO", "")
    assert labels(talk.say("INFO", body=OFFER)) == ["415 INFO"]
    host = talk.phone.address.host
    assert talk.rig.events() == [Rejected("info_package", 469, host), Rejected("body", 415, host)]


def test_we_press_a_key(talk: Talk) -> None:
    inform(talk.session, "application/dtmf", b"7", talk.rig.now)
    (info,) = talk.rig.drain(len(talk.rig.said))
    assert (label(info), info.content_type, info.body) == ("INFO", "application/dtmf", b"7")
    talk.phone.answer(info, 415)
    assert talk.rig.events() == []
    inform(talk.session, "application/dtmf", b"8", talk.rig.now)
    (info,) = talk.rig.drain(len(talk.rig.said))
    talk.phone.answer(info, 481)
    assert talk.rig.event(Ended).why == "gone"
