"""`python -m tests.fuzz TARGET SECONDS`: a fuzz run guided by the branches of `pbx` that it reaches.

The inputs that reached something new stay in artefacts/fuzz, and the next run begins with them.
"""

import re
import sys
from hashlib import sha1
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["pbx"]):
    from tests.fuzz.targets import TARGETS, seeds
from pbx.sip.fields import NAMES
from tests.fuzz.mutate import mutate, repaired, split

KEPT = Path("artefacts") / "fuzz"
WORDS = re.compile(rb"[A-Za-z0-9.@:-]{2,40}")


def prepare(target: str) -> tuple[Path, Path]:
    """The folder of inputs, and a file of words that mutations use."""
    folder = KEPT / target
    folder.mkdir(parents=True, exist_ok=True)
    words = {name.encode() for name in NAMES}
    for data in seeds(target):
        (folder / sha1(data).hexdigest()).write_bytes(data)
        words.update(WORDS.findall(data))
    listed = KEPT / f"{target}.words"
    listed.write_text("".join(f'"{word.decode()}"\n' for word in sorted(words)) + '"\\x0d\\x0a"\n')
    return folder, listed


def dialogues(data: bytes, size: int, seed: int) -> bytes:
    """The mutator of `switch`: now by messages and lines, now by bytes."""
    random = Random(seed)
    if random.random() < 0.6:
        return mutate(data, STEPS, random)[:size]
    return b"".join(repaired(step) for step in split(atheris.Mutate(data, size)))[:size]


STEPS = [step for data in seeds("switch") for step in split(data)]


def main(target: str, seconds: str, *more: str) -> None:
    folder, words = prepare(target)
    options = [
        f"-max_total_time={seconds}",
        f"-dict={words}",
        f"-artifact_prefix={KEPT}/{target}-",
        *("-max_len=16384", "-len_control=0", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"),
    ]
    mutator = {"custom_mutator": dialogues} if target == "switch" else {}
    atheris.Setup([sys.argv[0], *options, *more, str(folder)], TARGETS[target], **mutator)
    atheris.Fuzz()


main(*sys.argv[1:])
