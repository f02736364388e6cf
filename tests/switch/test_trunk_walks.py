"""Random walks with two carriers: hosts that fall silent, refuse, challenge, move and break at any time, and
a switch that is killed.  Nothing raises, every call is recorded once, and in the end nothing is left."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from pbx.sip.flow import Flow
from pbx.switch.events import CallStarted
from tests.carrier import MAIN, OUT, SPARE, Beyond, Carrier, Office
from tests.switch.test_walks import admin, forget_acks, talk, wait
from tests.world import PBX, Phone

STATUSES = (100, 180, 200, 302, 401, 403, 404, 407, 423, 480, 486, 500, 503, 603)

Step = Callable[["Walk"], None]


class Walk:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.office = Office("1001", "1002")
        self.carriers = [
            Carrier(self.office, "198.51.100.1"),
            Beyond(self.office, "198.51.100.2"),
            Carrier(self.office, "198.51.100.77", "198.51.100.77"),
        ]
        self.phones = [self.office.phone("1001", "192.0.2.11"), self.office.phone("1002", "192.0.2.12")]
        self.office.configure(MAIN, SPARE, routes=(OUT,))

    def carrier(self) -> Carrier:
        return self.random.choice(self.carriers)

    def party(self) -> Phone:
        return self.random.choice([*self.carriers, *self.phones])


def dial_out(walk: Walk) -> None:
    walk.random.choice(walk.phones).call(walk.random.choice(["0301", "0302", "1002", "*43"]))


def dial_in(walk: Walk) -> None:
    walk.carrier().call(walk.random.choice(["+4930", "1001", "0301"]))


def sulk(walk: Walk) -> None:
    carrier = walk.carrier()
    carrier.silent = not carrier.silent


def refuse(walk: Walk) -> None:
    method = walk.random.choice(["INVITE", "REGISTER", "OPTIONS", "BYE"])
    walk.carrier().refuse = {method: walk.random.choice(STATUSES)} if walk.random.random() < 0.6 else {}


def challenge(walk: Walk) -> None:
    walk.carrier().challenges ^= {walk.random.choice(["INVITE", "REGISTER", "BYE", "OPTIONS"])}


def grant(walk: Walk) -> None:
    walk.carrier().granted = walk.random.choice([0, 1, 60, 600, 7200])


def move(walk: Walk) -> None:
    known = walk.office.dns["sip.carrier.test"]
    walk.random.shuffle(known)
    walk.office.dns["sip.carrier.test"] = known[: walk.random.randint(0, len(known))] or known


def cut(walk: Walk) -> None:
    walk.office.switch.broken(Flow("udp", PBX, walk.carrier().address), walk.office.now)
    walk.office._perform()


def configure(walk: Walk) -> None:
    trunks = walk.random.choice([(), (MAIN,), (MAIN, SPARE), (replace(MAIN, channels=1), SPARE)])
    walk.office.configure(*trunks, routes=(OUT,))


def kill(walk: Walk) -> None:
    walk.office.run()
    walk.office.kill()


STEPS: tuple[Step, ...] = (
    *(dial_out, dial_out, dial_out, dial_in, dial_in, sulk, refuse),
    *(challenge, grant, move, cut, configure, kill),
    *[lambda walk: talk(walk.office, walk.party(), walk.random)] * 8,
    *[lambda walk: wait(walk.office, walk.phones[0], walk.random)] * 4,
    lambda walk: admin(walk.office, walk.phones[0], walk.random),
    lambda walk: forget_acks(walk.office, walk.party(), walk.random),
)


@pytest.mark.parametrize("seed", range(100))
def test_whatever_carriers_do_nothing_is_left(seed: int) -> None:
    walk = Walk(seed)
    office, random = walk.office, walk.random
    loss = random.choice([0.0, 0.0, 0.1, 0.3])
    office.lose = lambda data: random.random() < loss
    for _ in range(random.randint(10, 50)):
        random.choice(STEPS)(walk)
    office.lose = lambda data: False
    office.run(40)
    office.configure()
    for view in office.switch.calls():
        office.switch.hang_up(view.call, office.now)
    office.run(1)
    office.nothing_left()
    assert office.switch.counts()["trunks"] == 0
    assert office.switch.counts()["listening"] == 0
    started = {fact.call.call for fact in office.told(CallStarted)}
    recorded = [record.call for record in office.records]
    assert len(recorded) == len(set(recorded))
    assert set(recorded) == started
