"""A restart's storm: all phones of an office, with their lamps, come back in the same moment."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.bench.load import Load, Step
from tests.office import Office, options, running, wait_for

PHONES = [str(n) for n in range(3001, 5001)]
AT_ONCE = 100_000.0
RATE = 400.0  # at which they come the first time


def killed(office: Office) -> None:
    """The switch is killed; it is up again when this returns."""
    before = office.processes()[1]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: office.processes()[1:2] not in ([], [before]), 15, "a new switch")
    wait_for(lambda: options(office.host, seconds=0.1) == 200, 15, "the new switch answers")


def storm(
    folder: Path,
    host: str,
    phones: list[str],
    rates: list[tuple[float, bool]],
    ready: Callable[[Office], None] = lambda office: None,
) -> list[Step]:
    """What became of the storm after each restart, by (phones a second, each has its own address)."""
    steps = []
    with running(folder, host, phones) as office:
        ready(office)
        load = Load(office, phones)
        try:
            first = load.come_back(RATE)
            assert first.failed == 0, f"they did not come at first: {first}"
            for rate, spread in rates:
                killed(office)
                ready(office)
                steps.append(load.come_back(rate, spread))
            refused = [name for name in office.metrics() if "rejected_total" in name]
            assert not refused, f"refused in a storm: {refused}"
        finally:
            load.close()
    return steps
