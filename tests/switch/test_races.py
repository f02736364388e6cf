"""Races: messages that cross, are lost or come too late (RFC 5407 and beyond), each a scene in `races.txt`.

A scene has a name, a script (`scene`), what came to each side, what stands then (the call's state and who
hears whom, if it is not over) and the record's cause.  After each, however it went, every table is empty.
"""

from pathlib import Path

import pytest

from tests.switch.scene import Scene

SCENES = [
    text.strip().split("\n") for text in Path(__file__).with_name("races.txt").read_text().split("\n\n")
]


def played(lines: list[str]) -> list[str]:
    """The lines as they should be."""
    words = [line.split() for line in lines[1:]]
    offers = next((rest[0] for first, *rest in words if first == "offers"), "")
    given = [line for line in lines[1:] if line.split()[0] == "offers" or ";" in line]
    scene = Scene(offers).play(given[-1])
    seen = [f"a {scene.log('a')}", f"b {scene.log('b')}"]
    if scene.state:
        seen.append(f"stands {scene.state} {scene.hears}")
    return [lines[0], *given, *(f"    {line}" for line in (*seen, f"ends {scene.done()}"))]


@pytest.mark.parametrize("lines", SCENES, ids=lambda lines: lines[0])
def test_race(lines: list[str]) -> None:
    assert played(lines) == lines
