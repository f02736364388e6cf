"""Signalling load: many registrations or calls a second, made by SIPp with the steps of the interop tests."""

import csv
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import meter
from tests.interop import sipp as s
from tests.office import PASSWORD, Office, wait_for

CALLERS, CALLEES = "127.0.4.1", "127.0.4.2"
PORT = 7060
HOLD = 1.0  # seconds that a call is held after it was answered

REGISTER = [s.register(), s.receive(200)]
CALL = [
    s.dial().replace("<send", '<send start_rtd="1"', 1),
    s.receive(180, also='rtd="1"'),
    s.answered(),
    s.ack(),
    s.pause(HOLD),
    s.bye(),
]
LAMP = ["Event: message-summary", "Expires: 3600"]
COME = [
    *REGISTER,
    *(s.watch(3, LAMP), s.receive(401, also='auth="true"'), s.watch(4, [*LAMP, "[authentication]"])),
    *(s.receive(200), s.receive("NOTIFY"), s.reply("200 OK")),
]
ANSWER = [s.called(), s.ring(), s.pause(0.1), s.answer(), s.hung_up()]


@dataclass(frozen=True)
class Step:
    """One rate that was tried.  `clean` = every attempt succeeded, and at the planned pace."""

    rate: float
    succeeded: int
    failed: int
    retransmitted: int
    seconds: float
    cpu_seconds: float
    ringing_ms: tuple[float, ...] = ()

    @property
    def clean(self) -> bool:
        return self.failed == 0 and self.succeeded > 0 and self.retransmitted <= self.succeeded / 1000 + 1

    @property
    def cpu_per_thousand(self) -> float:
        return 1000 * self.cpu_seconds / max(1, self.succeeded)


class Load:
    """SIPp on the callers' and the callees' address; the first half of the office calls the second."""

    def __init__(self, office: Office, numbers: Sequence[str]) -> None:
        self.office = office
        half = len(numbers) // 2
        self.callers, self.callees = numbers[:half], numbers[half:]
        self.folder = Path(tempfile.mkdtemp(prefix="warden-bench-"))
        self._steps = 0
        self._answering: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        if self._answering:
            self._answering.kill()
            self._answering.wait()
        shutil.rmtree(self.folder)

    def register_everybody(self) -> None:
        for address, numbers in ((CALLERS, self.callers), (CALLEES, self.callees)):
            step = self._run(REGISTER, address, numbers, rate=60, count=len(numbers))
            assert step.clean, f"only {step.succeeded} of {len(numbers)} phones registered"

    def answer(self) -> None:
        """The callees' phones are picked up from now on."""
        self._answering = self._sipp(ANSWER, CALLEES, [])
        time.sleep(0.5)

    def register(self, rate: float, seconds: float) -> Step:
        return self._run(REGISTER, CALLERS, self.callers, rate, int(rate * seconds))

    def come_back(self, rate: float, spread: bool = False) -> Step:
        """Every phone registers and watches its mailbox, whatever was before."""
        everybody = [*self.callers, *self.callees]
        patient = ["-default_behaviors", "all,-abortunexp"]  # a challenge that comes twice is no mistake
        return self._run(COME, CALLERS, everybody, rate, len(everybody), spread=spread, also=patient)

    def call(self, rate: float, seconds: float) -> Step:
        return self._run(CALL, CALLERS, self.callers, rate, int(rate * seconds), self.callees)

    def flood(self, rate: float) -> subprocess.Popen[bytes]:
        """Calls at this rate until it is killed."""
        rows = list(zip(self.callers, self.callees, [CALLERS] * len(self.callers), strict=True))
        return self._sipp(CALL, CALLERS, rows, ["-r", str(rate), "-l", "20000"])

    def completed(self) -> int:
        """What the last SIPp had done when it last said so."""
        return self._step(0, 0, 0, 0).succeeded

    def _run(
        self,
        steps: Sequence[str],
        address: str,
        who: Sequence[str],
        rate: float,
        count: int,
        to: Sequence[str] = (),
        spread: bool = False,
        also: Sequence[str] = (),
    ) -> Step:
        """`spread`: each of them has an address of its own."""
        sources = [f"127.9.{n >> 8}.{n & 255}" if spread else address for n in range(1, len(who) + 1)]
        rows = list(zip(who, to or who, sources, strict=True))
        pids = self.office.processes()
        limit = count / rate + HOLD + 15
        began, cpu = time.monotonic(), meter.cpu(pids)
        options = ["-r", str(rate), "-m", str(count), "-l", "20000", "-timeout", f"{limit:.0f}s", *also]
        options += ["-t", "ui", "-ip_field", "3", "-max_socket", "4000"] if spread else []
        process = self._sipp(steps, address, rows, options)
        try:
            process.wait(limit + 10)
        except subprocess.TimeoutExpired:  # drowned in its own repetitions: what it counted tells
            process.kill()
            process.wait()
        seconds = time.monotonic() - began
        wait_for(lambda: not self.office.live(), 60, "no call left")
        return self._step(rate, count, seconds, meter.cpu(pids) - cpu)

    def _sipp(
        self,
        steps: Sequence[str],
        address: str,
        rows: Sequence[tuple[str, str, str]],
        options: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        self._steps += 1
        here = self.folder / str(self._steps)
        here.mkdir()
        text = s.scenario(steps)
        command = ["sipp", self.office.sip, "-sf", "scenario.xml", "-i", address, "-p", str(PORT), "-nostdin"]
        command += [
            "-key",
            "dom",
            self.office.host,
            "-key",
            "me",
            "bench",
            "-trace_stat",
            "-fd",
            "1",
            "-stf",
            "stat.csv",
        ]
        if rows:
            text = (
                text.replace("[me]", "[field0]")
                .replace("[authentication]", "[field1]")
                .replace("[to]", "[field2]")
                .replace("[local_ip]", "[field3]")
                .replace("[local_port]", f"{PORT}")
            )
            auth = f"[authentication username={{}} password={PASSWORD}]"
            lines = "".join(f"{me};{auth.format(me)};{to};{source};\n" for me, to, source in rows)
            (here / "phones.csv").write_text("SEQUENTIAL\n" + lines)
            command += ["-inf", "phones.csv", "-trace_rtt", "-rtt_freq", "1", *options]
        (here / "scenario.xml").write_text(text)
        null = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=here, stdin=null, stdout=null, stderr=null)

    def _step(self, rate: float, count: int, seconds: float, cpu: float) -> Step:
        here = self.folder / str(self._steps)
        with (here / "stat.csv").open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        succeeded = int(last["SuccessfulCall(C)"])
        times = []
        for path in here.glob("*_rtt.csv"):
            with path.open() as file:
                times += [float(row[1]) for row in list(csv.reader(file, delimiter=";"))[1:] if len(row) > 2]
        again = int(last["Retransmissions(C)"])
        return Step(rate, succeeded, count - succeeded, again, seconds, cpu, tuple(times))
