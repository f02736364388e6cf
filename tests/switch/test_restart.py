"""The switch's process is killed while calls are up: the next one goes on with them (docs/adr/0013)."""

import pytest

from pbx.wire.media import Closed, Counters
from tests.journalled import Journalled
from tests.world import Phone, PhoneCall


@pytest.fixture
def world() -> Journalled:
    return Journalled("1001", "1002")


@pytest.fixture
def anna(world: Journalled) -> Phone:
    return world.phone("1001", "192.0.2.11")


@pytest.fixture
def bert(world: Journalled) -> Phone:
    return world.phone("1002", "192.0.2.12")


def talk(world: Journalled, anna: Phone, bert: Phone) -> tuple[PhoneCall, PhoneCall]:
    mine = anna.call("1002")
    world.run(1)
    bert.incoming.ring()
    bert.incoming.pick_up()
    world.run(10)
    return mine, bert.incoming


def test_a_call_goes_on_and_either_side_hangs_up(world: Journalled, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    before = world.wanted
    world.kill()
    assert (world.wanted.legs, world.wanted.hears) == (before.legs, before.hears)
    assert world.wanted.generation > before.generation
    assert [call.state for call in world.switch.calls()] == ["active"]
    world.run(5)
    mine.bye()
    world.run(1)
    assert theirs.over
    record = world.record
    assert (record.cause, record.caller.number, record.dialled) == ("normal", "1001", "1002")
    assert (world.record.ended or 0) - (world.record.answered or 0) == pytest.approx(15, abs=1.5)
    assert [leg.counters is not None for leg in world.record.legs] == [True, True]
    world.nothing_left()
    assert not world.kept


def test_the_called_side_hangs_up_after_many_lives(world: Journalled, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    for _ in range(20):
        world.kill()
        world.run(3)
    theirs.bye()
    world.run(1)
    assert mine.over
    assert len(world.records) == 1
    world.nothing_left()


def test_hold_and_resume_after_a_restart(world: Journalled, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    world.kill()
    mine.reinvite("sendonly")
    world.run(1)
    assert b"a=sendonly" in theirs.sdp
    theirs.reply(200, bert.sdp("recvonly"))
    world.run(1)
    assert world.switch.calls()[0].state == "held"
    world.kill()
    assert world.switch.calls()[0].state == "held"
    mine.reinvite()
    world.run(1)
    theirs.reply(200, bert.sdp())
    world.run(1)
    assert world.switch.calls()[0].state == "active"
    assert [line for line in mine.log if line.startswith(("4", "5"))] == ["401"]
    theirs.bye()
    world.nothing_left()


def test_our_version_of_the_sdp_goes_on_counting(world: Journalled, anna: Phone, bert: Phone) -> None:
    mine, theirs = talk(world, anna, bert)
    first = theirs.sdp.split(b"\r\n")[1].split()
    mine.reinvite("sendonly")
    world.run(1)
    theirs.reply(200, bert.sdp("recvonly"))
    world.run(1)
    world.kill()
    mine.reinvite()
    world.run(1)
    last = theirs.sdp.split(b"\r\n")[1].split()
    assert (last[1], int(last[2])) == (first[1], int(first[2]) + 2)
    theirs.reply(200, bert.sdp())
    world.run(1)
    mine.bye()
    world.nothing_left()


def test_killed_while_the_other_side_is_asked_the_old_agreement_stands(
    world: Journalled, anna: Phone, bert: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    mine.reinvite("sendonly")
    world.run(0.1)
    world.kill()
    world.run(0.1)
    assert mine.log[-1] == "500"  # try again
    assert theirs.log[-2:] == ["INVITE", "INVITE"]
    assert b"a=sendrecv" in theirs.sdp  # whatever it made of the first, this is what holds
    theirs.reply(200, bert.sdp())
    world.run(1)
    assert world.switch.calls()[0].state == "active"
    mine.bye()
    world.nothing_left()


def test_a_call_that_rang_ends_cleanly_on_both_sides(world: Journalled, anna: Phone, bert: Phone) -> None:
    mine = anna.call("1002")
    world.run(1)
    bert.incoming.ring()
    world.run(1)
    world.kill()
    bert.incoming.ring()  # to the INVITE that came again
    world.run(2)
    assert mine.log[-1] == "503"
    assert "CANCEL" in bert.incoming.log
    assert bert.incoming.over
    assert (world.record.cause, world.record.ended_by) == ("restarted", "switch")
    world.nothing_left()
    assert not world.kept


def test_answered_as_the_switch_died_is_acknowledged_and_hung_up(
    world: Journalled, anna: Phone, bert: Phone
) -> None:
    mine = anna.call("1002")
    world.run(1)
    bert.incoming.ring()
    world.run(1)
    world.kill()
    bert.incoming.pick_up()
    world.run(2)
    assert mine.over
    assert bert.incoming.log[-2:] == ["ACK", "BYE"]
    world.nothing_left()


def test_a_200_whose_ack_was_lost_with_the_switch_is_acknowledged(
    world: Journalled, anna: Phone, bert: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    world.kill()
    theirs.pick_up()
    world.run(1)
    assert theirs.log[-1] == "ACK"
    mine.bye()
    world.nothing_left()


def test_a_call_that_ended_unrecorded_is_recorded_by_the_heir(
    world: Journalled, anna: Phone, bert: Phone
) -> None:
    mine, theirs = talk(world, anna, bert)
    world.media.answers = False  # the switch waits for the figures
    mine.bye()
    world.run(0.5)
    assert not world.records
    world.kill()
    world.run(1)
    assert world.record.cause == "normal"
    assert theirs.over
    assert not world.kept
    world.media.answers = True
    world.nothing_left()


def test_a_media_process_that_died_too_gets_everything_again(
    world: Journalled, anna: Phone, bert: Phone
) -> None:
    mine, _ = talk(world, anna, bert)
    legs = world.wanted.legs
    world.kill(media_too=True)
    assert world.wanted.legs == legs
    mine.bye()
    world.nothing_left()


def test_ports_of_calls_that_go_on_are_not_given_away(world: Journalled, anna: Phone, bert: Phone) -> None:
    mine, _ = talk(world, anna, bert)
    world.kill()
    assert world.switch.ports()[0] == 2
    mine.bye()
    world.nothing_left()
    assert world.switch.ports()[0] == 0


def test_an_echo_goes_on(world: Journalled, anna: Phone) -> None:
    mine = anna.call("*43")
    world.run(2)
    world.kill()
    assert world.wanted.hears[0][0] == world.wanted.hears[0][1]
    mine.bye()
    world.nothing_left()
    assert world.record.callee.kind == "service"


def test_what_media_closed_is_heard_by_the_heir(world: Journalled, anna: Phone, bert: Phone) -> None:
    mine, _ = talk(world, anna, bert)
    (call,) = world.switch.calls()
    world.kill()
    world.media.answers = False
    mine.bye()
    world.run(0.1)
    world.hear(Closed(call.call, tuple(Counters(leg.leg, received=7) for leg in call.legs)))
    assert [leg.counters.received for leg in world.record.legs if leg.counters] == [7, 7]
    world.media.answers = True
    world.media.wanted.clear()
    world.nothing_left()


def test_credentials_outlive_the_switch_and_a_replay_stays_refused(world: Journalled, anna: Phone) -> None:
    sent: list[bytes] = []

    def lost(data: bytes) -> bool:
        if b"Authorization" in data:
            sent.append(data)
        return b"Authorization" in data

    world.lose = lost
    anna.register()
    world.run(0)
    world.lose = lambda data: False
    world.kill()
    anna.log.clear()
    anna.send(sent[0].decode())
    world.run(0)
    assert anna.log == ["200 REGISTER"]
    world.kill()
    world.run(40)  # its transaction is forgotten, the nonce is not
    anna.send(sent[0].decode().replace("branch=z9hG4bK", "branch=z9hG4bKreplay"))
    world.run(0)
    assert anna.log == ["200 REGISTER", "401 REGISTER"]


def test_a_ban_outlives_the_switch_until_it_is_lifted(world: Journalled, anna: Phone) -> None:
    lockout = world.switch._stack.lockout
    for _ in range(5):
        lockout.failed("10.0.0.66", "1001", world.now)
    world.switch.advance(world.now)
    world._perform()
    world.kill()
    world.kill()
    [ban] = world.switch.bans(world.now)
    assert (ban.address, ban.account) == ("10.0.0.66", "1001")
    assert world.switch.lift("10.0.0.66", "1001", world.now)
    world._perform()
    world.kill()
    assert world.switch.bans(world.now) == ()
    assert not [key for key in world.journal if key.startswith("ban:")]
