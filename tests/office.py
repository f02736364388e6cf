"""A running product for tests: an office in its own data folder, on its own address, with real sockets."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from tests.network import inside, prefix

ROOT = Path(__file__).parent.parent
WARDEN = ROOT / ".venv" / "bin" / "warden"
PASSWORD = "Rig-secret-2026"
ADMIN, ADMIN_PASSWORD = "olga", "Quiet-harbour-2026"
STOP_SECONDS = 5.0


def wait_for(what: Callable[[], Any], seconds: float, words: str) -> Any:
    """The first true answer of `what`, asked every 20 ms; AssertionError with `words` when none comes."""
    end = time.monotonic() + seconds
    while True:
        if answer := what():
            return answer
        assert time.monotonic() < end, f"not within {seconds:g} s: {words}"
        time.sleep(0.02)


def options(host: str, port: int = 5060, source: str = "", seconds: float = 0.5) -> int:
    """The status that an OPTIONS gets, 0 when nothing answers.  `source` is the address to ask from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source or host, 0))
        sock.settimeout(seconds)
        here = "{}:{}".format(*sock.getsockname())
        key = secrets.token_hex(8)
        sock.sendto(
            (
                f"OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bK{key}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:probe@{host}>;tag={key}\r\nTo: <sip:{host}>\r\n"
                f"Call-ID: {key}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            ).encode(),
            (host, port),
        )
        try:
            answer = sock.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return 0
        return int(answer[8:11]) if answer.startswith(b"SIP/2.0 ") else 0


def office_yaml(domain: str, numbers: Sequence[str], trunk: str = "") -> str:
    """An office of these extensions, all with `PASSWORD`, and a trunk known by its address."""
    extensions = [{"number": n, "name": f"Phone {n}", "password": PASSWORD} for n in numbers]
    trunks = [{"name": "trusted", "kind": "ip", "address": trunk}] if trunk else []
    return yaml.safe_dump({"site": {"domain": domain}, "extensions": extensions, "trunks": trunks})


class Office:
    """`warden run` on `host`, stopped as Ctrl-C does.  `namespace` names its network."""

    def __init__(
        self,
        folder: Path,
        host: str,
        sip: str = "",
        rtp: str = "10000-10999",
        namespace: str = "",
        options: str = "",
    ) -> None:
        self.options = options  # further words for `warden run`
        self.host, self.sip, self.rtp, self.namespace = host, sip or f"{host}:5060", rtp, namespace
        self.data = folder / "data"
        self.log = folder / "warden.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._token = ""
        self._told: set[str] = set()

    # before it runs

    def command(self, *words: str, stdin: str = "") -> str:
        """What `warden WORDS --data …` prints; AssertionError with its complaint when it fails."""
        done = subprocess.run(
            [WARDEN, *words, "--data", self.data], input=stdin, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, f"warden {' '.join(words)}: {done.stderr or done.stdout}"
        return done.stdout

    def bring_in(self, document: str) -> str:
        file = self.data.parent / "office.yaml"
        file.write_text(document)
        return self.command("import", str(file))

    def add_admin(self) -> None:
        self.command("admin", ADMIN, stdin=ADMIN_PASSWORD + "\n")

    # its life

    def start(self, seconds: float = 15.0) -> None:
        words = f"run --data {self.data} --http {self.host}:9000 --sip {self.sip} --rtp {self.rtp}"
        words = f"{words} {self.options}"
        with self.log.open("ab") as log:
            command = [*prefix(self.namespace), str(WARDEN), *words.split()]
            streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self.process = subprocess.Popen(command, start_new_session=True, **streams)
        wait_for(self._answers, seconds, f"warden run answers\n{self.last_words()}")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (
            f"warden run ended with {self.process.returncode}\n{self.last_words()}"
        )
        try:
            with self._open("/api/health", {}):
                pass
        except OSError:
            return False
        return True

    def stop(self) -> float:
        """Ends it as Ctrl-C in a terminal does; the seconds it took.  Killed after a limit."""
        assert self.process is not None
        began = time.monotonic()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            status = self.process.wait(STOP_SECONDS + 5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"did not stop on Ctrl-C\n{self.last_words()}") from None
        took = time.monotonic() - began
        assert status == 0, f"warden run ended with {status}\n{self.last_words()}"
        assert took < STOP_SECONDS, f"took {took:.1f} s to stop"
        return took

    def last_words(self, lines: int = 40) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def tracebacks(self) -> list[str]:
        return re.findall(r"^Traceback .*?(?=^\S)(?:.*)", self.log.read_text(errors="replace"), re.M | re.S)

    # what it says of itself

    def _open(
        self, path: str, headers: dict[str, str], body: object = None, method: str | None = None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {**headers, "Content-Type": "application/json"} if data else headers
        request = urllib.request.Request(f"http://{self.host}:9000{path}", data, headers, method=method)
        with inside(self.namespace):
            return urllib.request.urlopen(request, timeout=5)

    def api(self, path: str, body: object = None, method: str | None = None) -> Any:
        """The JSON answer of the API to the administrator."""
        fresh = not self._token
        if fresh:
            with self._open(
                "/api/auth/sign-in", {}, {"username": ADMIN, "password": ADMIN_PASSWORD}
            ) as answer:
                self._token = json.load(answer)["access_token"]
        try:
            with self._open(path, {"Authorization": f"Bearer {self._token}"}, body, method) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            if error.code == 401 and not fresh:  # the token lives for a quarter of an hour
                self._token = ""
                return self.api(path, body, method)
            raise AssertionError(f"{path}: {error.code} {error.read().decode(errors='replace')}") from None

    def signed_in(self) -> dict[str, str]:
        """The headers that say so."""
        self.live()
        return {"Authorization": f"Bearer {self._token}"}

    def live(self) -> list[dict[str, Any]]:
        return list(self.api("/api/calls")["items"])

    def records(self, **filters: str) -> list[dict[str, Any]]:
        """The newest first."""
        return list(self.api("/api/records?" + urllib.parse.urlencode(filters))["items"])

    def record(self, caller: str, dialled: str, seconds: float = 3.0) -> dict[str, Any]:
        """The record of this attempt that was not asked for before; it is written a moment after the call."""

        def found() -> dict[str, Any] | None:
            new = (r for r in self.records() if r["call"] not in self._told)
            return next((r for r in new if (r["caller"]["number"], r["dialled"]) == (caller, dialled)), None)

        record: dict[str, Any] = wait_for(found, seconds, f"a record of {caller} dialling {dialled}")
        self._told.update(r["call"] for r in self.records())
        return record

    def phones(self) -> list[str]:
        return [p["extension"] for p in self.api("/api/phones")["items"]]

    def metrics(self) -> dict[str, float]:
        with self._open("/metrics", {}) as answer:
            lines = answer.read().decode().splitlines()
        return {n: float(v) for n, v in (ln.rsplit(" ", 1) for ln in lines if ln and not ln.startswith("#"))}

    def ports_used(self) -> int:
        return int(self.api("/api/health")["ports"]["used"])

    def settled(self, seconds: float = 5.0) -> None:
        """Waits until no call lives and no audio port is held."""
        wait_for(lambda: not self.live() and not self.ports_used(), seconds, "no call, no port")

    def processes(self) -> list[int]:
        """The pids of everything it started, its own first."""
        assert self.process is not None
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop(0)
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):  # a task that ended since it was listed
                    todo += [int(child) for child in task.read_text().split()]
        return found


@contextmanager
def running(
    folder: Path, host: str, numbers: Sequence[str], trunk: str = "", domain: str = "", **more: str
) -> Iterator[Office]:
    """An office that is up, with an administrator and these extensions; at the end it must stop in peace."""
    folder.mkdir(parents=True, exist_ok=True)
    office = Office(folder, host, **more)
    office.bring_in(office_yaml(domain or host, numbers, trunk))
    office.add_admin()
    office.start()
    try:
        yield office
    finally:
        office.stop()
