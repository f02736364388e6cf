"""The main job: an empty folder, a browser, two softphones set up from the page alone, and they talk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.interop import sound
from tests.interop.baresip import Baresip, talk
from tests.interop.console import chromium, claim, make_extension
from tests.network import Network, inside
from tests.office import Office

LOW, HIGH = 440.0, 1000.0
HOST = "10.79.1.1"


@pytest.fixture
def office(network: Network, tmp_path: Path) -> Iterator[Office]:
    """As the first `make run` starts it: an empty folder, on every address, nobody has claimed it."""
    office = Office(tmp_path, HOST, sip="0.0.0.0:5060", rtp="10000-10099", namespace=network.switch)
    office.start()
    yield office
    office.stop()


@pytest.fixture
def page(office: Office, program: Callable[[str], str]) -> Iterator[Page]:
    with inside(office.namespace), chromium(program("chromium")) as browser:
        yield browser.new_page()


@pytest.mark.timeout(120)
def test_two_softphones_set_up_from_the_page_alone_hear_each_other(
    office: Office, page: Page, network: Network, tmp_path: Path, artefacts: Path
) -> None:
    def see(name: str) -> None:
        page.screenshot(path=artefacts / f"main-job-{name}.png")

    claim(office, page, see)
    phones = []
    for n, (name, pitch) in enumerate((("Anna Adams", LOW), ("Bob Brown", HIGH)), 1):
        password = make_extension(office, page, f"100{n}", name, see)
        voice = sound.tone(tmp_path / f"{n}.wav", pitch, 8000)
        place = network.phone(n), f"10.79.{n}.2", f"100{n}"
        phones.append(Baresip(tmp_path / str(n), *place, HOST, HOST, "PCMU", voice, password))
    anna, bob = phones
    try:
        anna.start()
        bob.start()
        page.get_by_test_id("nav-calls").click()
        anna.dial("1002")
        expect(page.locator("[data-testid=calls] > li")).to_have_attribute("data-state", "active")
        see("call")
        talk(3)
        bob.hang_up()
        for phone, heard, own in ((anna, HIGH, LOW), (bob, LOW, HIGH)):
            recording = phone.recording()
            assert sound.seconds(recording) > 2
            assert sound.share(recording, heard) > 0.9
            assert sound.share(recording, own) < 0.01
        expect(page.get_by_test_id("no-calls")).to_be_visible()
        record = office.record("1001", "1002")
        assert (record["cause"], record["ended_by"]) == ("normal", "callee")
    finally:
        anna.stop()
        bob.stop()
