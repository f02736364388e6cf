"""Ten times more calls than can be carried: what is still done meanwhile, and how soon it is over."""

import threading
import time
from functools import partial
from pathlib import Path

from tests.bench.agents import Agent, serve
from tests.bench.load import Load
from tests.office import Office, office_yaml, options, wait_for

TIMES = 10
SECONDS = 5.0
SOON = 0.1  # seconds within which a call is answered when all is well


def started(office: Office) -> float:
    """Starts it; seconds until it first answered OPTIONS."""
    began, answered = time.monotonic(), [0.0]

    def ask() -> None:
        wait_for(lambda: options(office.host, seconds=0.02) == 200, 15, "the first answer")
        answered[0] = time.monotonic() - began

    asker = threading.Thread(target=ask)
    asker.start()
    office.start()
    asker.join()
    return answered[0]


def flooded(load: Load, rate: float, source: str) -> tuple[float, float]:
    """Calls a second that were completed, and which share of OPTIONS from elsewhere was answered."""
    asked = answered = 0
    flood = load.flood(rate)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        asked += 1
        answered += options(load.office.host, source=source, seconds=0.5) == 200
        time.sleep(0.05)
    flood.kill()
    flood.wait()
    return load.completed() / SECONDS, answered / asked


def recovered(host: str, trunk: str) -> float:
    """Seconds until a new call is answered as fast as ever."""
    agent, began, n = Agent(trunk, 7080, (host, 5060), host), time.monotonic(), 0
    while True:
        n += 1
        agent.dial("*43", f"after{n}")
        line = agent.lines[f"after{n}"]
        try:
            serve([agent], partial(getattr, line, "target"), SOON)
        except AssertionError:
            assert time.monotonic() - began < 60, "it never recovered"
            continue
        took = time.monotonic() - began
        agent.sock.close()
        return took


def fresh(folder: Path, host: str, numbers: list[str], trunk: str) -> Office:
    """An office that does not run yet."""
    folder.mkdir(parents=True)
    office = Office(folder, host, rtp="10000-20000")
    office.bring_in(office_yaml(host, numbers, trunk))
    office.add_admin()
    return office
