"""A carrier that tries several places at once: each rings in a dialog of its own, any may answer (RFC 3261
§13.2.2.4)."""

import pytest

from tests.carrier import MAIN, OUT, Carrier, Office
from tests.world import Phone, PhoneCall

PCMU, PCMA = ("0 PCMU/8000",), ("8 PCMA/8000",)


@pytest.fixture
def office() -> Office:
    return Office("1001", "1002")


@pytest.fixture
def anna(office: Office) -> Phone:
    return office.phone("1001", "192.0.2.11")


@pytest.fixture
def carrier(office: Office) -> Carrier:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN, routes=(OUT,))
    return carrier


class Places:
    """The places behind the carrier, each with its tag and its audio port."""

    def __init__(self, carrier: Carrier, mine: PhoneCall) -> None:
        self.carrier, self.mine, self.call = carrier, mine, carrier.incoming
        self.to = self.call.local.partition(";tag=")[0]

    def say(
        self, place: int, status: int, codecs: tuple[str, ...] | None = PCMU, way: str = "sendrecv"
    ) -> None:
        """`codecs` None = without a description."""
        self.carrier.port, self.call.local = 5000 + 2 * place, f"{self.to};tag=place{place}"
        sdp = "" if codecs is None else self.carrier.sdp(codecs=codecs, direction=way)
        self.call.reply(status, sdp)
        self.carrier.world.run(0.3)

    def heard_at(self) -> int:
        """The place whose audio port is the call's."""
        _, callee = self.carrier.world.wanted.legs
        assert callee.remote is not None
        return (callee.remote[1] - 5000) // 2


@pytest.fixture
def places(office: Office, anna: Phone, carrier: Carrier) -> Places:
    mine = anna.call("0301")
    office.run(0.5)
    return Places(carrier, mine)


def over(office: Office, places: Places) -> None:
    places.mine.bye()
    office.run(1)
    assert office.record.cause == "normal"
    office.configure()
    office.nothing_left()


@pytest.mark.parametrize("final", [PCMU, None], ids=["said again", "said once"])
@pytest.mark.parametrize("place", [1, 2])
def test_the_sound_is_that_of_the_place_that_answers(
    office: Office, places: Places, place: int, final: tuple[str, ...] | None
) -> None:
    for ringing in (1, 2):
        places.say(ringing, 183)
        assert places.heard_at() == ringing, "the newest is heard"
    places.say(place, 200, final)
    assert places.heard_at() == place
    assert places.mine.log == ["401", "100", "183", "200"]
    over(office, places)


def test_a_place_that_never_rang_may_answer(office: Office, places: Places) -> None:
    places.say(1, 183)
    places.say(2, 180, None)
    places.say(3, 200)
    assert places.heard_at() == 3
    over(office, places)


def test_a_place_that_rang_without_a_word_of_sound_must_say_it_when_it_answers(
    office: Office, places: Places
) -> None:
    places.say(1, 183)
    places.say(2, 180, None)
    places.say(2, 200, None)
    assert places.mine.log[-1] == "488"
    assert "BYE" in places.call.log
    office.configure()
    office.nothing_left()


def test_another_format_than_the_early_one_is_agreed_on_after_the_answer(
    office: Office, places: Places
) -> None:
    """The caller's first answer counts, also when it came in a 183 (RFC 3261 §13.2.1)."""
    places.say(1, 183, PCMU)
    places.say(2, 200, PCMA)
    assert places.mine.log[-2:] == ["200", "INVITE"]
    assert b"RTP/AVP 8\r\n" in places.mine.sdp
    places.mine.reply(200, places.mine.phone.sdp(codecs=PCMA))
    office.run(1)
    caller, callee = office.wanted.legs
    assert caller.payloads == ((8, 8000),)
    assert (8, 8000) in callee.payloads
    assert len(office.wanted.hears) == 2
    over(office, places)


def test_sound_that_went_one_way_goes_both_ways_after_the_answer(office: Office, places: Places) -> None:
    places.say(1, 183, PCMU, "sendonly")
    assert len(office.wanted.hears) == 1
    places.say(1, 200, PCMU)
    assert places.mine.log[-1] == "INVITE"
    assert b"a=sendrecv" in places.mine.sdp
    places.mine.pick_up()
    office.run(1)
    assert len(office.wanted.hears) == 2
    assert office.switch.calls()[0].state == "active"
    over(office, places)


def test_two_places_answer_and_one_is_let_go(office: Office, places: Places) -> None:
    places.say(1, 180, None)
    places.say(2, 180, None)
    places.say(2, 200)
    places.say(1, 200)
    assert places.heard_at() == 2
    last = places.carrier.seen[-1]
    assert (last.method, last.to.tag) == ("BYE", "place1")
    assert places.mine.log[-1] == "200"
    over(office, places)


def test_what_rings_and_how_is_passed_on_once(office: Office, places: Places) -> None:
    for place, status, codecs in (
        (1, 180, None),
        (2, 180, None),
        (1, 183, PCMU),
        (2, 183, PCMU),
        (1, 182, None),
    ):
        places.say(place, status, codecs)
    assert places.mine.log == ["401", "100", "180", "183", "182"]
    places.mine.cancel()
    office.run(1)
    assert office.record.cause == "cancelled"
    office.configure()
    office.nothing_left()
