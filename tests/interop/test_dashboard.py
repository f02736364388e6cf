"""A headless Chromium walks through the dashboard as the first administrator does, while SIPp phones call.

Screenshots are kept in `artefacts/`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.interop import sipp as s
from tests.interop.console import chromium, claim, make_extension
from tests.interop.sipp import Phone
from tests.office import ADMIN, ADMIN_PASSWORD, Office, office_yaml

HOST, ANNA, BOB = "127.0.0.33", "127.0.3.1", "127.0.3.2"
LONGEST_NAME = "Anna Adams " + "W" * 53
DESK, POCKET = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Nobody has claimed it yet, and it has no extension."""
    office = Office(tmp_path_factory.mktemp("office"), HOST, rtp="10300-10399")
    office.bring_in(office_yaml(HOST, []))
    office.start()
    try:
        yield office
    finally:
        office.stop()


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    with chromium(program("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One visitor for the whole walk, whose console must show no error of the page itself."""
    context = browser.new_context(viewport=DESK, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda said: complaints.append(said.text) if _own_error(said.type, said.text) else None
    )
    yield page
    context.close()
    assert not complaints


def _own_error(kind: str, text: str) -> bool:
    """An answer of 401 or 422 is also told as an error on the console; it is none."""
    return kind == "error" and "the server responded with a status of 4" not in text


@pytest.fixture
def see(page: Page, artefacts: Path) -> Callable[[str], None]:
    """Keeps a screenshot; on a small screen nothing may stick out."""

    def take(name: str) -> None:
        page.wait_for_timeout(300)  # fades end
        page.screenshot(path=artefacts / f"dashboard-{name}.png")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name}: {wide} px stick out"

    return take


def telephone(office: Office, folder: Path, number: str, address: str, password: str) -> Phone:
    return Phone(folder / number, number, address, f"{office.host}:5060", office.host, password)


@pytest.mark.timeout(180)
def test_from_the_first_visit_to_the_first_record(
    office: Office, page: Page, see: Callable[[str], None], tmp_path: Path, program: Callable[[str], str]
) -> None:
    program("sipp")
    claim(office, page, see)
    see("2-empty")
    passwords = {
        number: make_extension(office, page, number, name, see)
        for number, name in (("1001", LONGEST_NAME), ("1002", "Bob Brown"))
    }
    anna = telephone(office, tmp_path, "1001", ANNA, passwords["1001"])
    bob = telephone(office, tmp_path, "1002", BOB, passwords["1002"])
    try:
        phones_arrive(page, anna, bob, see)
        call_is_seen_live(page, anna, bob, see)
    finally:
        anna.end()
        bob.end()
    record_is_there(page, see)
    every_page_on_a_small_dark_screen(page, see)
    sign_out_and_in(page, see)


def phones_arrive(page: Page, anna: Phone, bob: Phone, see: Callable[[str], None]) -> None:
    page.get_by_test_id("nav-phones").click()
    expect(page.get_by_test_id("no-phones")).to_be_visible()
    anna.registers()
    bob.registers()
    for number in ("1001", "1002"):
        expect(page.get_by_test_id(f"phone-{number}")).to_be_visible()
    see("4-phones")


def call_is_seen_live(page: Page, anna: Phone, bob: Phone, see: Callable[[str], None]) -> None:
    page.get_by_test_id("nav-calls").click()
    expect(page.get_by_test_id("no-calls")).to_be_visible()
    callee = bob.play(s.called(), s.ring(), s.pause(1.5), s.answer(), s.hung_up())
    caller = anna.play(s.dial(), s.receive(180), s.answered(), s.ack(), s.pause(8), s.bye(), to="1002")
    card = page.locator("[data-testid=calls] > li")
    expect(card).to_have_attribute("data-state", "ringing")
    expect(card).to_have_attribute("data-state", "active")
    expect(card).to_contain_text("Anna Adams")
    expect(card).to_contain_text("Bob Brown")
    see("5-live-call")
    page.get_by_test_id("call-more").click()
    expect(page.get_by_test_id("ladder-verdict")).to_contain_text("Answered after")
    expect(page.get_by_test_id("ladder").locator("li").first).to_contain_text("INVITE")
    see("5-live-ladder")
    caller.succeeds()
    callee.succeeds()
    expect(page.get_by_test_id("call-over")).to_be_visible()
    page.get_by_test_id("nav-calls").click()
    expect(page.get_by_test_id("no-calls")).to_be_visible()


def record_is_there(page: Page, see: Callable[[str], None]) -> None:
    page.get_by_test_id("nav-records").click()
    row = page.get_by_test_id("records").locator("a").first
    expect(row).to_contain_text("Anna Adams")
    see("6-records")
    row.click()
    expect(page.get_by_test_id("record-story")).to_be_visible()
    see("7-record")
    page.get_by_test_id("ladder-show").click()
    expect(page.get_by_test_id("ladder-verdict")).to_be_visible()
    expect(page.get_by_test_id("ladder").locator("li").first).to_contain_text("INVITE")
    page.get_by_test_id("ladder").locator("summary").first.click()
    expect(page.get_by_test_id("ladder").locator("pre").first).to_contain_text("Call-ID")
    with page.expect_download() as saved:
        page.get_by_test_id("ladder-pcap").click()
    assert saved.value.path().read_bytes()[:4] == bytes.fromhex("d4c3b2a1")
    page.get_by_test_id("ladder-verdict").scroll_into_view_if_needed()
    see("7-ladder")


def every_page_on_a_small_dark_screen(page: Page, see: Callable[[str], None]) -> None:
    page.set_viewport_size(POCKET)
    page.emulate_media(color_scheme="dark")
    for name in ("extensions", "phones", "calls", "records", "security", "health"):
        page.get_by_test_id(f"nav-{name}").click()
        page.wait_for_url(f"**/{name}")
        see(f"8-pocket-{name}")
    page.get_by_test_id("nav-records").click()
    page.get_by_test_id("records").locator("a").first.click()
    expect(page.get_by_test_id("record-story")).to_be_visible()
    see("8-pocket-record")
    page.get_by_test_id("ladder-show").click()
    page.get_by_test_id("ladder-verdict").scroll_into_view_if_needed()
    see("8-pocket-ladder")
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")


def sign_out_and_in(page: Page, see: Callable[[str], None]) -> None:
    page.get_by_test_id("sign-out").click()
    page.get_by_test_id("sign-in-username").fill(ADMIN)
    page.get_by_test_id("sign-in-password").fill("not-my-password-2026")
    page.get_by_test_id("sign-in-submit").click()
    expect(page.get_by_test_id("sign-in-form")).to_contain_text(re.compile("password|wrong", re.I))
    see("9-sign-in")
    page.get_by_test_id("sign-in-password").fill(ADMIN_PASSWORD)
    page.get_by_test_id("sign-in-submit").click()
    expect(page.get_by_test_id("extension-1001")).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("extension-1001")).to_be_visible()
