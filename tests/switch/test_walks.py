"""Random walks: phones that do anything at any time, on a line that loses.  Whatever they do, no step raises,
every call that was told is recorded once, and in the end nothing is left."""

from collections.abc import Callable
from random import Random

import pytest

from pbx.switch.events import CallStarted
from pbx.wire.media import Ready, Silent
from tests.world import Phone, PhoneCall, World

REFUSALS = (302, 403, 404, 480, 486, 487, 488, 491, 500, 503, 600, 603)
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

Step = Callable[[World, Phone, Random], None]


def dial(world: World, phone: Phone, random: Random) -> None:
    direction = random.choice(DIRECTIONS)
    sdp = random.choice(["", None, None, phone.sdp(direction=direction)])
    phone.call(random.choice(["1001", "1002", "1003", "*43", "9999"]), sdp)


def register(world: World, phone: Phone, random: Random) -> None:
    phone.register(expires=random.choice([0, 300]))


def wait(world: World, phone: Phone, random: Random) -> None:
    world.run(random.choice([0.0, 0.1, 0.5, 3.0, 35.0, 70.0]))


def admin(world: World, phone: Phone, random: Random) -> None:
    for view in world.switch.calls()[:1]:
        world.switch.hang_up(view.call, world.now)


def media(world: World, phone: Phone, random: Random) -> None:
    for want in list(world.media.wanted.values()):
        for leg in want.legs:
            world.hear(Silent(want.call, leg.leg, 60.0))
    world.hear(Ready(1, 1))


def forget_acks(world: World, phone: Phone, random: Random) -> None:
    for call in phone.calls:
        call.auto = not call.auto


def talk(world: World, phone: Phone, random: Random) -> None:
    """Something in a call that is not over for this phone."""
    live = [call for call in phone.calls if not call.over]
    if live:
        call = random.choice(live)
        (answer if call.invite is not None and random.random() < 0.6 else ask)(phone, call, random)


def answer(phone: Phone, call: PhoneCall, random: Random) -> None:
    match random.randrange(6):
        case 0:
            call.ring()
        case 1:
            call.reply(183, phone.sdp())
        case 2:
            call.reply(random.choice(REFUSALS))
            call.over = random.random() < 0.5
        case 3:
            call.reply(200)
        case _:
            call.pick_up(phone.sdp(direction=random.choice(DIRECTIONS)))


def ask(phone: Phone, call: PhoneCall, random: Random) -> None:
    match random.randrange(6):
        case 0 if call.sent and call.invite is None:
            call.cancel()
        case 1 if call.sent:
            phone.send(call.sent)
        case 2:
            call.bye()
        case 3:
            call.request("INVITE")
        case _:
            call.reinvite(random.choice(DIRECTIONS))


STEPS: tuple[Step, ...] = (
    *(dial, dial, register, admin, media, forget_acks),
    *(wait, wait, wait, talk, talk, talk, talk, talk, talk, talk),
)


@pytest.mark.parametrize("seed", range(150))
def test_whatever_phones_do_nothing_is_left(seed: int) -> None:
    random = Random(seed)
    world = World("1001", "1002", "1003", rtp=(10000, 10019))
    homes = (("1001", "192.0.2.11"), ("1002", "192.0.2.12"), ("1002", "192.0.2.13"), ("1003", "192.0.2.14"))
    phones = [world.phone(number, host) for number, host in homes]
    loss = random.choice([0.0, 0.0, 0.1, 0.3])
    world.lose = lambda data: random.random() < loss
    for _ in range(random.randint(10, 60)):
        random.choice(STEPS)(world, random.choice(phones), random)
    world.lose = lambda data: False
    world.run(40)
    for view in world.switch.calls():
        world.switch.hang_up(view.call, world.now)
    world.run(1)
    world.nothing_left()
    started = [fact.call.call for fact in world.told(CallStarted)]
    assert sorted(started) == sorted(record.call for record in world.records)
