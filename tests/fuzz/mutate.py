"""Mutations of a `switch` input that keep it a dialogue: whole messages, and whole lines of them."""

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.targets import SOURCES, STEP, WAITS

LENGTH = re.compile(rb"(?im)^(Content-Length|l)[ \t]*:[ \t]*[0-9]*")

Steps = list[bytes]
Change = Callable[[Steps, Sequence[bytes], Random], None]


def split(data: bytes) -> Steps:
    """Its steps, each with its mark."""
    starts = [found.start() for found in STEP.finditer(data)]
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=False)]


def repaired(step: bytes) -> bytes:
    """With the Content-Length that its body has: without it hardly a mutation would reach the body."""
    head, empty, body = step.partition(b"\r\n\r\n")
    return LENGTH.sub(rb"\1: %d" % len(body), head) + empty + body


def _insert(steps: Steps, others: Sequence[bytes], random: Random) -> None:
    steps.insert(random.randint(0, len(steps)), random.choice(others))


def _drop(steps: Steps, others: Sequence[bytes], random: Random) -> None:
    steps.pop(random.randrange(len(steps)))


def _swap(steps: Steps, others: Sequence[bytes], random: Random) -> None:
    here, there = random.randrange(len(steps)), random.randrange(len(steps))
    steps[here], steps[there] = steps[there], steps[here]


def _mark(steps: Steps, others: Sequence[bytes], random: Random) -> None:
    """Another sender, or another time."""
    at = random.randrange(len(steps))
    who = random.choice([*SOURCES, steps[at][1:2].decode()])
    steps[at] = b"~%s%d\n" % (who.encode(), random.randrange(len(WAITS))) + steps[at][4:]


def _line(steps: Steps, others: Sequence[bytes], random: Random) -> None:
    """A line of it goes, or comes from another message."""
    at = random.randrange(len(steps))
    lines, given = steps[at].split(b"\r\n"), random.choice([*others, *steps]).split(b"\r\n")
    where = random.randrange(len(lines))
    lines[where : where + random.randint(0, 1)] = random.choice([[], [random.choice(given[1:] or [b""])]])
    steps[at] = repaired(b"\r\n".join(lines))


CHANGES: tuple[Change, ...] = (_insert, _insert, _drop, _swap, _mark, _mark, _line, _line, _line)


def mutate(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """A few changes; `others` are steps to borrow from."""
    steps = split(data) or [random.choice(others)]
    for _ in range(random.randint(1, 5)):
        random.choice(CHANGES)(steps, others, random)
        steps = steps or [random.choice(others)]
    return b"".join(steps)
