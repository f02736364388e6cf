"""What is wrong, in words: audio that goes one way, and an ACK that never arrives."""

from pbx.sip.flow import Address
from pbx.switch.diagnosis import unreachable
from pbx.switch.events import Trouble
from pbx.wire.media import Latched
from tests.world import PhoneCall, World


def talk(world: World) -> tuple[PhoneCall, PhoneCall]:
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    out = anna.call("1002")
    world.run()
    bob.incoming.pick_up()
    world.run()
    return out, bob.incoming


def heard(world: World, *numbers: int) -> None:
    """The first packets of these legs came."""
    want = world.wanted
    for number in numbers:
        world.hear(Latched(want.call, want.legs[number].leg, ("192.0.2.11", 4000)))


def test_who_is_not_heard_and_why_is_told_once() -> None:
    world = World("1001", "1002")
    mine, _ = talk(world)
    heard(world, 0)
    world.run(60)
    (trouble,) = world.told(Trouble)
    assert trouble.slug == "one_way_audio"
    assert trouble.text.startswith(
        "Person 1001 hears nothing: no audio has come from Person 1002 (192.0.2.12)"
    )
    assert "UDP port" in trouble.text
    mine.bye()
    world.nothing_left()


def test_both_heard_or_none_or_on_hold_is_no_one_way_audio() -> None:
    for legs, held in (((0, 1), False), ((), False), ((0,), True)):
        world = World("1001", "1002")
        mine, _ = talk(world)
        heard(world, *legs)
        if held:
            mine.reinvite("sendonly")
        world.run(30)
        assert not world.told(Trouble)
        mine.bye()
        world.nothing_left()


def test_a_call_that_is_over_is_not_looked_at() -> None:
    world = World("1001", "1002")
    mine, _ = talk(world)
    heard(world, 0)
    mine.bye()
    world.run(30)
    assert not world.told(Trouble)
    assert world.switch.counts()["listening"] == 0


def test_a_private_address_that_a_stranger_was_told_is_named() -> None:
    world = World("1001", "1002")
    mine, _ = talk(world)
    world.switch._stack.faces.show("192.0.2.12", Address("198.51.100.1", 5060))
    heard(world, 0)
    world.run(30)
    assert "of 198.51.100.1 keeps it out" in world.told(Trouble)[0].text
    mine.bye()
    world.nothing_left()
    assert unreachable("192.168.1.2", "8.8.8.8")
    assert not unreachable("192.168.1.2", "10.0.0.1")
    assert not unreachable("8.8.8.8", "9.9.9.9")
    assert not unreachable("192.168.1.2", "phone.test")


def test_an_answer_that_is_never_acknowledged_says_so_in_the_record() -> None:
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    mine = anna.call("1002")
    world.run()
    mine.auto = False
    bob.incoming.pick_up()
    world.run(40)
    assert world.record.cause == "no_ack"
    troubles = [each for each in world.told(Trouble) if each.slug == "no_ack"]
    assert len(troubles) == 1
    assert "Person 1001 (192.0.2.11:5060) never acknowledged" in troubles[0].text
    world.nothing_left()
