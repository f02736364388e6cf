"""When our own code is broken, or somebody looks over its shoulder."""

import subprocess
import sys
from pathlib import Path

from tests.integration.phone import NETWORK, Phone
from tests.integration.test_life import worker
from tests.office import ROOT, WARDEN, Office, office_yaml, options, running, wait_for

HOST, OTHER, PHONE = f"{NETWORK}.3", f"{NETWORK}.4", f"{NETWORK}.102"

BROKEN = """
import sys
from gevent import monkey
monkey.patch_all()
from pbx.switch.switch import Switch
receive = Switch.receive
def broken(self, data, flow, now):
    if data == b"bug":
        1 / 0
    receive(self, data, flow, now)
Switch.receive = broken
from pbx.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_switch_with_ten_bugs_a_minute_starts_again_clean(tmp_path: Path) -> None:
    office = Office(tmp_path, HOST)
    office.bring_in(office_yaml(HOST, ["1001"]))
    office.add_admin()
    words = f"run --data {office.data} --http {HOST}:9000 --sip {HOST}:5060 --rtp 10000-10999"
    with office.log.open("ab") as log:
        command = [sys.executable, "-c", BROKEN, *words.split()]
        office.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(office._answers, 10, "the office")
        before = worker(office)
        with Phone("1001", PHONE, HOST) as phone:
            assert phone.register() == 200
            for _ in range(9):
                phone.sip.sendto(b"bug", (HOST, 5060))
            assert options(HOST, seconds=2) == 200
            assert worker(office) == before
            phone.sip.sendto(b"bug", (HOST, 5060))
            wait_for(lambda: worker(office) not in (0, before), 10, "a new worker")
            wait_for(lambda: options(HOST) == 200, 10, "the new worker")
            assert office.phones() == ["1001"]
        assert office.log.read_text().count("ZeroDivisionError: ") == 10
    finally:
        office.stop()


def test_a_trace_shows_messages_without_what_lets_one_in(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ("1001", "1002")) as office:
        shown = tmp_path / "trace.txt"
        command = [WARDEN, "trace", "--number", "1001", "--data", str(office.data)]
        with (
            Phone("1001", PHONE, HOST) as phone,
            Phone("1002", PHONE, HOST) as other,
            shown.open("wb") as file,
            subprocess.Popen(command, stdout=file) as trace,
        ):
            try:
                wait_for(
                    lambda: other.register() == phone.register() == 200 and "200 OK" in shown.read_text(),
                    20,
                    "a trace of a registration",
                )
            finally:
                trace.terminate()
        text = shown.read_text()
        assert "Authorization: Digest <hidden>" in text
        assert "response=" not in text
        assert "1002" not in text
        wait_for(lambda: office.metrics()["warden_sip_received_total"] > 3, 2, "figures")
    assert office.tracebacks() == []


def test_every_address_answers_when_none_is_chosen(tmp_path: Path) -> None:
    """Bound to 0.0.0.0 the office answers from the address that it was asked at, audio included."""
    with (
        running(tmp_path, HOST, ("1001",), sip="0.0.0.0:5087"),
        Phone("1001", PHONE, OTHER, 5087) as phone,
    ):
        assert phone.register() == 200
        assert phone.call("*43") == 200
        assert phone.audio[0] == OTHER
        assert phone.hears_itself()
