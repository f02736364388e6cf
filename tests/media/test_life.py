"""The media process outlives switches, and is replaced when it dies itself."""

import signal
import subprocess
import sys
import time

import pytest

from pbx.wire.link import connect
from pbx.wire.media import (
    Ask,
    Closed,
    Counted,
    Quit,
    Silent,
    Totals,
    Want,
)
from tests.media.rig import A, B, Media, connected, leg, talk_until_heard, two_way

pytestmark = pytest.mark.integration


def test_a_new_switch_adopts_the_calls_of_a_dead_one(media, anna, bob):
    connected(media, anna, bob)
    media.link.close()
    assert anna.talk(A) == bob.listens()
    media.connect()
    assert media.ready.calls == (("c", 1),)
    assert bob.talk(B) == anna.listens()
    media.say(two_way("c", 1, leg("a", A, anna), leg("b", B, bob)))
    media.say(Want("c", 2))
    assert media.hear(Closed).counters[0].received >= 2


def test_a_new_switch_is_told_what_is_silent(media, anna):
    media.say(Want("c", 1, (leg("a", A, anna, quiet=0.3),)))
    media.hear(Silent)
    media.connect()
    assert media.hear(Silent).leg == "a"


def test_a_killed_process_that_is_told_again_carries_audio_within_a_second(media, anna, bob):
    connected(media, anna, bob)
    started = time.monotonic()
    media.kill()
    media.start()
    media.say(two_way("c", 1, leg("a", A, anna), leg("b", B, bob)))
    talk_until_heard(anna, A, bob)
    talk_until_heard(bob, B, anna)
    assert time.monotonic() - started < 1.0


def test_a_message_that_breaks_the_protocol_ends_the_link_and_not_the_audio(media, anna, bob):
    connected(media, anna, bob)
    media.link.send(b'{"type":"Want","call":1}')
    while media.link.receive() is not None:
        pass
    assert anna.talk(A) == bob.listens()
    media.connect()
    assert media.ready.calls == (("c", 1),)


def test_totals_come_every_second_while_a_call_is_up(media, anna, bob):
    connected(media, anna, bob)
    totals = media.hear(Totals)
    assert totals.legs == 2
    assert totals.packets >= 2
    assert 0 <= totals.late < 1


def test_the_last_call_is_in_the_totals(media, anna, bob):
    connected(media, anna, bob)
    media.say(Want("c", 9))
    while (totals := media.hear(Totals)).legs:
        pass
    assert totals.packets >= 2


def test_quit_ends_it_and_frees_the_path(media, anna):
    media.say(Want("c", 1, (leg("a", A, anna),)))
    media.say(Quit())
    assert media.process.wait(3) == 0
    assert not media.path.exists()


def test_the_terminals_interrupt_is_not_for_it(media):
    media.process.send_signal(signal.SIGINT)
    media.say(Ask("x"))
    assert media.hear(Counted) == Counted("x", ())


def test_without_a_switch_silent_calls_end_and_then_the_process(tmp_path, anna):
    media = Media(tmp_path / "m.sock", "--linger", "0.6")
    media.say(Want("c", 1, (leg("a", A, anna),)))
    media.say(Ask("c"))
    media.hear(Counted)
    media.link.close()
    assert media.process.wait(3) == 0


def test_a_second_one_on_the_same_path_says_so(media):
    command = [sys.executable, "-m", "pbx.media", "--socket", str(media.path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "another process listens there" in result.stderr
    connect(media.path).close()
