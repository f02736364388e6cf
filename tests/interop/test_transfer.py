"""Three baresip telephones: one hands its call over to the third, with and without asking first."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.interop import sound
from tests.interop.baresip import Baresip, talk
from tests.network import Network
from tests.office import Office, running, wait_for

DOMAIN = "10.79.1.1"
TONES = {"1001": 440.0, "1002": 1000.0, "1003": 1700.0}


@pytest.fixture(scope="module")
def office(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    more = {"sip": "0.0.0.0:5060", "rtp": "10000-10099", "namespace": network.switch}
    with running(folder, "127.0.0.1", list(TONES), domain=DOMAIN, **more) as office:
        yield office


@pytest.fixture
def phones(office: Office, network: Network, tmp_path: Path) -> Iterator[list[Baresip]]:
    made: list[Baresip] = []
    for n, (number, hertz) in enumerate(TONES.items(), 1):
        voice = sound.tone(tmp_path / f"{number}.wav", hertz, 8000)
        place, server = f"10.79.{n}.2", f"10.79.{n}.1"
        where = place, number, DOMAIN, server
        made.append(Baresip(tmp_path / number, network.phone(n), *where, "PCMU", voice))
        made[-1].start()
    yield made
    for phone in made:
        phone.stop()


def test_a_blind_transfer_between_three_telephones(office: Office, phones: list[Baresip]) -> None:
    anna, bert, cleo = phones
    anna.dial("1002")
    anna.await_event("CALL_ESTABLISHED")
    bert.await_event("CALL_ESTABLISHED")
    talk(1)
    bert.command("transfer", f"sip:1003@{DOMAIN}")
    cleo.await_event("CALL_ESTABLISHED")
    bert.await_event("CALL_CLOSED")
    talk(3)
    (call,) = office.live()
    assert (call["state"], call["transferred"]) == ("active", "1002 to 1003")
    anna.hang_up()
    cleo.await_event("CALL_CLOSED")
    assert sound.share(cleo.recording(), TONES["1001"]) > 0.9
    heard = anna.recording()
    assert sound.share(heard, TONES["1003"]) > 0.4, "the end of what Anna heard is Cleo"
    wait_for(lambda: len(office.records()) == 1, 5, "one record of it all")
    (record,) = office.records()
    assert (record["caller"]["number"], record["callee"]["number"]) == ("1001", "1003")
    office.settled()


def replacing(office: Office, call: str, phone: str) -> str:
    """The Replaces value for the dialog of that phone in this call, as its other calls may name it."""
    rungs = office.api(f"/api/calls/{call}/trace")["messages"]
    heard = [rung["text"] for rung in rungs if rung["title"].startswith("200") and not rung["sent"]]
    answers = [text for text in heard if f"<sip:{phone}@" in text]
    lines = dict(line.split(": ", 1) for line in answers[0].splitlines()[1:] if ": " in line)
    ours, theirs = (lines[name].partition("tag=")[2] for name in ("From", "To"))
    return quote(f"{lines['Call-ID']};to-tag={ours};from-tag={theirs}", safe="")


def test_an_attended_transfer_between_three_telephones(office: Office, phones: list[Baresip]) -> None:
    """Bert asks Cleo first; then Anna and Cleo talk, and both of Bert's calls are over."""
    anna, bert, cleo = phones
    before = len(office.records())
    anna.dial("1002")
    anna.await_event("CALL_ESTABLISHED")
    bert.await_event("CALL_ESTABLISHED")
    (first,) = office.live()
    bert.dial("1003")
    cleo.await_event("CALL_ESTABLISHED")
    bert.await_event("CALL_ESTABLISHED")
    talk(1)
    # This baresip has no attended transfer of its own, but takes the Refer-To that one consists of.
    bert.command("transfer", f"<sip:1001@{DOMAIN}?Replaces={replacing(office, first['call'], '1002')}>")
    wait_for(lambda: bert.closed() == 2, 10, f"both of Bert's calls are over\n{bert.log()}")
    talk(4)
    (call,) = office.live()
    assert (call["state"], call["transferred"]) == ("active", "1002 to 1001")
    anna.hang_up()
    cleo.await_event("CALL_CLOSED")
    assert sound.share(anna.recording(), TONES["1003"]) > 0.5, "the end of what Anna heard is Cleo"
    assert sound.share(cleo.recording(), TONES["1001"]) > 0.5, "the end of what Cleo heard is Anna"
    wait_for(lambda: len(office.records()) == before + 2, 5, "a record of each call")
    office.settled()
