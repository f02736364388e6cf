"""Two baresip telephones, each in its own network, talk through the running product: who hears what?"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop import sound
from tests.interop.baresip import Baresip, talk
from tests.network import Network
from tests.office import Office, running, wait_for

LOW, HIGH = 440.0, 1000.0
CODECS = [("PCMU", 8000), ("PCMA", 8000), ("G722/16000/1", 16000)]
SPEAK = 3.0
DOMAIN = "10.79.1.1"
HERS = "The harbour lights are bright tonight, seven boats came in"
HIS = "Please send the blue folder to the second floor before noon"


@pytest.fixture(scope="module")
def office(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """As `make run` starts it: on every address."""
    folder = tmp_path_factory.mktemp("office")
    numbers = ["1001", "1002"]
    more = {"sip": "0.0.0.0:5060", "rtp": "10000-10099", "namespace": network.switch}
    with running(folder, "127.0.0.1", numbers, domain=DOMAIN, **more) as office:
        yield office


@pytest.fixture
def pair(
    office: Office, network: Network, tmp_path: Path, artefacts: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str, Path, Path], tuple[Baresip, Baresip]]]:
    """Makes 1001 and 1002, with these voices; their recordings are kept."""
    made: list[Baresip] = []

    def make(
        codec: str,
        *voices: Path,
        transport: str = "udp",
        encryption: tuple[str, str] = ("", ""),
        second: str = "",
    ) -> tuple[Baresip, Baresip]:
        for n, (voice, how) in enumerate(zip(voices, encryption, strict=True), 1):
            folder, place, server = tmp_path / str(n), f"10.79.{n}.2", f"10.79.{n}.1"
            phone = Baresip(folder, network.phone(n), place, f"100{n}", DOMAIN, server, codec, voice)
            phone.transport, phone.encryption, phone.second = transport, how, second
            made.append(phone)
            phone.start()
        return made[0], made[1]

    yield make
    for phone in made:
        phone.stop()
        for file in (phone.folder / "heard").glob("*-dec.wav"):
            shutil.copy(file, artefacts / f"{request.node.name}-{phone.number}.wav")


def converse(anna: Baresip, bob: Baresip, seconds: float = SPEAK) -> None:
    """Anna calls Bob, they speak, Anna hangs up."""
    anna.dial(bob.number)
    anna.await_event("CALL_ESTABLISHED")
    bob.await_event("CALL_ESTABLISHED")
    talk(seconds)
    anna.hang_up()
    bob.await_event("CALL_CLOSED")


@pytest.mark.parametrize(("codec", "rate"), CODECS, ids=["PCMU", "PCMA", "G722"])
def test_each_hears_the_others_tone(
    pair: Callable[..., tuple[Baresip, Baresip]], office: Office, tmp_path: Path, codec: str, rate: int
) -> None:
    low, high = sound.tone(tmp_path / "low.wav", LOW, rate), sound.tone(tmp_path / "high.wav", HIGH, rate)
    anna, bob = pair(codec, low, high)
    converse(anna, bob)
    for phone, heard, own in ((anna, HIGH, LOW), (bob, LOW, HIGH)):
        recording = phone.recording()
        assert sound.seconds(recording) > SPEAK - 0.5
        assert sound.share(recording, heard) > 0.9
        assert sound.share(recording, own) < 0.01
    assert "receiving from 10.79.1.1:" in anna.log(), "audio comes from the address that the phone talks to"
    assert "receiving from 10.79.2.1:" in bob.log()
    legs = office.record("1001", "1002")["legs"]
    assert all(leg["counters"]["received"] > 100 and leg["counters"]["lost"] == 0 for leg in legs), legs


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_they_hear_each_other_over_connections_too(
    pair: Callable[..., tuple[Baresip, Baresip]], office: Office, tmp_path: Path, transport: str
) -> None:
    low, high = sound.tone(tmp_path / "low.wav", LOW, 8000), sound.tone(tmp_path / "high.wav", HIGH, 8000)
    anna, bob = pair("PCMU", low, high, transport=transport)
    flows = {phone["extension"]: phone["transport"] for phone in office.api("/api/phones")["items"]}
    assert flows == {"1001": transport, "1002": transport}
    converse(anna, bob)
    for phone, heard in ((anna, HIGH), (bob, LOW)):
        assert sound.share(phone.recording(), heard) > 0.9
    assert office.record("1001", "1002")["cause"] == "normal"


def test_phones_with_two_flows_ring_once(
    pair: Callable[..., tuple[Baresip, Baresip]], office: Office, tmp_path: Path
) -> None:
    """RFC 5626 as somebody else understood it."""
    low, high = sound.tone(tmp_path / "low.wav", LOW, 8000), sound.tone(tmp_path / "high.wav", HIGH, 8000)
    anna, bob = pair("PCMU", low, high, second="tcp")

    def flows() -> list[tuple[str, str]]:
        phones = office.api("/api/phones")["items"]
        return sorted((phone["extension"], phone["transport"]) for phone in phones)

    all_four = [(number, transport) for number in ("1001", "1002") for transport in ("tcp", "udp")]
    wait_for(lambda: flows() == all_four, 10, "two flows each")
    converse(anna, bob)
    assert bob.closed() == 1
    for phone, heard in ((anna, HIGH), (bob, LOW)):
        assert sound.share(phone.recording(), heard) > 0.9
    record = office.record("1001", "1002")
    assert (record["cause"], len(record["legs"])) == ("normal", 2)


@pytest.mark.parametrize(
    ("transport", "encryption"),
    [
        ("tls", ("srtp", "srtp")),
        ("tls", ("srtp-mand", "srtp-mand")),
        ("tls", ("", "srtp-mand")),
        ("udp", ("srtp-mand", "")),
    ],
    ids=lambda value: value if isinstance(value, str) else "-to-".join(each or "plain" for each in value),
)
def test_they_hear_each_other_encrypted(
    pair: Callable[..., tuple[Baresip, Baresip]],
    office: Office,
    tmp_path: Path,
    transport: str,
    encryption: tuple[str, str],
) -> None:
    low, high = sound.tone(tmp_path / "low.wav", LOW, 8000), sound.tone(tmp_path / "high.wav", HIGH, 8000)
    anna, bob = pair("PCMU", low, high, transport=transport, encryption=encryption)
    converse(anna, bob)
    for phone, heard in ((anna, HIGH), (bob, LOW)):
        assert sound.share(phone.recording(), heard) > 0.9
    assert office.record("1001", "1002")["cause"] == "normal"


def test_each_understands_the_other(pair: Callable[..., tuple[Baresip, Baresip]], tmp_path: Path) -> None:
    hers = sound.speech(tmp_path / "hers.wav", HERS, 8000)
    his = sound.speech(tmp_path / "his.wav", HIS, 8000)
    anna, bob = pair("PCMA", hers, his)
    converse(anna, bob, 5)
    assert sound.likeness(anna.recording(), his) > 0.9
    assert sound.likeness(bob.recording(), hers) > 0.9
    assert sound.likeness(anna.recording(), hers) < 0.5


def test_the_echo_test_gives_back_what_it_hears(
    pair: Callable[..., tuple[Baresip, Baresip]], office: Office, tmp_path: Path
) -> None:
    low, high = sound.tone(tmp_path / "low.wav", LOW, 8000), sound.tone(tmp_path / "high.wav", HIGH, 8000)
    anna, _ = pair("PCMU", low, high)
    anna.dial("*43")
    anna.await_event("CALL_ESTABLISHED")
    talk(SPEAK)
    anna.hang_up()
    assert office.record("1001", "*43")["cause"] == "normal"
    assert sound.share(anna.recording(), LOW) > 0.9
    assert sound.seconds(anna.recording()) > SPEAK - 0.7


def test_a_call_outlives_the_media_process(
    pair: Callable[..., tuple[Baresip, Baresip]], office: Office, tmp_path: Path
) -> None:
    low, high = sound.tone(tmp_path / "low.wav", LOW, 8000), sound.tone(tmp_path / "high.wav", HIGH, 8000)
    anna, bob = pair("PCMU", low, high)
    anna.dial("1002")
    bob.await_event("CALL_ESTABLISHED")
    talk(2)
    os.kill(media_process(office), signal.SIGKILL)
    talk(4)
    assert office.live(), "the call goes on"
    anna.hang_up()
    bob.await_event("CALL_CLOSED")
    for phone, heard in ((anna, HIGH), (bob, LOW)):
        assert sound.share(phone.recording(), heard) > 0.9
        assert sound.seconds(phone.recording()) > 6 - 1, "audio is back within a second"


def test_hanging_up_at_the_switch_ends_it_for_both(
    pair: Callable[..., tuple[Baresip, Baresip]], office: Office, tmp_path: Path
) -> None:
    low, high = sound.tone(tmp_path / "low.wav", LOW, 8000), sound.tone(tmp_path / "high.wav", HIGH, 8000)
    anna, bob = pair("PCMU", low, high)
    anna.dial("1002")
    bob.await_event("CALL_ESTABLISHED")
    (call,) = office.live()
    office.api(f"/api/calls/{call['call']}", method="DELETE")
    anna.await_event("CALL_CLOSED")
    bob.await_event("CALL_CLOSED")
    ended = wait_for(lambda: [r for r in office.records() if r["call"] == call["call"]], 3, "its record")
    assert ended[0]["cause"] == "hung_up_by_admin"


def media_process(office: Office) -> int:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in office.processes()}
    return next(pid for pid, command in commands.items() if b"pbx.media" in command)
