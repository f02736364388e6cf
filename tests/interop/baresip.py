"""baresip as a telephone in a namespace: it plays a file as its microphone and records what it hears."""

import json
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.network import inside, prefix
from tests.office import PASSWORD, wait_for

CONTROL = "127.0.0.1", 4444
MODULES = "/usr/lib/baresip/modules"


@dataclass
class Baresip:
    """`voice` is a mono 16-bit file with the codec's sample rate: 8 kHz for G.711, 16 kHz for G.722."""

    folder: Path
    namespace: str
    address: str
    number: str
    domain: str
    server: str
    codec: str
    voice: Path
    password: str = PASSWORD
    transport: str = "udp"
    encryption: str = ""
    second: str = ""  # the transport of a second flow (RFC 5626)
    events: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Returns when it is registered."""
        (self.folder / "heard").mkdir(parents=True)
        (self.folder / "config").write_text(self._config())
        encryption = f";mediaenc={self.encryption}" if self.encryption else ""
        port = 5061 if self.transport == "tls" else 5060
        way = f'"sip:{self.server}:{port};transport={self.transport}"'
        if self.second:
            way = f'{way};outbound2="sip:{self.server};transport={self.second}";sipnat=outbound'
        (self.folder / "accounts").write_text(
            f"<sip:{self.number}@{self.domain}>;auth_user={self.number};auth_pass={self.password}"
            f";answermode=auto;outbound={way};regint=600;audio_codecs={self.codec}{encryption}\n"
        )
        (self.folder / "contacts").touch()
        with (self.folder / "log").open("wb") as log:
            command = [*prefix(self.namespace), "baresip", "-4", "-f", str(self.folder)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self._connected, 5, f"baresip's control port\n{self.log()}")
        wait_for(lambda: "200 OK" in self.log(), 5, f"{self.number} registers\n{self.log()}")

    def _config(self) -> str:
        # a loudspeaker that nobody listens to: what is heard is recorded before it
        names = ("g711", "g722", "aufile", "aubridge", "sndfile", "srtp", "uuid")
        modules = "".join(f"module {name}.so\n" for name in names)
        return (
            f"poll_method epoll\nsip_listen {self.address}:5060\nctrl_tcp_listen {CONTROL[0]}:{CONTROL[1]}\n"
            "sip_verify_server no\n"
            f"audio_source aufile,{self.voice}\n"
            f"audio_player aubridge,nobody\nsnd_path {self.folder / 'heard'}\nmodule_path {MODULES}\n"
            f"{modules}module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
        )

    def _connected(self) -> bool:
        with inside(self.namespace):
            self._control = socket.socket()
            try:
                self._control.connect(CONTROL)
            except OSError:
                self._control.close()
                return False
        self._control.settimeout(0.05)
        self._unread = b""
        return True

    # talking to it

    def command(self, name: str, argument: str = "") -> None:
        text = json.dumps({"command": name, "params": argument, "token": name}).encode()
        self._control.sendall(b"%d:%s," % (len(text), text))

    def dial(self, number: str) -> None:
        self.events.clear()
        self.command("dial", f"sip:{number}@{self.domain}")

    def hang_up(self) -> None:
        self.command("hangup")

    def await_event(self, kind: str, seconds: float = 10) -> None:
        wait_for(lambda: kind in self._heard_events(), seconds, f"{kind} at {self.number}\n{self.log()}")

    def closed(self) -> int:
        """How many of its calls ended since it last dialled, or its `events` were cleared."""
        return self._heard_events().count("CALL_CLOSED")

    def _heard_events(self) -> list[str]:
        try:
            self._unread += self._control.recv(65536)
        except TimeoutError:
            return self.events
        while b":" in self._unread:
            size, _, rest = self._unread.partition(b":")
            if len(rest) <= int(size):
                break
            message: dict[str, Any] = json.loads(rest[: int(size)])
            self._unread = rest[int(size) + 1 :]
            if "type" in message:
                self.events.append(message["type"])
        return self.events

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace").replace("\r", "\n")[-4000:]

    def recording(self) -> Path:
        """What it heard in its last call, which is over."""
        self.await_event("CALL_CLOSED")
        newest = max((self.folder / "heard").glob("*-dec.wav"), key=lambda path: path.stat().st_mtime_ns)
        wait_for(lambda: newest.read_bytes()[40:44] != bytes(4), 3, "the length is written")
        return newest

    def stop(self) -> None:
        if not hasattr(self, "process"):
            return
        self._control.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def talk(seconds: float) -> None:
    """Lets real phones speak for a while."""
    time.sleep(seconds)
