"""SIPp as a carrier: it challenges REGISTER with 401 and INVITE with 407, and checks what it is answered."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.interop import sipp as s
from tests.interop.sipp import Phone, Playing
from tests.office import Office, office_yaml, wait_for

HOST, CARRIER, SECOND, DESK = "127.0.0.33", "127.0.1.33", "127.0.1.34", "127.0.1.35"
ACCOUNT, SECRET = "4930123450", "carrier-secret-2026"

DIGEST = 'Digest realm="carrier.test", nonce="{}", algorithm=MD5, qop="auth"'
CHECK = f'<verifyauth assign_to="proven" username="{ACCOUNT}" password="{SECRET}"/>'
END = '<nop next="9"/>'


def label(name: int) -> str:
    return f'<label id="{name}"/>'


def registrar() -> list[str]:
    """Challenges a REGISTER, checks the next one and grants an hour."""
    head = ["SIP/2.0 200 OK", "[last_Via:]", "[last_From:]", f"[last_To:]{s.TAG}", "[last_Call-ID:]"]
    return [
        s.reply("401 Unauthorized", f"WWW-Authenticate: {DIGEST.format('r1')}"),
        s.receive("REGISTER", action=CHECK),
        '<nop next="2" test="proven"/>',
        s.reply("403 Forbidden"),
        END,
        label(2),
        s.send(*head, "[last_CSeq:]", "[last_Contact:];expires=3600"),
        END,
    ]


def exchange() -> list[str]:
    """Challenges an INVITE, checks the next one and takes the call; the caller hangs up."""
    return [
        s.reply("407 Proxy Authentication Required", f"Proxy-Authenticate: {DIGEST.format('i1')}"),
        s.receive("ACK"),
        s.receive("INVITE", action=CHECK),
        '<nop next="4" test="proven"/>',
        s.refuse("403 Forbidden"),
        END,
        label(4),
        s.ring(),
        s.answer(),
        s.receive("BYE"),
        s.reply("200 OK"),
    ]


def carrier() -> list[str]:
    return [
        s.receive("REGISTER", optional=True, also='next="1"'),
        s.receive("OPTIONS", optional=True, also='next="8"'),
        s.receive("INVITE"),
        *exchange(),
        END,
        label(1),
        *registrar(),
        label(8),
        s.reply("200 OK"),
        label(9),
        s.pause(0.01),
    ]


def document() -> str:
    office = yaml.safe_load(office_yaml(HOST, ["1001"]))
    trunk = {"name": "Carrier", "kind": "register", "address": CARRIER, "username": ACCOUNT}
    trunk["fallbacks"] = [SECOND]
    office["trunks"] = [trunk | {"password": SECRET, "transport": "udp", "domain": "carrier.test"}]
    office["routes"] = [{"name": "Out", "pattern": "0X.", "strip": 1, "trunks": ["Carrier"]}]
    return yaml.safe_dump(office)


def playing(folder: Path, address: str, path: str) -> Iterator[Playing]:
    peer = Phone(folder, ACCOUNT, address, f"{HOST}:5060", "carrier.test", SECRET, path)
    yield peer.play(*carrier(), options=["-m", "1000", "-deadcall_wait", "0", "-nr"])
    peer.end()


@pytest.fixture
def sipp(tmp_path: Path, program: Callable[[str], str]) -> Iterator[Playing]:
    yield from playing(tmp_path / "carrier", CARRIER, program("sipp"))


@pytest.fixture
def second(tmp_path: Path, program: Callable[[str], str]) -> Iterator[Playing]:
    yield from playing(tmp_path / "second", SECOND, program("sipp"))


@pytest.fixture
def office(tmp_path: Path, sipp: Playing) -> Iterator[Office]:
    (tmp_path / "office").mkdir()
    office = Office(tmp_path / "office", HOST)
    office.bring_in(document())
    office.add_admin()
    office.start()
    yield office
    office.stop()
    assert not office.tracebacks()


@pytest.fixture
def desk(tmp_path: Path, program: Callable[[str], str]) -> Iterator[Phone]:
    desk = Phone(tmp_path / "desk", "1001", DESK, f"{HOST}:5060", HOST, sipp=program("sipp"))
    yield desk
    desk.end()


def state(office: Office) -> str:
    (trunk,) = office.api("/api/trunks")["items"]
    return str(trunk["state"])


def test_registered_after_a_401_and_called_after_a_407(office: Office, sipp: Playing, desk: Phone) -> None:
    wait_for(lambda: state(office) == "up", 15, "the trunk is up")
    assert sipp.took("REGISTER sip:carrier.test") == 2
    steps = [s.dial(), s.receive(180), s.answered(), s.ack(), s.bye()]
    desk.play(*steps, to="0301234567").succeeds()
    office.settled()
    wait_for(lambda: sipp.took("BYE") == 1, 5, "the carrier was told")
    assert sipp.took("INVITE sip:301234567@carrier.test") == 2
    record = office.record("1001", "0301234567")
    assert (record["cause"], record["callee"]["number"]) == ("normal", "301234567")


def test_a_host_that_is_stopped_is_left_for_the_next_one(
    office: Office, sipp: Playing, second: Playing, desk: Phone
) -> None:
    wait_for(lambda: state(office) == "up", 15, "the trunk is up")
    os.kill(sipp.process.pid, signal.SIGSTOP)
    try:
        steps = [s.dial(), s.receive(180), s.answered(), s.ack(), s.bye()]
        desk.play(*steps, to="0301234567").succeeds()
        assert second.took("INVITE sip:301234567@carrier.test") == 2
    finally:
        os.kill(sipp.process.pid, signal.SIGCONT)
    office.settled()
    assert office.record("1001", "0301234567")["cause"] == "normal"
