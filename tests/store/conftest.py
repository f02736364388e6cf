"""An empty store with a clock that tests set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pbx.store import Store


@dataclass
class Clock:
    """Wall-clock seconds."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = Store.open(tmp_path / "data", clock)
    yield opened
    opened.close()
