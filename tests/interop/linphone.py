"""linphonec as a telephone in a namespace: it plays a file as its microphone and records what it hears."""

import os
import pty
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.network import prefix
from tests.office import PASSWORD, wait_for

TALKING = "to LinphoneCallStreamsRunning"
ENDED = "to LinphoneCallReleased"


@dataclass
class Linphone:
    folder: Path
    namespace: str
    number: str
    domain: str
    server: str
    voice: Path
    password: str = PASSWORD
    transport: str = "udp"
    answers: bool = True  # takes each call by itself
    friend: str = ""  # the number whose presence it watches

    def start(self) -> None:
        """Returns when it is registered."""
        (self.folder / ".local/share/linphone").mkdir(parents=True)
        (self.folder / "debug").touch()
        self.seen = 0  # characters of the log that `sees` is done with
        (self.folder / "config").write_text(self._config())
        words = ["linphonec", "-c", f"{self.folder}/config", "-d", "6", "-l", f"{self.folder}/debug"]
        with (self.folder / "log").open("wb") as log:
            self.keys, terminal = pty.openpty()  # it does nothing between commands that do not come from one
            home = os.environ | {"HOME": str(self.folder), "TERM": "dumb"}
            command = [*prefix(self.namespace), *words, *(["-a"] if self.answers else [])]
            pipes: dict[str, Any] = {"stdin": terminal, "stdout": log, "stderr": log}
            self.process = subprocess.Popen(command, env=home, **pipes)
            os.close(terminal)
        self.command("soundcard use files", f"play {self.voice}", f"record {self.folder / 'heard.wav'}")
        self.sees("RegistrationOk")

    def _config(self) -> str:
        ports = {f"sip_{kind}port": 0 for kind in ("", "tcp_", "tls_")}
        ports["sip_" + {"udp": ""}.get(self.transport, self.transport + "_") + "port"] = 5060
        port = 5061 if self.transport == "tls" else 5060
        place = f"<sip:{self.server}:{port};transport={self.transport}"
        sections = {
            "sip": {
                **ports,
                "default_proxy": 0,
                "use_ipv6": 0,
                "verify_server_certs": 0,
                "verify_server_cn": 0,
                "register_only_when_network_is_up": 0,
            },
            "net": {"mtu": 1300},
            "rtp": {"audio_rtp_port": 7078},
            "sound": {"echocancellation": 0},
            "proxy_0": {
                "reg_proxy": place + ">",
                "reg_route": place + ";lr>",
                "reg_identity": f"sip:{self.number}@{self.domain}",
                "reg_expires": 600,
                "reg_sendregister": 1,
                "publish": 0,
            },
            "auth_info_0": {"username": self.number, "passwd": self.password, "domain": self.domain},
        }
        if self.friend:
            friend = f"<sip:{self.friend}@{self.domain}>"
            sections["friend_0"] = {"url": friend, "pol": "accept", "subscribe": 1}
        lines: list[str] = []
        for name, keys in sections.items():
            lines += [f"[{name}]", *(f"{key}={value}" for key, value in keys.items()), ""]
        return "\n".join(lines)

    def command(self, *lines: str) -> None:
        os.write(self.keys, "".join(line + "\n" for line in lines).encode())

    def dial(self, number: str) -> None:
        self.command(f"call sip:{number}@{self.domain}")

    def sees(self, pattern: str, seconds: float = 20) -> str:
        """The first place in its log that matches; that and all before it are done with."""

        def found() -> Any:
            return re.search(pattern, self.log()[self.seen :])

        try:
            match: re.Match[str] = wait_for(found, seconds, f"{pattern} at {self.number}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-3000:]}") from None
        self.seen += match.end()
        return str(match[0])

    def recording(self) -> Path:
        """What it heard in its calls; it writes the end of that as it quits."""
        self.stop()
        return self.folder / "heard.wav"

    def says_friend_is(self, how: str) -> None:
        """What its terminal said last of the friend."""
        last = f"> is {how}"

        def said() -> bool:
            lines = (self.folder / "log").read_text(errors="replace").splitlines()
            return next(line for line in reversed(["Friend ", *lines]) if "Friend " in line).endswith(last)

        wait_for(said, 20, f"its friend is {how}\n{self.log()[-3000:]}")

    def log(self) -> str:
        return (self.folder / "debug").read_text(errors="replace")

    def stop(self) -> None:
        if not hasattr(self, "process") or self.process.poll() is not None:
            return
        self.command("quit")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.keys)
