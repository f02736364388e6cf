"""After a restart all phones come back in the same moment: every one of them gets in, and none is refused."""

from collections.abc import Callable
from pathlib import Path

from tests.bench.storm import AT_ONCE, storm

PHONES = [str(n) for n in range(3001, 3401)]


def test_all_phones_and_their_lamps_come_back_at_once(tmp_path: Path, program: Callable[[str], str]) -> None:
    """Behind one address, as behind a NAT, then each at its own."""
    program("sipp")
    steps = storm(tmp_path, "127.202.0.1", PHONES, [(AT_ONCE, False), (AT_ONCE, True)])
    assert [(step.succeeded, step.failed) for step in steps] == [(len(PHONES), 0)] * 2
