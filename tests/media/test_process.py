"""The media process as the switch sees it: real sockets, a real process, phones that talk and listen."""

import signal
import socket
import time
from dataclasses import replace

import pytest

from pbx.media.relay import SSRC_OF_ECHO
from pbx.wire.media import (
    Ask,
    Closed,
    Counted,
    Failed,
    Latched,
    MediaLeg,
    Ready,
    Resumed,
    Silent,
    Want,
)
from tests.media.rig import HERE, PAYLOADS, A, B, connected, leg, talk_until_heard, two_way

pytestmark = pytest.mark.integration

RECEIVER_REPORT = b"\x81\xc9\x00\x07" + bytes(28)


def test_it_says_ready_first(media):
    assert media.ready == Ready(1, media.process.pid)


def test_two_phones_hear_each_other_unchanged_from_our_ports(media, anna, bob):
    connected(media, anna, bob)
    for _ in range(5):
        assert anna.talk(A) == bob.listens()
        assert bob.heard_from == (HERE, B)
        assert bob.talk(B) == anna.listens()
        assert anna.heard_from == (HERE, A)


def test_counters_come_when_asked_and_when_closed(media, anna, bob):
    connected(media, anna, bob)
    for number in (1, 2, 4, 3, 3):
        anna.sequence = 500 + number - 1
        anna.talk(A)
        assert bob.listens()
    media.say(Ask("c"))
    asked = media.hear(Counted)
    a, b = asked.counters
    assert (a.leg, a.reordered, a.duplicated) == ("a", 1, 1)
    assert b.sent == a.received
    assert b.sent_bytes == a.received_bytes == 172 * a.received
    assert a.lost > 300  # the jump to 501
    media.say(Want("c", 2))
    assert media.hear(Closed) == Closed("c", asked.counters)


def test_a_leg_locks_only_to_a_plausible_source(media, anna, bob, mallory):
    media.say(two_way("c", 1, leg("a", A, anna), leg("b", B, bob)))
    media.say(Ask("c"))
    media.hear(Counted)
    mallory.talk(A)
    assert bob.hears_nothing()
    said = anna.talk(A)
    assert bob.listens() == said
    assert media.hear(Latched) == Latched("c", "a", anna.address)
    mallory.talk(A)
    assert bob.hears_nothing()
    bob.talk(B)
    assert anna.listens()
    assert mallory.hears_nothing()
    media.say(Ask("c"))
    assert media.hear(Counted).counters[0].refused >= 1


def test_packets_that_a_stranger_queued_before_the_lock_are_refused(media, anna, bob, mallory):
    media.say(two_way("c", 1, leg("a", A, anna), leg("b", B, bob)))
    media.say(Ask("c"))
    media.hear(Counted)
    media.process.send_signal(signal.SIGSTOP)
    said = anna.talk(A)
    for _ in range(50):
        mallory.talk(A)
    again = anna.talk(A)
    media.process.send_signal(signal.SIGCONT)
    assert [bob.listens(), bob.listens()] == [said, again]
    assert bob.hears_nothing(0.6)
    mallory.talk(A)
    assert bob.hears_nothing()


def test_a_phone_behind_a_nat_is_answered_where_it_sends_from(media, anna, bob):
    behind = MediaLeg("a", (HERE, A), ("192.0.2.1", 4000), None, (anna.host,), ((0, 8000),))
    media.say(two_way("c", 1, behind, leg("b", B, bob)))
    said = talk_until_heard(anna, A, bob)
    assert said.ssrc == 1
    assert media.hear(Latched).source == anna.address
    bob.talk(B)
    assert anna.listens()


def test_what_is_no_negotiated_audio_is_refused(media, anna, bob):
    connected(media, anna, bob)
    anna.talk(A, kind=13)  # comfort noise was not negotiated
    anna.rtp.sendto(b"\x00\x01\x00\x00!\x12\xa4B" + bytes(12), (HERE, A))  # STUN
    anna.rtp.sendto(b"\x80\x00", (HERE, A))
    anna.rtp.sendto(b"", (HERE, A))
    anna.rtp.sendto(b"\x80\x00" + bytes(3000), (HERE, A))
    assert bob.hears_nothing()
    assert anna.talk(A, kind=101) == bob.listens()
    media.say(Ask("c"))
    assert media.hear(Counted).counters[0].refused == 5


def test_rtcp_passes_between_the_ports_above_and_beside_rtp(media, anna, bob, mallory):
    media.say(
        two_way(
            "c",
            1,
            leg("a", A, anna, remote_rtcp=anna.rtcp.getsockname()),
            leg("b", B, bob, remote_rtcp=bob.rtcp.getsockname()),
        )
    )
    talk_until_heard(anna, A, bob)
    mallory.rtcp.sendto(RECEIVER_REPORT, (HERE, A + 1))
    anna.rtcp.sendto(b"\x80\x00 no report", (HERE, A + 1))
    anna.rtcp.sendto(RECEIVER_REPORT, (HERE, A + 1))
    assert bob.listens(on=bob.rtcp) == RECEIVER_REPORT
    assert bob.heard_from == (HERE, B + 1)
    assert bob.listens(0.2, on=bob.rtcp) is None
    anna.rtp.sendto(RECEIVER_REPORT, (HERE, A))  # anna muxes now (RFC 5761) …
    assert bob.listens(on=bob.rtcp) == RECEIVER_REPORT
    bob.rtcp.sendto(RECEIVER_REPORT, (HERE, B + 1))
    assert anna.listens(on=anna.rtp) == RECEIVER_REPORT  # … so she gets hers there too


def test_a_leg_that_hears_itself_is_an_echo_with_another_ssrc(media, anna):
    media.say(Want("c", 1, (leg("a", A, anna, remote_rtcp=anna.rtcp.getsockname()),), (("a", "a"),)))
    said = talk_until_heard(anna, A, anna)
    for _ in range(3):
        said = anna.talk(A)
        assert anna.listens() == said._replace(ssrc=said.ssrc ^ SSRC_OF_ECHO << 24)
    for _ in range(2):
        anna.rtcp.sendto(RECEIVER_REPORT, (HERE, A + 1))
        anna.rtp.sendto(RECEIVER_REPORT, (HERE, A))
    assert anna.hears_nothing()  # her own reports tell her nothing about what she hears
    assert anna.listens(0.1, on=anna.rtcp) is None


def test_hold_is_silence_and_resume_brings_the_audio_back(media, anna, bob):
    connected(media, anna, bob)
    legs = leg("a", A, anna), leg("b", B, bob)
    media.say(Want("c", 2, legs))
    media.say(Ask("c"))
    media.hear(Counted)
    anna.talk(A)
    assert bob.hears_nothing()
    media.say(two_way("c", 3, *legs))
    talk_until_heard(anna, A, bob)


def test_one_speaker_reaches_several_listeners(media, anna, bob, phones):
    carl = phones("127.0.0.33")
    legs = leg("a", A, anna), leg("b", B, bob), leg("c", B + 2, carl)
    media.say(Want("c", 1, legs, (("b", "a"), ("c", "a"))))
    talk_until_heard(anna, A, bob)
    carl.drain()
    assert anna.talk(A) == bob.listens() == carl.listens()


def test_silence_is_told_once_and_its_end_too(media, anna, bob):
    media.say(two_way("c", 1, leg("a", A, anna, quiet=0.4), leg("b", B, bob)))
    silent = media.hear(Silent)
    assert (silent.call, silent.leg) == ("c", "a")
    assert 0.4 <= silent.seconds < 1.0
    media.hears_nothing_of(Silent, 0.7)
    talk_until_heard(anna, A, bob)
    assert media.hear(Resumed) == Resumed("c", "a")
    assert media.hear(Silent).leg == "a"


def test_an_old_generation_changes_nothing(media, anna, bob):
    connected(media, anna, bob)
    legs = leg("a", A, anna), leg("b", B, bob)
    media.say(two_way("c", 5, *legs))
    media.say(Want("c", 5, legs))
    media.say(Want("c", 4))
    media.say(Ask("c"))
    media.hear(Counted)
    assert anna.talk(A) == bob.listens()


def test_a_changed_address_is_followed_at_the_next_generation(media, anna, bob):
    connected(media, anna, bob)
    before = anna.address
    anna.move()
    anna.talk(A)
    assert bob.hears_nothing()
    media.say(two_way("c", 2, leg("a", A, anna), leg("b", B, bob)))
    talk_until_heard(anna, A, bob)
    assert media.hear(Latched).source == anna.address != before
    bob.talk(B)
    assert anna.listens()
    time.sleep(0.6)  # and when the kernel checks again, too
    assert anna.talk(A) == bob.listens()


def test_a_closed_phone_port_does_not_stop_the_others_audio(media, anna, bob):
    connected(media, anna, bob)
    time.sleep(0.6)
    address = bob.address
    bob.rtp.close()
    for _ in range(10):
        anna.talk(A)
        time.sleep(0.01)
    bob.rtp = bob.udp(address[1])
    for _ in range(5):
        assert anna.talk(A) == bob.listens()
    assert bob.talk(B) == anna.listens()


def test_a_taken_port_is_told_in_words_and_the_others_work(media, anna, bob):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind((HERE, B + 1))
        media.say(two_way("c", 1, leg("a", A, anna), leg("b", B, bob)))
        assert media.hear(Failed) == Failed("c", "b", B + 1, "another program holds the port")
    media.say(two_way("c", 2, leg("a", A, anna), leg("b", B + 2, bob)))
    talk_until_heard(anna, A, bob)
    assert bob.heard_from == (HERE, B + 2)


def test_a_port_that_failed_is_tried_again_and_a_new_switch_hears_of_it(media, anna, bob):
    legs = leg("a", A, anna), leg("b", B, bob)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind((HERE, B))
        media.say(two_way("c", 1, *legs))
        failed = media.hear(Failed)
        media.connect()
        assert media.hear(Failed) == failed
    media.say(two_way("c", 2, *legs))
    talk_until_heard(anna, A, bob)
    assert bob.heard_from == (HERE, B)


def test_an_address_we_do_not_have_is_told_in_words(media):
    media.say(Want("c", 1, (MediaLeg("a", ("192.0.2.7", A)),)))
    assert media.hear(Failed).why == "this machine has no address 192.0.2.7"
    media.say(Want("d", 1, (MediaLeg("a", ("phone.example", A)),)))
    assert "phone.example" in media.hear(Failed).why


def test_closed_ports_are_free_again(media, anna, bob):
    connected(media, anna, bob)
    media.say(Want("c", 2))
    media.hear(Closed)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HERE, A))
    media.say(Want("c", 3))
    assert media.hear(Closed) == Closed("c", ())


def test_our_own_ports_are_no_source_so_no_packet_can_circle(media, anna):
    """Two echoes whose SDP names each other's port on us, and a third leg that gives the first push."""
    c, d = B, B + 2
    echo = leg("echo", A)
    far = MediaLeg("far", (HERE, c), (HERE, A), None, (HERE,), PAYLOADS)
    media.say(Want("1", 1, (replace(echo, remote=(HERE, c), sources=(HERE,)),), (("echo", "echo"),)))
    media.say(Want("2", 1, (far, leg("near", d, anna)), (("far", "near"), ("far", "far"))))
    media.say(Ask("2"))
    media.hear(Counted)
    anna.talk(d)
    time.sleep(0.1)
    media.say(Ask("1"))
    assert media.hear(Counted).counters[0].refused == 1
    media.say(Ask("2"))
    assert [one.received for one in media.hear(Counted).counters] == [0, 1]
