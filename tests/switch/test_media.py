"""What audio the switch wants while calls come, are held and go, and when the media process fails."""

from random import Random

import pytest

from pbx.sip.audio import mirror
from pbx.switch.events import Trouble
from pbx.switch.media import Ports
from pbx.wire.media import Failed, Ready, Resumed, Silent, Want
from tests.switch.test_calls import ringing, talking
from tests.world import World


def spy(world: World, *starts: str) -> list[bytes]:
    """The bodies of all messages on the wire, from now on, whose first line begins so."""
    bodies: list[bytes] = []

    def look(data: bytes) -> bool:
        if data.startswith(tuple(start.encode() for start in starts)):
            bodies.append(data.partition(b"\r\n\r\n")[2])
        return False

    world.lose = look
    return bodies


def test_an_answered_call_is_heard_both_ways():
    world = World("1001", "1002")
    talking(world)
    caller, callee = world.wanted.legs
    assert set(world.wanted.hears) == {(caller.leg, callee.leg), (callee.leg, caller.leg)}
    assert (caller.remote, callee.remote) == (("192.0.2.11", 4000), ("192.0.2.12", 4000))
    assert caller.remote_rtcp == ("192.0.2.11", 4001)
    assert caller.local[1] % 2 == 0
    assert caller.local != callee.local
    assert "192.0.2.11" in caller.sources
    assert dict(caller.payloads) == {0: 8000, 8: 8000, 101: 8000}


def test_each_phone_is_told_our_port_not_the_others():
    world = World("1001", "1002")
    call, other = talking(world)
    caller, callee = world.wanted.legs
    assert f"m=audio {caller.local[1]} ".encode() in call.sdp
    assert f"m=audio {callee.local[1]} ".encode() in other.sdp
    assert b"c=IN IP4 192.0.2.1\r\n" in call.sdp


def test_only_common_formats_are_answered():
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    call = anna.call("1002", anna.sdp(codecs=("96 opus/48000/2", "9 G722/8000", "8 PCMA/8000")))
    world.run()
    assert b"m=audio" in bob.incoming.sdp
    assert b"opus" not in bob.incoming.sdp
    bob.incoming.pick_up(bob.sdp(codecs=("8 PCMA/8000",)))
    world.run()
    assert call.sdp.rstrip().count(b"rtpmap") == 1
    assert b"RTP/AVP 8\r\n" in call.sdp
    (view,) = world.switch.calls()
    assert [leg.codec for leg in view.legs] == ["PCMA", "PCMA"]


def test_no_common_format_is_refused_with_488():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    world.phone("1002", "192.0.2.12")
    call = anna.call("1002", anna.sdp(codecs=("96 opus/48000/2",)))
    world.run()
    assert call.log[-1] == "488"
    assert world.record.cause == "no_codec"
    world.nothing_left()


def test_early_sound_of_a_single_phone_is_passed_on():
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    call = anna.call("1002")
    world.run()
    bob.incoming.reply(183, bob.sdp())
    world.run()
    assert call.log[-1] == "183"
    caller, callee = world.wanted.legs
    assert (caller.leg, callee.leg) in world.wanted.hears
    bob.incoming.pick_up()
    world.run()
    assert call.log[-1] == "200"


def test_the_answer_is_the_same_before_and_after_the_pick_up():
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    answers = spy(world, "SIP/2.0 183 Session Progress", "SIP/2.0 200 OK")
    call = anna.call("1002")
    world.run()
    answer = bob.sdp() + "a=ptime:40\r\n"
    bob.incoming.reply(183, answer)
    bob.incoming.pick_up(answer)
    world.run()
    assert call.log[-2:] == ["183", "200"]
    early, final = (body for body in answers if body)
    assert early == final
    assert b"a=ptime:40\r\n" in final


def test_early_sound_that_cannot_be_passed_on_is_plain_ringing():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    desk, soft = world.phone("1002", "192.0.2.12"), world.phone("1002", "192.0.2.13")
    call = anna.call("1002")
    world.run()
    desk.incoming.reply(183, desk.sdp())
    soft.incoming.ring()
    world.run()
    assert call.log == ["401", "100", "180"]


@pytest.mark.parametrize("direction", ["sendonly", "recvonly", "inactive"])
def test_a_call_may_begin_on_hold(direction):
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    call = anna.call("1002", anna.sdp(direction=direction))
    world.run()
    assert f"a={direction}\r\n".encode() in bob.incoming.sdp
    bob.incoming.pick_up(bob.sdp(direction=mirror(direction)))
    world.run()
    assert world.switch.calls()[0].state == "held"
    assert len(world.wanted.hears) == (direction != "inactive")
    world.run(40)
    assert world.switch.calls()[0].state == "held"
    call.bye()
    world.run()
    assert world.record.cause == "normal"
    world.nothing_left()


def test_a_call_to_the_echo_test_may_begin_on_hold():
    world = World("1001")
    anna = world.phone("1001", "192.0.2.11")
    call = anna.call("*43", anna.sdp(direction="sendonly"))
    world.run()
    assert call.log[-1] == "200"
    assert world.switch.calls()[0].state == "held"


def test_audio_of_another_ip_version_than_ours_is_refused():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    world.phone("1002", "192.0.2.12")
    call = anna.call("1002", anna.sdp().replace("c=IN IP4 192.0.2.11", "c=IN IP6 2001:db8::1"))
    world.run()
    assert call.log[-1] == "488"


def test_an_invite_without_an_offer_gets_ours_and_answers_in_the_ack():
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    call = anna.call("1002", sdp="")
    world.run()
    assert b"G722" in bob.incoming.sdp
    call.auto = False
    bob.incoming.pick_up()
    world.run()
    assert b"m=audio" in call.sdp
    body = anna.sdp()
    anna.request("ACK", call.target, call.local, call.remote, call.call_id, call.cseq, body)
    world.run()
    caller, _ = world.wanted.legs
    assert caller.remote == ("192.0.2.11", 4000)
    assert len(world.wanted.hears) == 2


def test_a_format_that_the_late_answer_left_out_is_taken_from_the_other_phone_too():
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    call = anna.call("1002", sdp="")
    world.run()
    call.auto = False
    bob.incoming.pick_up()
    world.run()
    body = anna.sdp(codecs=("8 PCMA/8000",))
    anna.request("ACK", call.target, call.local, call.remote, call.call_id, call.cseq, body)
    world.run()
    assert bob.incoming.log == ["INVITE", "ACK", "INVITE"]
    assert b"RTP/AVP 8\r\n" in bob.incoming.sdp
    bob.incoming.pick_up(bob.sdp(codecs=("8 PCMA/8000",)))
    world.run()
    assert [list(dict(leg.payloads)) for leg in world.wanted.legs][1] == [8]
    assert [leg.codec for leg in world.switch.calls()[0].legs] == ["PCMA", "PCMA"]
    assert bob.incoming.log == ["INVITE", "ACK", "INVITE", "ACK"]


def test_a_phone_that_will_not_drop_a_format_is_still_heard_in_it():
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    call = anna.call("1002", sdp="")
    world.run()
    call.auto = False
    bob.incoming.pick_up()
    world.run()
    before = world.wanted.legs[1].payloads
    body = anna.sdp(codecs=("8 PCMA/8000",))
    anna.request("ACK", call.target, call.local, call.remote, call.call_id, call.cseq, body)
    world.run()
    bob.incoming.reply(488)
    bob.incoming.over = False
    world.run()
    assert world.wanted.legs[1].payloads == before
    call.request("INVITE")
    world.run()
    bob.incoming.pick_up()
    world.run()
    assert call.log[-1] == "200", "a refused change is over; the next one is heard"
    anna.request("ACK", call.target, call.local, call.remote, call.call_id, call.cseq, body)
    world.run()
    assert world.wanted.legs[1].payloads == ((8, 8000),) != before


def test_hold_and_resume_pass_through():
    world = World("1001", "1002")
    call, other = talking(world)
    caller, callee = world.wanted.legs
    call.reinvite("sendonly")
    world.run()
    assert b"a=sendonly" in other.sdp
    other.reply(200, other.phone.sdp(direction="recvonly"))
    world.run()
    assert call.log[-1] == "200"
    assert b"a=recvonly" in call.sdp
    (view,) = world.switch.calls()
    assert (view.state, [leg.state for leg in view.legs]) == ("held", ["held", "held"])
    assert world.wanted.hears == ((callee.leg, caller.leg),)
    assert [leg.quiet for leg in world.wanted.legs][1] == 0.0
    call.reinvite("sendrecv")
    world.run()
    other.pick_up()
    world.run()
    assert world.switch.calls()[0].state == "active"
    assert len(world.wanted.hears) == 2


def test_a_refused_change_leaves_everything_as_it_was():
    world = World("1001", "1002")
    call, other = talking(world)
    before = world.wanted
    call.reinvite("sendonly", host="192.0.2.99")
    world.run()
    other.reply(488)
    other.over = False
    world.run()
    assert call.log[-1] == "488"
    assert world.switch.calls()[0].state == "active"
    assert world.wanted.hears == before.hears
    assert world.wanted.legs == before.legs
    call.bye()
    world.run()
    assert other.log[-1] == "BYE"


def test_a_phone_that_moves_its_audio_is_followed():
    world = World("1001", "1002")
    call, other = talking(world)
    call.reinvite("sendrecv", host="192.0.2.50")
    world.run()
    other.pick_up()
    world.run()
    caller, _ = world.wanted.legs
    assert caller.remote == ("192.0.2.50", 4000)
    assert world.wanted.generation > 1


def test_a_call_without_any_audio_is_ended():
    world = World("1001", "1002")
    call, other = talking(world)
    caller, callee = world.wanted.legs
    name = world.wanted.call
    world.hear(Silent(name, caller.leg, 60))
    world.run()
    assert "BYE" not in call.log
    world.hear(Resumed(name, caller.leg))
    world.hear(Silent(name, callee.leg, 60))
    world.run()
    assert "BYE" not in call.log
    world.hear(Silent(name, caller.leg, 60))
    world.run()
    assert (call.log[-1], other.log[-1]) == ("BYE", "BYE")
    assert world.record.cause == "audio_lost"


def test_a_full_port_range_is_503_and_said():
    world = World("1001", "1002", rtp=(10000, 10003))
    talking(world)
    carl = world.phone("1001", "192.0.2.21")
    call = carl.call("1002")
    world.run()
    assert call.log[-1] == "503"
    (trouble,) = world.told(Trouble)
    assert trouble.slug == "ports_full"
    assert "10000-10003" in trouble.text


def test_a_port_that_cannot_be_opened_ends_the_call_with_a_word():
    world = World("1001", "1002")
    call, _ = ringing(world)
    leg = world.wanted.legs[0]
    world.hear(Failed(world.wanted.call, leg.leg, leg.local[1], "no such address"))
    world.run()
    assert call.log[-1] == "503"
    assert world.record.cause == "media_failed"
    assert world.told(Trouble)[0].slug == "port_failed"


def test_a_new_media_process_is_told_everything_again():
    world = World("1001", "1002")
    talking(world)
    wanted = world.wanted
    world.switch.media_lost(world.now)
    said = len(world.media.said)
    world.hear(Ready(1, 2, calls=(("a call of yesterday", 4),)))
    assert world.media.said[said:] == [wanted, Want("a call of yesterday", 5)]


def test_a_call_that_ends_without_the_media_process_is_still_recorded():
    world = World("1001", "1002")
    call, _ = talking(world)
    world.switch.media_lost(world.now)
    call.bye()
    world.run()
    assert [leg.counters for leg in world.record.legs] == [None, None]


def test_a_media_process_that_does_not_answer_delays_the_record_by_two_seconds_only():
    world = World("1001", "1002")
    call, _ = talking(world)
    world.media.answers = False
    call.bye()
    world.run(1.9)
    assert not world.records
    world.run(0.2)
    assert world.record.cause == "normal"
    world.nothing_left()


def test_ports_of_other_programs_are_left_alone_until_they_are_free():
    ports = Ports(10000, 10007, Random(1))
    ports.avoid([10001, 10004])
    assert {ports.take(), ports.take()} == {10002, 10006}
    assert ports.take() is None
    ports.avoid([])
    assert {ports.take(), ports.take()} == {10000, 10004}


def test_the_port_that_rested_longest_is_taken_next():
    ports = Ports(10000, 10005, Random(1))
    first = ports.take()
    assert first is not None
    ports.release(first)
    assert [ports.take() for _ in range(3)][-1] == first


def test_a_browsers_audio_is_refused_and_said_why() -> None:
    world = World("1001")
    phone = world.phone("1001", "192.0.2.11")
    browsers = phone.sdp().replace("RTP/AVP", "UDP/TLS/RTP/SAVPF")
    refusals: list[bytes] = []
    world.lose = lambda data: data.startswith(b"SIP/2.0 488") and refusals.append(data) is not None
    phone.call("*43", sdp=browsers)
    world.run()
    warning = b'Warning: 302 warden "the audio of browsers (DTLS-SRTP) is not spoken here"'
    assert [warning in refusal for refusal in refusals] == [True]
    world.nothing_left()
    assert world.record.cause == "webrtc"
