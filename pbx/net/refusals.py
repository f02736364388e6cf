"""Who was refused lately, and why: a table that people look at, bounded, for strangers fill it."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pbx.switch.events import Fact, MessageRejected, SignInFailed

MOST = 500
"""Rows kept; the one quiet for longest goes first."""

WRONG_PASSWORD = "wrong_password"
_DETAIL = 100  # characters


@dataclass(frozen=True, slots=True)
class Refusal:
    """So many messages of a host were refused or dropped for the same reason; times are seconds since 1970.
    `detail` is what was said of the last one."""

    address: str
    reason: str
    count: int
    first: float
    last: float
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """`items`, the latest first; `totals` counts every reason since the start."""

    items: tuple[Refusal, ...]
    totals: dict[str, int]


class Refusals:
    """A sink of `Broadcast`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._rows: OrderedDict[tuple[str, str], Refusal] = OrderedDict()
        self._totals: Counter[str] = Counter()

    def __call__(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if isinstance(fact, MessageRejected) and fact.reason != WRONG_PASSWORD:
                self._note(fact.address, fact.reason, fact.detail)
            elif isinstance(fact, SignInFailed):
                self._note(fact.address, WRONG_PASSWORD, fact.account)

    def _note(self, address: str, reason: str, detail: str) -> None:
        now, key = self._clock(), (address, reason)
        before = self._rows.pop(key, None)
        first, count = (before.first, before.count) if before is not None else (now, 0)
        self._rows[key] = Refusal(address, reason, count + 1, first, now, detail[:_DETAIL])
        self._totals[reason] += 1
        if len(self._rows) > MOST:
            self._rows.popitem(last=False)

    def view(self) -> Refused:
        return Refused(tuple(reversed(self._rows.values())), dict(self._totals))
