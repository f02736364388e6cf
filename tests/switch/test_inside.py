"""What happens inside a call beside hold: UPDATE, pressed keys, other media, sessions that die silently."""

import pytest

from tests.world import Phone, PhoneCall, World

ALLOW = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO\r\n"


@pytest.fixture
def world() -> World:
    return World("1001", "1002")


@pytest.fixture
def anna(world: World) -> Phone:
    return world.phone("1001", "192.0.2.11")


@pytest.fixture
def bert(world: World) -> Phone:
    return world.phone("1002", "192.0.2.12")


def talk(world: World, anna: Phone, bert: Phone, extra: str = "") -> tuple[PhoneCall, PhoneCall]:
    mine = anna.call("1002", extra=ALLOW + extra)
    world.run(1)
    bert.incoming.reply(200, bert.sdp(), extra=ALLOW)
    world.run(1)
    return mine, bert.incoming


def test_an_update_holds_as_a_reinvite_does(world: World, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    mine.request("UPDATE", anna.sdp("sendonly"))
    world.run(1)
    assert b"a=sendonly" in theirs.sdp
    theirs.reply(200, bert.sdp("recvonly"))
    world.run(1)
    assert mine.log[-1] == "200 UPDATE"
    assert world.switch.calls()[0].state == "held"
    mine.bye()
    world.nothing_left()


@pytest.mark.parametrize(("kind", "body"), [("dtmf-relay", "Signal=5\r\nDuration=160\r\n"), ("dtmf", "5")])
def test_a_key_is_heard_on_the_other_side(
    world: World, anna: Phone, bert: Phone, kind: str, body: str
) -> None:
    mine, theirs = talk(world, anna, bert)
    text = anna.request("INFO", mine.target, mine.local, mine.remote, mine.call_id, 9, body)
    world._wire.clear()
    anna.send(text.replace("application/sdp", f"application/{kind}"))
    seen: list[bytes] = []
    world.lose = lambda data: seen.append(data) is not None
    world.run(0)
    (info,) = [data for data in seen if data.startswith(b"INFO sip:1002@192.0.2.12")]
    assert info.endswith(f"\r\n\r\n{body}".encode())
    assert f"Content-Type: application/{kind}".encode() in info
    theirs.bye()
    world.nothing_left()


def test_fax_is_refused_and_the_call_goes_on(world: World, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    before = world.wanted
    fax = anna.sdp().replace("m=audio 4000 RTP/AVP 0 8 101", "m=image 4000 udptl t38")
    mine.request("INVITE", fax)
    world.run(1)
    assert mine.log[-1] == "488"
    assert world.wanted == before
    mine.bye()
    world.run(1)
    assert theirs.over
    world.nothing_left()


def test_video_beside_audio_is_refused_alone(world: World, anna: Phone, bert: Phone) -> None:
    mine = anna.call("1002", sdp=anna.sdp() + "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n")
    world.run(1)
    assert b"m=video" not in bert.incoming.sdp
    bert.incoming.pick_up()
    world.run(1)
    assert b"m=video 0 RTP/AVP 96" in mine.sdp
    mine.bye()
    world.nothing_left()


def test_feedback_is_offered_and_the_profile_kept_in_the_answer(
    world: World, anna: Phone, bert: Phone
) -> None:
    mine = anna.call("1002", sdp=anna.sdp().replace("RTP/AVP", "RTP/AVPF"))
    world.run(1)
    assert b"RTP/AVP " in bert.incoming.sdp
    bert.incoming.pick_up()
    world.run(1)
    assert b"RTP/AVPF " in mine.sdp
    mine.bye()
    world.nothing_left()


def test_a_description_among_other_parts_is_found(world: World, anna: Phone, bert: Phone) -> None:
    sdp = anna.sdp()
    parts = (
        f"--x\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n"
        "--x\r\nContent-Type: application/isup\r\n\r\nwhatever\r\n--x--\r\n"
    )
    call = anna.call("1002", sdp=parts)
    world._wire.clear()
    kind = 'Content-Type: multipart/mixed;boundary="x"\r\nContent-Length'
    call.sent = call.sent.replace("Content-Type: application/sdp\r\nContent-Length", kind, 1)
    anna._pending[f"{call.call_id} 1"] = (call.sent, call)
    anna.send(call.sent)
    world.run(1)
    bert.incoming.pick_up()
    world.run(1)
    assert call.log[-1] == "200"
    call.bye()
    world.nothing_left()


def test_a_phone_that_vanishes_is_noticed_by_its_silence(world: World, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert, "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n")
    world.run(100)
    assert theirs.over
    assert world.record.cause == "expired"
    assert mine.log[-1] == "BYE"
    world.nothing_left()


def test_a_caller_that_waits_no_longer_is_told_so(world: World, anna: Phone, bert: Phone) -> None:
    mine = anna.call("1002", extra="Expires: 5\r\n")
    world.run(1)
    bert.incoming.ring()
    world.run(6)
    assert mine.log[-1] == "487"
    assert "CANCEL" in bert.incoming.log
    assert world.record.cause == "cancelled"
    world.nothing_left()
