"""The office's life: started, used, wounded, stopped."""

import os
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.phone import NETWORK, Phone
from tests.office import STOP_SECONDS, WARDEN, Office, office_yaml, options, running, wait_for

HOST, OTHER, PHONE = f"{NETWORK}.1", f"{NETWORK}.2", f"{NETWORK}.101"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path, HOST, ("1001", "1002")) as office:
        yield office


@pytest.fixture
def phone(office: Office) -> Iterator[Phone]:
    with Phone("1001", PHONE, HOST) as phone:
        assert phone.register() == 200
        yield phone


def worker(office: Office) -> int:
    """The worker's pid, 0 between one and the next."""
    return next(iter(office.processes()[1:]), 0)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def media(office: Office) -> int:
    folder = office.data / "run"
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{folder}/media.sock" in process.read_text() and "pbx.media" in process.read_text():
                return int(process.parent.name)
        except OSError:
            continue
    return 0


def test_an_empty_folder_becomes_an_office_that_says_how_to_go_on(tmp_path: Path) -> None:
    office = Office(tmp_path, HOST)
    office.start()
    try:
        wait_for(lambda: "Try" in office.last_words(), 5, "the banner")
        words = office.last_words()
        assert f"http://{HOST}:9000/" in words
        assert "claim it with this code" in words
        assert f"server {HOST}" in words
        assert (office.data.stat().st_mode & 0o777, options(HOST)) == (0o700, 200)
    finally:
        office.stop()
    assert office.tracebacks() == []
    assert not media(office)


def test_a_call_is_up_has_sound_and_its_record_is_kept(office: Office, phone: Phone) -> None:
    assert phone.call("*43") == 200
    assert phone.hears_itself()
    (call,) = office.live()
    office.command("hangup", call["call"])
    assert phone.hung_up(1)
    record = office.record("1001", "*43")
    assert (record["cause"], record["answered"] is not None) == ("hung_up_by_admin", True)
    office.settled()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda how: how.name)
def test_stopping_ends_the_calls_and_keeps_their_records(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C, a service manager, a closed terminal: the last one tells every process of the group."""
    with running(tmp_path, HOST, ("1001",)) as office, Phone("1001", PHONE, HOST) as phone:
        assert phone.register() == 200
        assert phone.call("*43") == 200
        stream = urllib.request.Request(f"http://{HOST}:9000/api/events")
        office.api("/api/auth/me")
        stream.add_header("Authorization", f"Bearer {office._token}")
        with urllib.request.urlopen(stream, timeout=5):  # somebody watches the console meanwhile
            began = time.monotonic()
            assert office.process is not None
            os.killpg(office.process.pid, how)
            assert phone.hung_up(1)
            assert office.process.wait(STOP_SECONDS) == 0
            assert time.monotonic() - began < STOP_SECONDS
        assert office.tracebacks() == []
        with sqlite3.connect(office.data / "warden.db") as database:
            assert database.execute("select cause from call").fetchall() == [("shutdown",)]
        database.close()
        assert not media(office)


def test_a_phone_that_is_off_does_not_hold_up_the_end(office: Office, phone: Phone) -> None:
    assert phone.call("*43") == 200
    assert office.stop() < STOP_SECONDS  # nobody answers the BYE


def test_a_killed_worker_is_replaced_and_the_phones_stay_registered(office: Office, phone: Phone) -> None:
    before, audio = worker(office), media(office)
    wait_for(lambda: office.metrics()["warden_records_waiting"] == 0, 5, "the registration is written")
    os.kill(before, signal.SIGKILL)
    assert options(HOST, seconds=3) == 200, "the port was given up"
    wait_for(lambda: worker(office) not in (0, before) and office._answers(), 10, "a new worker")
    assert office.phones() == ["1001"]
    assert media(office) == audio
    assert phone.call("*43") == 200
    assert phone.hears_itself()


def test_a_killed_media_process_comes_back_with_the_sound(office: Office, phone: Phone) -> None:
    assert phone.call("*43") == 200
    assert phone.hears_itself()
    os.kill(media(office), signal.SIGKILL)
    began = time.monotonic()
    phone.rtp.settimeout(0)
    assert phone.hears_itself(2)
    assert time.monotonic() - began < 1.0
    assert len(office.live()) == 1


def test_a_media_process_that_hangs_is_replaced(office: Office, phone: Phone) -> None:
    assert phone.call("*43") == 200
    assert phone.hears_itself()
    before = media(office)
    os.kill(before, signal.SIGSTOP)
    wait_for(lambda: gone(before), 3, "it is ended")
    phone.rtp.settimeout(0)
    assert phone.hears_itself(2)
    assert len(office.live()) == 1

    def well() -> bool:
        (check,) = (each for each in office.api("/api/health")["checks"] if each["slug"] == "media")
        return check["status"] == "ok" and "started 2 times" in check["text"]

    wait_for(well, 3, "the health page says so")


def test_when_the_master_dies_everything_ends(tmp_path: Path) -> None:
    office = Office(tmp_path, HOST)
    office.start()
    pids = [*office.processes(), media(office)]
    assert office.process is not None
    office.process.kill()
    office.process.wait()
    wait_for(lambda: all(map(gone, pids)), STOP_SECONDS, "every process ends")
    assert options(HOST) == 0


def refused(*words: str) -> list[str]:
    done = subprocess.run([WARDEN, *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1, done.stderr
    return done.stderr.splitlines()


def test_what_is_in_the_way_at_start_is_named_in_one_sentence(office: Office, tmp_path: Path) -> None:
    assert office.process is not None
    other = str(tmp_path / "other")
    http, sip = f"{OTHER}:9000", f"{OTHER}:5060"
    (line,) = refused("run", "--data", str(office.data), "--http", http, "--sip", sip)
    assert f"runs already on {office.data} (pid {office.process.pid})" in line
    (line,) = refused("run", "--data", other, "--http", http, "--sip", f"{HOST}:5060")
    assert f"UDP port {HOST}:5060 is already in use by" in line
    assert "--sip HOST:PORT" in line
    (line,) = refused("run", "--data", other, "--http", f"{HOST}:9000", "--sip", sip)
    assert f"TCP port {HOST}:9000 is already in use by" in line
    (line,) = refused("run", "--data", other, "--http", http, "--sip", "198.51.100.7:5060")
    assert "has no address 198.51.100.7" in line
    (line,) = refused("run", "--data", other, "--http", http, "--sip", sip, "--rtp", "20000-20001")
    assert "--rtp" in line


def test_two_offices_run_side_by_side(office: Office, tmp_path: Path) -> None:
    with running(tmp_path / "second", OTHER, ("1001",)):
        assert (options(HOST), options(OTHER)) == (200, 200)


def test_an_import_works_at_any_moment(tmp_path: Path) -> None:
    """Before, while the office starts, and while it runs."""
    office = Office(tmp_path, HOST)
    assert "Created" in office.bring_in(office_yaml(HOST, ["1001"]))
    assert office.process is None
    words = f"run --data {office.data} --http {HOST}:9000 --sip {HOST}:5060 --rtp 10000-10999"
    with office.log.open("ab") as log:
        command = [WARDEN, *words.split()]
        office.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        for number in range(1002, 1008):
            assert f"extension {number}" in office.bring_in(office_yaml(HOST, [str(number)]))
        wait_for(office._answers, 10, "the office")
        assert "extension 1009" in office.bring_in(office_yaml(HOST, ["1009"]))
        with Phone("1002", PHONE, HOST) as early, Phone("1009", PHONE, HOST) as late:
            assert (early.register(), late.register()) == (200, 200)
    finally:
        office.stop()
