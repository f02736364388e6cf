"""linphonec as 1001, baresip as 1002 and 1003: lines, audio both ways, hold, lamps, its own transfers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop import sound
from tests.interop.baresip import Baresip, talk
from tests.interop.linphone import ENDED, TALKING, Linphone
from tests.network import Network
from tests.office import Office, running, wait_for

DOMAIN = "10.79.1.1"
TONES = {"1001": 440.0, "1002": 1000.0, "1003": 1700.0}
MakeLinphone = Callable[..., Linphone]
MakeBaresip = Callable[[str], Baresip]


@pytest.fixture(scope="module")
def office(
    program: Callable[[str], str], network: Network, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    program("linphonec")
    folder = tmp_path_factory.mktemp("office")
    more = {"sip": "0.0.0.0:5060", "rtp": "10000-10099", "namespace": network.switch}
    with running(folder, "127.0.0.1", list(TONES), domain=DOMAIN, **more) as office:
        yield office
    assert not office.tracebacks()


@pytest.fixture
def linphone(office: Office, network: Network, tmp_path: Path) -> Iterator[MakeLinphone]:
    made: list[Linphone] = []

    def make(transport: str = "udp", friend: str = "") -> Linphone:
        voice = sound.tone(tmp_path / "1001.wav", TONES["1001"], 8000)
        where = network.phone(1), "1001", DOMAIN, "10.79.1.1", voice
        made.append(Linphone(tmp_path / "1001", *where, transport=transport, friend=friend))
        made[0].start()
        return made[0]

    yield make
    for phone in made:
        phone.stop()
    office.settled()


@pytest.fixture
def baresip(office: Office, network: Network, tmp_path: Path) -> Iterator[MakeBaresip]:
    made: list[Baresip] = []

    def make(number: str) -> Baresip:
        n = int(number[-1])
        voice = sound.tone(tmp_path / f"{number}.wav", TONES[number], 8000)
        where = f"10.79.{n}.2", number, DOMAIN, f"10.79.{n}.1", "PCMU"
        made.append(Baresip(tmp_path / number, network.phone(n), *where, voice))
        made[-1].start()
        return made[-1]

    yield make
    for phone in made:
        phone.stop()


def heard(recording: Path, other: str, share: float = 0.9) -> None:
    assert sound.share(recording, TONES[other]) > share


@pytest.mark.parametrize("line", ["udp", "tcp", "tls"])
def test_it_calls_over_each_kind_of_line_and_holds(
    office: Office, linphone: MakeLinphone, baresip: MakeBaresip, line: str
) -> None:
    bert, anna = baresip("1002"), linphone(line)
    flows = {one["extension"]: one["transport"] for one in office.api("/api/phones")["items"]}
    assert flows == {"1001": line, "1002": "udp"}
    anna.dial("1002")
    anna.sees(TALKING)
    bert.await_event("CALL_ESTABLISHED")
    talk(2)
    anna.command("pause")
    wait_for(lambda: office.live()[0]["state"] == "held", 10, "the product knows")
    anna.command("resume")
    anna.sees(TALKING)
    wait_for(lambda: office.live()[0]["state"] == "active", 10, "the product knows")
    talk(2)
    anna.command("terminate")
    anna.sees(ENDED)
    heard(bert.recording(), "1001", 0.8)
    heard(anna.recording(), "1002")
    assert office.record("1001", "1002")["cause"] == "normal"


def test_it_is_called_and_held(office: Office, linphone: MakeLinphone, baresip: MakeBaresip) -> None:
    bert, anna = baresip("1002"), linphone()
    bert.dial("1001")
    bert.await_event("CALL_ESTABLISHED")
    anna.sees(TALKING)
    talk(1)
    bert.command("hold")
    anna.sees("PausedByRemote")
    bert.command("resume")
    anna.sees(TALKING)
    talk(3)
    bert.hang_up()
    anna.sees(ENDED)
    heard(bert.recording(), "1001", 0.8)
    heard(anna.recording(), "1002", 0.8)
    assert office.record("1002", "1001")["cause"] == "normal"


def test_it_sees_a_colleague_come_and_go(
    office: Office, linphone: MakeLinphone, baresip: MakeBaresip
) -> None:
    anna = linphone(friend="1002")
    anna.says_friend_is("Offline")
    bert = baresip("1002")
    anna.says_friend_is("Online")
    bert.dial("*43")
    bert.await_event("CALL_ESTABLISHED")
    anna.says_friend_is("On the phone")
    bert.hang_up()
    anna.says_friend_is("Online")
    bert.await_event("CALL_CLOSED")
    bert.stop()
    anna.says_friend_is("Offline")


@pytest.mark.parametrize("asked", [False, True], ids=["blind", "attended"])
def test_it_hands_its_call_over(
    office: Office, linphone: MakeLinphone, baresip: MakeBaresip, asked: bool
) -> None:
    bert, cleo, anna = baresip("1002"), baresip("1003"), linphone()
    bert.dial("1001")
    anna.sees(TALKING)
    if asked:
        anna.command("pause")
        anna.sees("LinphoneCallPaused")
        anna.dial("1003")
        anna.sees(TALKING)
        anna.command("transfer 1 --to-call 2")
    else:
        anna.command(f"transfer sip:1003@{DOMAIN}")
    anna.sees(ENDED)
    cleo.await_event("CALL_ESTABLISHED")
    wait_for(lambda: len(office.live()) == 1, 10, "one call of Bert and Cleo")
    talk(4)
    bert.hang_up()
    cleo.await_event("CALL_CLOSED")
    heard(cleo.recording(), "1002", 0.4)
    # after a hold this baresip records nothing more, so what Bert got is counted
    record = office.record("1002", "1001")
    assert record["callee"]["number"] == "1003"
    assert record["legs"][0]["counters"]["sent"] > 150
