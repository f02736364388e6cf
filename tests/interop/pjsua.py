"""PJSIP as a telephone in a namespace, by its Python binding: it plays a file and records what it hears."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.network import prefix
from tests.office import PASSWORD, wait_for

CHILD = Path(__file__).with_name("pjsua_phone.py")
CONFIRMED, DISCONNECTED = 5, 6  # PJSIP's states of a call
ACTIVE, HELD_THERE = 1, 3  # and of its audio


def need_pjsua() -> None:
    """PyPI has PJSIP ready made for some Pythons and processors only."""
    if importlib.util.find_spec("pjsua2") is not None:
        return
    version, machine = ".".join(map(str, sys.version_info[:2])), os.uname().machine
    if os.environ.get("CI") and sys.version_info < (3, 13) and machine == "x86_64":
        pytest.fail("pjsua2-python of requirements-dev.lock is not installed")
    pytest.skip(f"no wheel of pjsua2-python for Python {version}, {machine}: PJSIP is not tried")


@dataclass
class Wishes:
    """What the telephone is; `answer` is the status that it gives a call, 180 to let it ring."""

    folder: str
    address: str
    number: str
    domain: str
    server: str
    voice: str
    transport: str = "udp"
    password: str = PASSWORD
    codec: str = "PCMU"
    prack: str = ""
    timer: str = ""
    session_expires: int = 1800
    mwi: bool = False
    answer: int = 200


@dataclass
class Pjsua:
    namespace: str
    wishes: Wishes
    events: list[dict[str, Any]] = field(default_factory=list)

    def start(self, code: int = 200) -> None:
        """Returns when its registration was answered with that code."""
        folder = Path(self.wishes.folder)
        folder.mkdir(parents=True)
        command = [*prefix(self.namespace), sys.executable, str(CHILD), json.dumps(asdict(self.wishes))]
        with (folder / "errors").open("wb") as errors:
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": errors}
            self.process = subprocess.Popen(command, **pipes)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.sees("registration", code=code)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def do(self, verb: str, **more: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": verb, **more}).encode() + b"\n")
        self.process.stdin.flush()

    def dial(self, number: str) -> None:
        self.do("dial", uri=self.uri(number))

    def uri(self, number: str) -> str:
        return f"sip:{number}@{self.wishes.domain}"

    def sees(self, event: str, seconds: float = 20, **more: object) -> dict[str, Any]:
        """The first event of that kind with these values; it and all before it are forgotten."""
        wanted = {"event": event, **more}

        def found() -> int:
            return next((n for n, seen in enumerate(self.events, 1) if wanted.items() <= seen.items()), 0)

        try:
            place = wait_for(found, seconds, f"{wanted} at {self.wishes.number}")
        except AssertionError as error:
            raise AssertionError(f"{error}, but {self.events}\n{self.log()}") from None
        seen = self.events[place - 1]
        del self.events[:place]
        return seen

    def in_call(self) -> int:
        """Waits for the answer; the call's number."""
        return int(self.sees("call", state=CONFIRMED)["id"])

    def ended(self, seconds: float = 20) -> int:
        """Waits for the end of a call; the status it had."""
        return int(self.sees("call", seconds, state=DISCONNECTED)["code"])

    def recording(self) -> Path:
        """What it heard in the call that began last; over by now."""
        newest = max(Path(self.wishes.folder).glob("heard-*.wav"), key=lambda path: path.stat().st_mtime_ns)

        def whole() -> bool:
            data = newest.read_bytes()
            return data[8:12] == b"WAVE" and int.from_bytes(data[40:44], "little") == len(data) - 44 > 0

        wait_for(whole, 5, "its head is written")
        return newest

    def log(self) -> str:
        folder = Path(self.wishes.folder)
        files = [file for file in (folder / "errors", folder / "log") if file.exists()]
        return "\n".join(file.read_text(errors="replace")[-2000:] for file in files)

    def stop(self) -> None:
        if not hasattr(self, "process"):
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
