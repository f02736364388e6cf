"""What wrong credentials cost: a growing delay, then a ban of (host, account); never of the host alone.

A host is known to be real here, because the nonce that its credentials use was issued to it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

WINDOW = 60.0
"""Failures count together for this long, seconds."""
FAILURES = 5
"""So many in the window cause a ban."""
FIRST_DELAY = 0.5
"""Seconds before the answer to the first wrong guess; doubled for each further one."""
FIRST_BAN = 60.0
LONGEST_BAN = 900.0
MEMORY = 3600.0
"""A suspect quiet for this long is forgotten, and its next ban is a first ban again."""


class Penalty(NamedTuple):
    """`delay` seconds before the 401, or a ban of `banned` seconds that begins now."""

    delay: float
    banned: float


class _Suspect:
    __slots__ = ("banned_until", "bans", "failures", "last")

    def __init__(self) -> None:
        self.failures: list[float] = []
        self.bans = 0
        self.banned_until = float("-inf")
        self.last = 0.0


class Lockout:
    """Failures by (host, account).  Beyond `max_suspects` the one quiet for longest is forgotten."""

    __slots__ = ("_max", "_suspects", "changed")

    def __init__(self, max_suspects: int) -> None:
        # What whoever takes over must know: (host, account) whose ban began, ended early or was forgotten
        self.changed: list[tuple[str, str]] = []
        self._max = max_suspects
        self._suspects: OrderedDict[tuple[str, str], _Suspect] = OrderedDict()

    def __len__(self) -> int:
        return len(self._suspects)

    def banned_for(self, host: str, account: str, now: float) -> float:
        """Seconds that the ban still lasts; 0.0 = not banned."""
        suspect = self._suspects.get((host, account))
        return max(0.0, suspect.banned_until - now) if suspect is not None else 0.0

    def failed(self, host: str, account: str, now: float) -> Penalty:
        """Count a failure."""
        suspect = self._suspect((host, account), now)
        suspect.failures = [when for when in suspect.failures if when > now - WINDOW]
        suspect.failures.append(now)
        count = len(suspect.failures)
        if count < FAILURES:
            return Penalty(FIRST_DELAY * 2 ** (count - 1), 0.0)
        ban = min(FIRST_BAN * 2**suspect.bans, LONGEST_BAN)
        suspect.bans = min(suspect.bans + 1, 8)
        suspect.banned_until = now + ban
        suspect.failures.clear()
        self.changed.append((host, account))
        return Penalty(0.0, ban)

    def bans(self, now: float) -> list[tuple[str, str, float]]:
        """(host, account, seconds that it lasts) of those that are banned now."""
        return [
            (host, account, suspect.banned_until - now)
            for (host, account), suspect in self._suspects.items()
            if suspect.banned_until > now
        ]

    def lift(self, host: str, account: str, now: float) -> bool:
        """End a ban, and forget what led to it; False = there was none."""
        banned = self.banned_for(host, account, now) > 0
        if banned:
            self.succeeded(host, account)
        return banned

    def banned_until(self, host: str, account: str) -> tuple[float, int]:
        """When the last ban ends or ended, and how many there were; (…, 0) = none."""
        suspect = self._suspects.get((host, account))
        return (suspect.banned_until, suspect.bans) if suspect is not None else (0.0, 0)

    def adopt(self, host: str, account: str, until: float, bans: int, now: float) -> None:
        """Go on with the ban of a process that is gone."""
        suspect = self._suspect((host, account), now)
        suspect.banned_until, suspect.bans = until, bans

    def succeeded(self, host: str, account: str) -> None:
        """The right password makes an end of it."""
        suspect = self._suspects.pop((host, account), None)
        if suspect is not None and suspect.bans:
            self.changed.append((host, account))

    def _suspect(self, key: tuple[str, str], now: float) -> _Suspect:
        suspects = self._suspects
        suspect = suspects.pop(key, None) or _Suspect()
        suspect.last = now
        suspects[key] = suspect
        while len(suspects) > self._max or suspects[next(iter(suspects))].last < now - MEMORY:
            gone, forgotten = suspects.popitem(last=False)
            if forgotten.bans:
                self.changed.append(gone)
        return suspect
