"""What the sequence numbers of a received stream tell: lost, late and doubled packets (RFC 3550 A.1, A.3).

`next` and `ssrc` are open for the hot path: a packet that has both is in order and changes nothing else.
There is no probation (A.1's MIN_SEQUENTIAL): the address check has already said whose stream it is.
"""

MAX_DROPOUT = 3000
MAX_MISORDER = 100


class Sequence:
    """One stream's sequence numbers.

    `lost` are the packets expected and not received; unlike RFC 3550 A.3 a duplicate does not hide a loss.
    """

    __slots__ = ("_bad", "_missing", "duplicated", "lost", "next", "reordered", "ssrc")

    def __init__(self) -> None:
        self.next = -1
        self.ssrc = -1
        self.lost = 0
        self.reordered = 0
        self.duplicated = 0
        self._bad = -1
        self._missing: set[int] = set()

    def take(self, sequence: int, ssrc: int) -> None:
        """Any packet; the one in order too."""
        if ssrc != self.ssrc:
            self._start(sequence, ssrc)
            return
        ahead = (sequence - self.next) & 0xFFFF
        if ahead < MAX_DROPOUT:
            self._skip(ahead)
            self.next = (sequence + 1) & 0xFFFF
        elif ahead >= 0x10000 - MAX_MISORDER:
            self._late(sequence)
        elif sequence == self._bad:  # two in a row: the other side has started again without telling
            self._start(sequence, ssrc)
        else:
            self._bad = (sequence + 1) & 0xFFFF

    def _start(self, sequence: int, ssrc: int) -> None:
        self.ssrc = ssrc
        self.next = (sequence + 1) & 0xFFFF
        self._bad = -1
        self._missing.clear()

    def _skip(self, count: int) -> None:
        if not count:
            return
        self.lost += count
        end = self.next + count
        self._missing.update(number & 0xFFFF for number in range(max(self.next, end - MAX_MISORDER), end))
        if len(self._missing) > MAX_MISORDER:
            self._missing = {number for number in self._missing if (end - number) & 0xFFFF <= MAX_MISORDER}

    def _late(self, sequence: int) -> None:
        if sequence in self._missing:
            self._missing.remove(sequence)
            self.lost -= 1
            self.reordered += 1
        else:
            self.duplicated += 1
