"""The fuzz targets hold for what they begin with, and for what they once found."""

from pathlib import Path
from random import Random

import pytest

from tests.fuzz.mutate import mutate, split
from tests.fuzz.targets import TARGETS, seeds

FOUND = sorted((Path(__file__).parent / "found").glob("*"))
STEPS = [step for data in seeds("switch") for step in split(data)]


@pytest.mark.parametrize("target", TARGETS)
def test_where_it_begins(target: str) -> None:
    for data in seeds(target):
        TARGETS[target](data)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_is_mended(path: Path) -> None:
    """A file is named by its target and what was wrong."""
    TARGETS[path.name.partition("-")[0]](path.read_bytes())


@pytest.mark.parametrize("seed", range(60))
def test_dialogues_at_random(seed: int) -> None:
    random = Random(seed)
    data = b""
    for _ in range(4):
        data = mutate(data, STEPS, random)
        TARGETS["switch"](data)
