"""JsSIP in a headless Chromium: a page of the office's own origin is a telephone, over WSS.

Chromium believes the office's own certificate, and no other: it is pinned by its key.
"""

import base64
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Page

from tests.integration.phone import Phone
from tests.interop.console import chromium
from tests.office import PASSWORD, ROOT, Office, running, wait_for

HOST, OTHER = "127.0.0.39", "127.0.3.9"
MODULES = ROOT / "webui" / "node_modules"
LIMIT = 20_000.0
"""Milliseconds: what a loaded machine may need."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    numbers = ("1001", "1002")
    with running(tmp_path_factory.mktemp("office"), HOST, numbers, rtp="10500-10599") as office:
        yield office


@pytest.fixture(scope="module")
def jssip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library as one script, as a page would have it."""
    script = tmp_path_factory.mktemp("jssip") / "jssip.js"
    words = ("--bundle", "--format=iife", "--global-name=JsSIP", "--log-level=error", f"--outfile={script}")
    subprocess.run([MODULES / ".bin" / "esbuild", MODULES / "jssip", *words], check=True, timeout=60)
    return script.read_text()


@pytest.fixture(scope="module")
def browser(office: Office, program: Callable[[str], str]) -> Iterator[Browser]:
    certificate = x509.load_pem_x509_certificate((office.data / "tls.crt").read_bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    with chromium(program("chromium"), f"--ignore-certificate-errors-spki-list={pin}") as browser:
        yield browser


@pytest.fixture
def load(office: Office, browser: Browser, jssip: str) -> Iterator[Callable[..., Page]]:
    """Opens a page that registers as 1001."""
    contexts = []

    def open_page(mute: bool = True) -> Page:
        context = browser.new_context(bypass_csp=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LIMIT)
        page.goto(f"http://{HOST}:9000/")
        page.add_script_tag(content=jssip)
        page.add_script_tag(content=(Path(__file__).parent / "jssip_phone.js").read_text())
        page.evaluate(
            "([...words]) => start(...words)", [f"sip:1001@{HOST}", PASSWORD, f"wss://{HOST}:5062", mute]
        )
        until(page, "registered")
        return page

    yield open_page
    for context in contexts:
        context.close()
    wait_for(lambda: "1001" not in office.phones(), 10, "the phone is gone with its page")
    office.settled()
    assert not office.tracebacks()


def until(page: Page, what: str, times: int = 1) -> str:
    """The last words of this beginning, once so many of them were said."""
    page.wait_for_function(
        "([what, times]) => told.filter((each) => each.startsWith(what)).length >= times", arg=[what, times]
    )
    return str(page.evaluate("(what) => told.findLast((each) => each.startsWith(what))", what))


def test_a_page_registers_and_is_told_its_gruu(office: Office, load: Callable[..., Page]) -> None:
    page = load()
    (phone,) = (phone for phone in office.api("/api/phones")["items"] if phone["extension"] == "1001")
    assert phone["user_agent"].startswith("JsSIP")
    gruu = page.evaluate("ua.contact.pub_gruu")
    assert gruu.startswith(f"sip:1001@{HOST};gr=urn:uuid:")


def test_a_page_calls_and_hangs_up(office: Office, load: Callable[..., Page]) -> None:
    page = load()
    with Phone("1002", OTHER, HOST) as phone:
        assert phone.register() == 200
        page.evaluate("dial('1002')")
        invite = phone.await_request("INVITE", 10)
        phone.accept(invite)
        until(page, "confirmed")
        page.evaluate("calls[0].terminate()")
        assert phone.hung_up(10)
        until(page, "ended")
        assert phone.register(expires=0) == 200
    assert office.record("1001", "1002")["cause"] == "normal"


def test_a_page_is_called_and_is_hung_up(office: Office, load: Callable[..., Page]) -> None:
    page = load()
    with Phone("1002", OTHER, HOST) as phone:
        assert phone.call("1001") == 200
        until(page, "confirmed")
        assert phone.hang_up() == 200
        assert until(page, "ended").startswith("ended remote")
    assert office.record("1002", "1001")["cause"] == "normal"


def test_the_audio_of_browsers_is_refused_in_words(office: Office, load: Callable[..., Page]) -> None:
    """WebRTC's DTLS-SRTP is not spoken here (yet), and nobody is told that it were."""
    page = load(mute=False)
    page.evaluate("dial('*43')")
    said = until(page, "failed")
    assert said.startswith("failed remote Incompatible SDP")
    assert "DTLS-SRTP" in said
    with Phone("1002", OTHER, HOST) as phone:
        assert phone.call("1001") == 488  # the page does not take ours either
    assert office.record("1001", "*43")["cause"] == "webrtc"


def test_a_page_comes_back_after_a_restart(office: Office, load: Callable[..., Page]) -> None:
    page = load()
    office.stop()
    until(page, "disconnected")
    office.start()
    until(page, "registered", 2)
    with Phone("1002", OTHER, HOST) as phone:
        assert phone.call("1001") == 200
        until(page, "confirmed")
        assert phone.hang_up() == 200
        until(page, "ended")
