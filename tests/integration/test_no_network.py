"""No DNS server, no route: the office's own calls know nothing of it, those to the outside fail at once."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.phone import Phone, header
from tests.network import inside
from tests.office import PASSWORD, Office, office_yaml

HOST, ANNA, BOB = "127.0.0.1", "127.0.0.11", "127.0.0.12"
CARRIERS = {"Name": "sip.carrier.example", "Address": "198.51.100.7"}  # RFC 5737: nobody's


@pytest.fixture
def nowhere() -> Iterator[str]:
    """A network that is this machine alone."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root: sudo make test")
    name = f"warden-alone-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture
def office(nowhere: str, tmp_path: Path) -> Iterator[Office]:
    document = yaml.safe_load(office_yaml(HOST, ["1001", "1002"]))
    login = {"kind": "register", "username": "2000", "password": PASSWORD}
    document["trunks"] = [{"name": name, "address": place, **login} for name, place in CARRIERS.items()]
    document["routes"] = [{"name": "Out", "pattern": "0X.", "strip": 1, "trunks": list(CARRIERS)}]
    office = Office(tmp_path, HOST, namespace=nowhere)
    office.bring_in(yaml.safe_dump(document))
    office.add_admin()
    office.start()
    try:
        yield office
    finally:
        office.stop()


class Busy(threading.Thread):
    """Bob's phone refuses the call; `rang` is when it heard of it."""

    def __init__(self, phone: Phone) -> None:
        super().__init__(daemon=True)
        self.phone, self.rang = phone, 0.0

    def run(self) -> None:
        self.phone.sip.settimeout(20)
        data, peer = self.phone.sip.recvfrom(65535)
        self.rang = time.monotonic()
        text = data.decode()
        lines = [f"{name}: {header(text, name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
        lines = ["SIP/2.0 486 Busy Here", *lines, f"To: {header(text, 'To')};tag=b", "Content-Length: 0"]
        self.phone.sip.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), peer)


def test_calls_set_up_at_once_and_those_to_the_outside_fail_in_words(office: Office, nowhere: str) -> None:
    with inside(nowhere):
        anna, bob = Phone("1001", ANNA, HOST), Phone("1002", BOB, HOST)
    with anna, bob:
        assert (anna.register(), bob.register()) == (200, 200)
        busy = Busy(bob)
        busy.start()
        began = time.monotonic()
        assert anna.call("1002") == 486
        busy.join()
        assert busy.rang - began < 0.3

        began = time.monotonic()
        assert anna.call("0123456") >= 480
        assert time.monotonic() - began < 1.0
    record = office.record("1001", "0123456")
    assert record["cause_text"], "in words"
    lines = {line["name"]: line for line in office.api("/api/trunks")["items"]}
    assert "DNS" in lines["Name"]["text"]
    assert all(line["state"] in ("down", "unknown", "trying") for line in lines.values())
    assert office.tracebacks() == []
