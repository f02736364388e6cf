"""Races: messages that cross, are lost or come too late (RFC 5407 and beyond), each a scene in `races.txt`.

A scene has a name, a script (`scene`), what came to each side, what stands then (the call's state and who
hears whom, if it is not over) and the record's cause.  After each, however it went, every table is empty.
"""

from pathlib import Path

import pytest

from tests.journalled import Journalled
from tests.switch.scene import Scene

SCENES = [
    text.strip().split("\n") for text in Path(__file__).with_name("races.txt").read_text().split("\n\n")
]


def played(lines: list[str]) -> list[str]:
    """The lines as they should be."""
    offers, what = script(lines)
    given = [f"    offers {offers}", what] if offers else [what]
    scene = Scene(offers).play(what)
    seen = [f"a {scene.log('a')}", f"b {scene.log('b')}"]
    if scene.state:
        seen.append(f"stands {scene.state} {scene.hears}")
    return [lines[0], *given, *(f"    {line}" for line in (*seen, f"ends {scene.done()}"))]


def script(lines: list[str]) -> tuple[str, str]:
    """What the caller offers, and the script."""
    words = [line.split() for line in lines[1:]]
    offers = next((rest[0] for first, *rest in words if first == "offers"), "")
    return offers, next(line for line in lines[1:] if ";" in line)


@pytest.mark.parametrize("lines", SCENES, ids=lambda lines: lines[0])
def test_race(lines: list[str]) -> None:
    assert played(lines) == lines


@pytest.mark.parametrize("lines", SCENES, ids=lambda lines: lines[0])
def test_a_switch_that_is_killed_in_the_race_leaves_one_record_and_nothing_else(lines: list[str]) -> None:
    """At each of its steps in turn; the phones go on as if nothing had happened."""
    offers, what = script(lines)
    steps = what.split(";")
    for at in range(len(steps) + 1):
        scene = Scene(offers, Journalled)
        assert isinstance(scene.world, Journalled)
        scene.play(";".join(steps[:at]))
        scene.world.kill()
        scene.play(";".join(["0.1", *steps[at:]]))
        scene.done()
