"""Offers that pass through the switch: the three spellings of hold, offers that come late, and what is not
audio."""

import pytest

from tests.switch.scene import Scene
from tests.world import Phone, PhoneCall

FAX = "m=image 4100 udptl t38\r\na=T38FaxVersion:0\r\n"
VIDEO = "m=video 4200 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
TEXT = "m=text 4300 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\n"


@pytest.fixture
def scene() -> Scene:
    """Both talk."""
    scene = Scene().play("b answer; 1")
    assert scene.hears == "ab ba"
    return scene


def sides(scene: Scene, who: str) -> tuple[PhoneCall, PhoneCall]:
    return scene.call[who], scene.call["b" if who == "a" else "a"]


def held(phone: Phone, spelling: str) -> str:
    if spelling != "0.0.0.0":
        return phone.sdp(spelling)
    return phone.sdp(host="0.0.0.0").replace("a=sendrecv\r\n", "")


@pytest.mark.parametrize("who", "ab")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize(
    ("spelling", "told", "answer", "hears"),
    [
        ("sendonly", b"a=sendonly", "recvonly", 1),
        ("inactive", b"a=inactive", "inactive", 0),
        ("0.0.0.0", b"a=sendonly", "recvonly", 1),
    ],
)
def test_hold_and_resume(
    scene: Scene, who: str, method: str, spelling: str, told: bytes, answer: str, hears: int
) -> None:
    mine, theirs = sides(scene, who)
    mine.request(method, held(mine.phone, spelling))
    scene.play("")
    assert told in theirs.sdp
    assert b"c=IN IP4 192.0.2.1\r\n" in theirs.sdp, "an old spelling is passed on in the new one"
    theirs.reply(200, theirs.phone.sdp(answer))
    scene.play("1")
    assert scene.state == "held"
    assert len(scene.hears.split()) == hears
    mine.request(method, mine.phone.sdp())
    scene.play("")
    theirs.reply(200, theirs.phone.sdp())
    scene.play("1")
    assert (scene.state, scene.hears) == ("active", "ab ba")
    assert scene.done() == "hung_up_by_admin"


def test_both_hold_and_one_resumes(scene: Scene) -> None:
    scene.play("a hold; b agree recvonly; b update inactive; a agree inactive; 1")
    assert (scene.state, scene.hears) == ("held", "")
    scene.play("a resume; b agree sendonly; 1")
    assert (scene.state, scene.hears) == ("held", "ab")
    scene.play("b update sendrecv; a agree; 1")
    assert (scene.state, scene.hears) == ("active", "ab ba")
    scene.done()


# -- offers that come late


def answer_in_ack(call: PhoneCall, sdp: str) -> None:
    """The ACK to the 200 that came last, with the answer to its offer."""
    phone = call.phone
    phone.request("ACK", call.target, call.local, call.remote, call.call_id, call.cseq, sdp)


@pytest.mark.parametrize("who", "ab")
def test_an_empty_reinvite_is_passed_on_end_to_end(scene: Scene, who: str) -> None:
    """Its offer is the other party's, and its answer is that party's too."""
    mine, theirs = sides(scene, who)
    mine.auto = False
    theirs.phone.port = 4444
    mine.request("INVITE")
    scene.play("")
    assert theirs.sdp == b""
    theirs.reply(200, theirs.phone.sdp(codecs=("8 PCMA/8000", "0 PCMU/8000")))
    scene.play("")
    assert mine.log[-1] == "200"
    assert b"RTP/AVP 8 0\r\n" in mine.sdp
    assert theirs.log[-1] == "INVITE", "its ACK waits for the answer"
    answer_in_ack(mine, mine.phone.sdp("sendonly", codecs=("8 PCMA/8000",)))
    scene.play("1")
    assert theirs.log[-1] == "ACK"
    assert len(scene.hears.split()) == 1
    assert scene.state == "held"
    asked = scene.world.wanted.legs[1 if who == "a" else 0]
    assert (asked.remote, asked.payloads) == ((theirs.phone.address.host, 4444), ((8, 8000),))
    scene.done()


def test_the_answer_in_the_ack_is_repeated_with_it(scene: Scene) -> None:
    mine, theirs = sides(scene, "a")
    mine.auto = False
    acks: list[bytes] = []
    scene.world.lose = lambda data: data.startswith(b"ACK sip:1002@192.0.2.12") and not acks.append(data)
    mine.request("INVITE")
    scene.play("")
    theirs.reply(200, theirs.phone.sdp())
    scene.play("")
    theirs.reply(200, theirs.phone.sdp())
    scene.play("")
    assert acks == [], "there is no answer yet"
    answer_in_ack(mine, mine.phone.sdp("inactive"))
    scene.play("")
    theirs.reply(200, theirs.phone.sdp())
    scene.play("")
    assert len(acks) == 2
    assert all(b"a=inactive" in ack for ack in acks)
    scene.done()


@pytest.mark.parametrize("refusal", [488, 500, 415])
def test_a_party_that_makes_no_offer_is_made_up_for(scene: Scene, refusal: int) -> None:
    scene.call["a"].auto = False
    scene.play(f"a ask; b say {refusal}; 0.5")
    mine = scene.call["a"]
    assert mine.log[-1] == "200"
    assert b"m=audio" in mine.sdp
    answer_in_ack(mine, mine.phone.sdp())
    scene.play("1")
    assert (scene.state, scene.hears) == ("active", "ab ba")
    scene.done()


@pytest.mark.parametrize("sdp", ["", "m=audio 0 RTP/AVP 0\r\n", FAX])
def test_an_offer_of_nothing_leaves_all_as_it_was(scene: Scene, sdp: str) -> None:
    mine, theirs = sides(scene, "a")
    before = scene.world.wanted
    mine.request("INVITE")
    scene.play("")
    theirs.reply(200, theirs.phone.sdp().partition("m=audio")[0] + sdp if sdp else "")
    scene.play("1")
    assert theirs.log[-1] == "ACK"
    assert mine.log[-1] == "200"
    assert scene.world.wanted.hears == before.hears
    scene.done()


def test_an_ack_without_the_answer_leaves_all_as_it_was(scene: Scene) -> None:
    before = scene.world.wanted.hears
    scene.play("a ask; b agree inactive; 1")
    assert (scene.log("b"), scene.state) == ("INVITE ACK INVITE ACK", "active")
    assert scene.world.wanted.hears == before
    scene.done()


@pytest.mark.parametrize("script", ["a bye; 1", "b bye; 1", "40"])
def test_a_call_may_end_while_the_answer_is_awaited(scene: Scene, script: str) -> None:
    scene.call["a"].auto = False
    scene.play(f"a ask; b agree; {script}")
    assert scene.state == ""
    assert scene.done() in ("normal", "no_ack")


def test_nobody_else_may_offer_while_the_answer_is_awaited(scene: Scene) -> None:
    scene.call["a"].auto = False
    scene.play("a ask; b agree; b hold; 1")
    assert scene.log("b") == "INVITE ACK INVITE 491"
    scene.done()


# -- what is not audio


@pytest.mark.parametrize("who", "ab")
@pytest.mark.parametrize("more", [FAX, VIDEO, TEXT, FAX + VIDEO + TEXT])
def test_what_comes_beside_audio_is_refused_line_by_line(scene: Scene, who: str, more: str) -> None:
    mine, theirs = sides(scene, who)
    mine.request("INVITE", mine.phone.sdp() + more)
    scene.play("")
    assert theirs.sdp.count(b"m=") == 1
    theirs.reply(200, theirs.phone.sdp())
    scene.play("1")
    kinds = [line.split() for line in (mine.sdp).decode().splitlines() if line.startswith("m=")]
    if who == "a":  # the answer that the phone keeps
        assert [kind[1] == "0" for kind in kinds] == [False] + [True] * more.count("m=")
    assert (scene.state, scene.hears) == ("active", "ab ba")
    scene.done()


@pytest.mark.parametrize("who", "ab")
@pytest.mark.parametrize("only", [FAX, VIDEO, "m=audio 0 RTP/AVP 0\r\n" + FAX])
def test_what_replaces_audio_is_refused_and_the_call_goes_on(scene: Scene, who: str, only: str) -> None:
    mine, theirs = sides(scene, who)
    before = scene.world.wanted
    mine.request("INVITE", mine.phone.sdp().partition("m=audio")[0] + only)
    scene.play("1")
    assert mine.log[-1] == "488"
    assert theirs.log[-1] in ("200", "ACK"), "it heard nothing of it"
    assert scene.world.wanted == before
    scene.done()


@pytest.mark.parametrize("only", [FAX, VIDEO])
def test_a_call_that_is_no_audio_is_refused(only: str) -> None:
    scene = Scene()
    scene.play("a cancel; b say 487; 40")
    phone = scene.phones["a"]
    call = phone.call("1003", phone.sdp().partition("m=audio")[0] + only)
    scene.play("1")
    assert call.log[-1] == "488"
    scene.world.nothing_left()
