"""Somebody guesses passwords, a scanner comes by: the page Security shows both, and lifts the ban."""

import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.integration.phone import Phone
from tests.interop.console import chromium
from tests.office import ADMIN, ADMIN_PASSWORD, running

HOST, GUESSER, SCANNER = "127.0.0.37", "127.0.7.66", "127.0.7.99"


def scan() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((SCANNER, 0))
        via, key = "{}:{}".format(*sock.getsockname()), secrets.token_hex(6)
        text = (
            f"OPTIONS sip:100@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK{key}\r\n"
            f"From: <sip:100@{HOST}>;tag={key}\r\nTo: <sip:100@{HOST}>\r\nCall-ID: {key}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nUser-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n"
        )
        sock.sendto(text.encode(), (HOST, 5060))


def sign_in(page: Page) -> None:
    page.goto(f"http://{HOST}:9000/security")
    page.get_by_test_id("sign-in-username").fill(ADMIN)
    page.get_by_test_id("sign-in-password").fill(ADMIN_PASSWORD)
    page.get_by_test_id("sign-in-submit").click()
    expect(page.get_by_test_id("no-bans")).to_be_visible()


@pytest.mark.timeout(180)
def test_a_guesser_is_seen_and_let_in_again(
    tmp_path: Path, program: Callable[[str], str], artefacts: Path
) -> None:
    size = ViewportSize(width=390, height=844)
    with (
        running(tmp_path, HOST, ["1001"], rtp="10400-10419"),
        chromium(program("chromium")) as browser,
        Phone("6666", GUESSER, HOST) as guesser,
    ):
        page = browser.new_page(viewport=size)
        page.set_default_timeout(15_000)
        sign_in(page)
        while guesser.register() != 403:
            pass
        scan()
        ban = page.get_by_test_id(f"ban-{GUESSER}-6666")
        expect(ban).to_contain_text("left", timeout=15_000)
        expect(page.get_by_test_id(f"refusal-{SCANNER}-scanner")).to_contain_text("1 message", timeout=15_000)
        expect(page.get_by_test_id("scanners")).to_have_text("1")
        expect(page.get_by_test_id(f"refusal-{GUESSER}-wrong_password")).to_contain_text("5 messages")
        page.screenshot(path=artefacts / "security-pocket.png")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} px stick out"
        page.set_viewport_size(ViewportSize(width=1280, height=800))
        page.screenshot(path=artefacts / "security.png")
        ban.get_by_test_id("lift").click()
        page.get_by_test_id("lift-confirm").click()
        expect(page.get_by_test_id("no-bans")).to_be_visible()
        assert guesser.register() == 401, "he may guess again"
