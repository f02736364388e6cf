"""A call's messages, as the API gives them and a Homer gets them."""

import json
import socket
from pathlib import Path

from tests.integration.phone import NETWORK, Phone
from tests.net.test_hep import decoded
from tests.office import running, wait_for

HOST, PHONE = f"{NETWORK}.5", f"{NETWORK}.105"


def test_the_ladder_of_a_call_that_is_over(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ["1001"]) as office, Phone("1001", PHONE, HOST) as phone:
        assert phone.register() == 200
        assert phone.call("*43") == 200
        (call,) = office.live()
        path = f"/api/calls/{call['call']}/trace"
        wait_for(lambda: phone.hears_itself() and office.api(path)["audio"], 30, "figures of the audio")
        office.command("hangup", call["call"])
        assert phone.hung_up(5)
        wait_for(office.records, 5, "the record")
        found = office.api(path)
        titles = [(message["title"], message["sent"]) for message in found["messages"]]
        wanted = [("INVITE", False), ("401 Unauthorized", True), ("ACK", False), ("INVITE", False)]
        assert titles[:4] == wanted
        assert {("200 OK", True), ("BYE", True), ("200 OK", False)} <= set(titles)
        assert "hung up from the console" in found["verdict"]
        audio = [(figures["leg"], figures["received"] > 0, figures["lost"]) for figures in found["audio"]]
        assert len(audio) >= 2, "one in mid-call, one at the end"
        assert set(audio) == {(call["legs"][0]["leg"], True, 0)}
        assert "response=" not in json.dumps(found)
        with office._open(f"{path}.pcap", office.signed_in()) as answer:
            capture = answer.read()
        assert capture[:4] == bytes.fromhex("d4c3b2a1")
        assert b"response=" not in capture
        with office._open(f"{path}.txt", office.signed_in()) as answer:
            words = answer.read().decode()
        assert "+0.0 ms from" in words
        assert "packets heard" in words
        assert "response=" not in words


def test_a_homer_gets_every_message_without_secrets(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as homer:
        homer.bind((HOST, 0))
        homer.settimeout(20)
        where = f"--hep {HOST}:{homer.getsockname()[1]}"
        with running(tmp_path, HOST, ["1001"], options=where) as office, Phone("1001", PHONE, HOST) as phone:
            assert phone.register() == 200
            said: list[bytes] = []
            while sum(b"REGISTER" in message for message in said) < 4:  # two questions, two answers
                said.append(decoded(homer.recv(70_000))[15])
            assert not any(b"response=" in message for message in said)
            assert office.metrics()["warden_hep_sent_total"] >= 4
