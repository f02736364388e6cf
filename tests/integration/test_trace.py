"""A call's messages, as the API gives them."""

import json
from pathlib import Path

from tests.integration.phone import NETWORK, Phone
from tests.office import running, wait_for

HOST, PHONE = f"{NETWORK}.5", f"{NETWORK}.105"


def test_the_ladder_of_a_call_that_is_over(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ["1001"]) as office, Phone("1001", PHONE, HOST) as phone:
        assert phone.register() == 200
        assert phone.call("*43") == 200
        (call,) = office.live()
        office.command("hangup", call["call"])
        assert phone.hung_up(5)
        wait_for(office.records, 5, "the record")
        found = office.api(f"/api/calls/{call['call']}/trace")
        titles = [(message["title"], message["sent"]) for message in found["messages"]]
        wanted = [("INVITE", False), ("401 Unauthorized", True), ("ACK", False), ("INVITE", False)]
        assert titles[:4] == wanted
        assert {("200 OK", True), ("BYE", True), ("200 OK", False)} <= set(titles)
        assert "hung up from the console" in found["verdict"]
        assert "response=" not in json.dumps(found)
        with office._open(f"/api/calls/{call['call']}/trace.pcap", office.signed_in()) as answer:
            assert answer.read(4) == bytes.fromhex("d4c3b2a1")
        with office._open(f"/api/calls/{call['call']}/trace.txt", office.signed_in()) as answer:
            assert b"+0.0 ms from" in answer.read()
