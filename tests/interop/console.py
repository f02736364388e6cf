"""The first administrator's steps in a headless Chromium."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.office import ADMIN, ADMIN_PASSWORD, Office

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

See = Callable[[str], None]
"""Keeps a screenshot of this name."""


@contextmanager
def chromium(path: str, *flags: str) -> Iterator[Browser]:
    """Debian's browser, in the network namespace of whoever asks for it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        yield browser
        browser.close()


def claim(office: Office, page: Page, see: See) -> None:
    page.goto(f"http://{office.host}:9000")
    expect(page.get_by_test_id("claim-form")).to_be_visible()
    see("1-claim")
    page.get_by_test_id("claim-code").fill("WRONG-CODE")
    page.get_by_test_id("claim-username").fill(ADMIN)
    page.get_by_test_id("claim-password").fill(ADMIN_PASSWORD)
    page.get_by_test_id("claim-submit").click()
    expect(page.get_by_test_id("claim-form")).to_contain_text(re.compile("code", re.I))
    page.get_by_test_id("claim-code").fill(code(office))
    page.get_by_test_id("claim-submit").click()
    expect(page.get_by_test_id("no-extensions")).to_be_visible()


def code(office: Office) -> str:
    """The one-time code, as the terminal shows it."""
    found = re.search(r"code\W+([A-Z0-9][A-Z0-9-]{5,})\b", office.last_words())
    assert found, office.last_words()
    return found[1]


def make_extension(office: Office, page: Page, number: str, name: str, see: See) -> str:
    """The phone's password, which is shown once."""
    page.get_by_test_id("new-extension").first.click()
    expect(page.get_by_test_id("extension-name")).to_be_focused()
    page.get_by_test_id("extension-number").fill(number)
    page.get_by_test_id("extension-name").fill(name)
    page.get_by_test_id("extension-submit").click()
    expect(page.get_by_test_id("phone-username")).to_have_text(number)
    expect(page.get_by_test_id("phone-server")).to_contain_text(office.host)
    password = page.get_by_test_id("phone-password").inner_text().strip()
    assert re.fullmatch(r"[A-Za-z0-9]{20}", password), password
    see(f"3-phone-of-{number}")
    page.get_by_test_id("phone-setup-done").click()
    expect(page.get_by_test_id(f"extension-{number}")).to_contain_text(name)
    return password
