"""`python -m tests.bench.memory [CALLS] [RATE]`: does memory grow with the calls that were?  100,000 calls
unless told.

The trace's ring and the database's cache fill up to their bounds at first, so what counts is the growth after
the first tenth.
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.bench.load import Load
from tests.office import ROOT, Office, running

HOST = "127.0.0.41"
NUMBERS = [str(n) for n in range(1001, 1201)]
STEPS = 10


def sizes(office: Office) -> dict[str, float]:
    """MiB that are resident, of the switch's worker and of the media process.

    Not by shares (PSS): pages that the worker still shares with its master would count as growth when it
    first writes to them.
    """
    found = {"switch": 0.0, "media": 0.0}
    for pid in office.processes():
        place = Path(f"/proc/{pid}")
        name = "media" if b"pbx.media" in (place / "cmdline").read_bytes() else "switch"
        (line,) = [ln for ln in (place / "status").read_text().splitlines() if ln.startswith("VmRSS")]
        found[name] = max(found[name], int(line.split()[1]) / 1024)
    return found


def main(calls: int = 100_000, rate: float = 60.0) -> None:
    rows: list[dict[str, float]] = []
    with (
        tempfile.TemporaryDirectory(prefix="warden-memory-") as folder,
        running(Path(folder) / "office", HOST, NUMBERS, rtp="10000-20000") as office,
    ):
        load = Load(office, NUMBERS)
        try:
            load.register_everybody()
            load.answer()
            for _ in range(STEPS):
                step = load.call(rate, calls / STEPS / rate)
                done = step.succeeded + (rows[-1]["calls"] if rows else 0)
                rows.append({"calls": done, "failed": step.failed, **sizes(office)})
                print(json.dumps(rows[-1]), flush=True)
        finally:
            load.close()
    growth = rows[-1]["switch"] + rows[-1]["media"] - rows[0]["switch"] - rows[0]["media"]
    print(f"{growth:+.1f} MiB from call {rows[0]['calls']:,.0f} to call {rows[-1]['calls']:,.0f}")
    (ROOT / "artefacts").mkdir(exist_ok=True)
    (ROOT / "artefacts" / "memory.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
