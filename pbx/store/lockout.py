"""Growing waits for whoever guesses: failures counted per key, in memory, bounded."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class _Tally:
    failures: int = 0
    last: float = 0.0
    until: float = 0.0


class Lockout:
    """`free` failures cost nothing; each further one locks its key: `first` seconds, doubling to `longest`.

    A key without failures for `forget` seconds starts afresh.  At most `most` keys are kept; the longest
    unused go first.  `now` is monotonic seconds.  A key is e.g. (username, address), so that nobody can lock
    out somebody else.
    """

    def __init__(
        self,
        free: int = 4,
        first: float = 30.0,
        longest: float = 900.0,
        forget: float = 3600.0,
        most: int = 10_000,
    ) -> None:
        self._free, self._first, self._longest, self._forget, self._most = free, first, longest, forget, most
        self._tallies: OrderedDict[Hashable, _Tally] = OrderedDict()

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until `key` may try again, 0 = now."""
        tally = self._tallies.get(key)
        return max(0.0, tally.until - now) if tally else 0.0

    def failed(self, key: Hashable, now: float) -> float:
        """Counts a failure; the seconds that `key` is locked for because of it."""
        tally = self._tallies.get(key)
        if tally is None or now - tally.last > self._forget:
            tally = self._tallies[key] = _Tally()
        self._tallies.move_to_end(key)
        while len(self._tallies) > self._most:
            self._tallies.popitem(last=False)
        tally.failures += 1
        tally.last = now
        over = tally.failures - self._free
        lock = min(self._first * 2.0 ** min(over - 1, 30), self._longest) if over > 0 else 0.0
        tally.until = now + lock
        return lock

    def succeeded(self, key: Hashable) -> None:
        """Forgets the key's failures."""
        self._tallies.pop(key, None)
