"""Two offices on real sockets: one is the other's carrier, with registration, calls in and calls out."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.phone import NETWORK, Phone
from tests.office import PASSWORD, Office, office_yaml, running, wait_for

HERE, CARRIER = f"{NETWORK}.3", f"{NETWORK}.4"
DESK, FAR = f"{NETWORK}.103", f"{NETWORK}.104"


def with_trunk(transport: str) -> str:
    document = yaml.safe_load(office_yaml(HERE, ["1001"]))
    trunk = {"name": "Carrier", "kind": "register", "address": CARRIER, "username": "2000"}
    more = {"password": PASSWORD, "transport": transport, "numbers": {"*": "1001"}}
    document["trunks"] = [trunk | more]
    if transport == "tls":
        document["trunks"][0]["srtp"] = "required"
    document["routes"] = [
        {"name": "Out", "pattern": "0X.", "strip": 1, "trunks": ["Carrier"]},
        {"name": "Echo", "pattern": "0*43", "strip": 1, "trunks": ["Carrier"]},
    ]
    return yaml.safe_dump(document)


@pytest.fixture(params=["udp", "tcp", "tls"])
def offices(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Office, Office]]:
    with running(tmp_path / "carrier", CARRIER, ["2000", "3000"], rtp="11000-11099") as carrier:
        (tmp_path / "here").mkdir()
        office = Office(tmp_path / "here", HERE)
        office.bring_in(with_trunk(request.param))
        office.add_admin()
        if request.param == "tls":
            shutil.copy(carrier.data / "tls.crt", office.data / "ca.crt")
        office.start()
        try:
            yield office, carrier
        finally:
            office.stop()
    assert office.tracebacks() == []
    assert carrier.tracebacks() == []


def trunk(office: Office) -> dict[str, Any]:
    (found,) = office.api("/api/trunks")["items"]
    return dict(found)


def test_registered_called_from_outside_and_calling_out(offices: tuple[Office, Office]) -> None:
    office, carrier = offices
    wait_for(lambda: trunk(office)["state"] == "up", 15, "the trunk is up")
    assert carrier.phones() == ["2000"]
    assert "up" in office.command("trunks")
    with Phone("1001", DESK, HERE) as desk, Phone("3000", FAR, CARRIER) as far:
        assert (desk.register(), far.register()) == (200, 200)

        far.ring_up("2000")
        invite = desk.await_request("INVITE", 10)
        assert "From: " in invite
        assert "3000" in next(line for line in invite.splitlines() if line.startswith("From:"))
        desk.refuse(invite, 486)
        assert far.final(10) == 486
        assert office.record("3000", "2000")["cause"] == "busy"

        desk.ring_up("03000")
        invite = far.await_request("INVITE", 10)
        far.refuse(invite, 603)
        assert desk.final(10) == 603
        record = office.record("1001", "03000")
        assert (record["callee"]["number"], record["callee"]["kind"]) == ("3000", "trunk")

        assert desk.call("0*43") == 200
        assert desk.hears_itself(10), "sound goes there and back"
        (call,) = office.live()
        office.api(f"/api/calls/{call['call']}", method="DELETE")
        record = office.record("1001", "0*43")
        messages = [each["text"] for each in office.api(f"/api/calls/{record['call']}/trace")["messages"]]
        over_tls = any("SIP/2.0/TLS" in text for text in messages)
        assert any("RTP/SAVP" in text for text in messages) == over_tls, messages
        assert not any("inline:" in text for text in messages), "keys are not shown"
    office.settled()
    carrier.settled()
