"""The page Trunks shows what the carrier itself answered, and that it is gone when it does not any more."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, ViewportSize, expect

from tests.interop.console import chromium
from tests.office import ADMIN, ADMIN_PASSWORD, PASSWORD, Office, office_yaml, running

HOST, CARRIER = "127.0.0.38", "127.0.0.39"


def sign_in(page: Page) -> None:
    page.goto(f"http://{HOST}:9000/trunks")
    page.get_by_test_id("sign-in-username").fill(ADMIN)
    page.get_by_test_id("sign-in-password").fill(ADMIN_PASSWORD)
    page.get_by_test_id("sign-in-submit").click()


@pytest.mark.timeout(180)
def test_a_trunk_comes_up_and_goes_down_as_the_carrier_does(
    tmp_path: Path, program: Callable[[str], str], artefacts: Path
) -> None:
    (tmp_path / "here").mkdir()
    office = Office(tmp_path / "here", HOST, rtp="10420-10439")
    document = yaml.safe_load(office_yaml(HOST, ["1001"]))
    document["trunks"] = [
        {"name": "Carrier", "kind": "register", "address": CARRIER, "username": "2000"}
        | {"password": PASSWORD, "channels": 4, "probe": 2, "transport": "udp"}
    ]
    office.bring_in(yaml.safe_dump(document))
    office.add_admin()
    office.start()
    try:
        with chromium(program("chromium")) as browser:
            page = browser.new_page(viewport=ViewportSize(width=1280, height=800))
            page.set_default_timeout(20_000)
            sign_in(page)
            row = page.get_by_test_id("trunk-Carrier")
            expect(row).not_to_contain_text("Up", timeout=1_000)
            with running(tmp_path / "carrier", CARRIER, ["2000"], rtp="10440-10459"):
                expect(row.get_by_text("Up", exact=True)).to_be_visible(timeout=60_000)
                expect(row).to_contain_text("0 of 4 calls")
                expect(row).to_contain_text(" ms")
                page.screenshot(path=artefacts / "trunks.png")
            expect(row.get_by_text("Up", exact=True)).to_be_hidden(timeout=60_000)
            page.screenshot(path=artefacts / "trunks-down.png")
    finally:
        office.stop()
    assert office.tracebacks() == []
