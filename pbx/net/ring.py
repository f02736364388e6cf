"""The last SIP messages, kept as bytes until there is no room: what somebody asks about was seldom foreseen.

Messages of calls have room of their own, so that registrations cannot push them out: 16 MiB are some 1,500
calls, a day of a small office.  Nothing is parsed until somebody asks.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import NamedTuple

from pbx.sip.flow import Flow

CALLS, OTHERS = 16 << 20, 4 << 20
"""Bytes."""

_BESIDE = 200  # bytes that an entry costs beside its message
_OTHER = (b"REGISTER", b"OPTIONS", b"SUBSCRIBE", b"NOTIFY", b"PUBLISH", b"MESSAGE")
_CSEQ = re.compile(rb"^cseq[ \t]*:[ \t]*([^\r\n]*[^\s])", re.I | re.M)
_CALL_ID = rb"^(?i:call-id|i)[ \t]*:\s*%s[ \t]*\r?$"


class Entry(NamedTuple):
    """`at` is wall-clock seconds; `sent` = by us."""

    at: float
    sent: bool
    data: bytes
    flow: Flow


class Ring:
    """A tap of the driver's."""

    def __init__(
        self, calls: int = CALLS, others: int = OTHERS, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._rings: tuple[deque[Entry], deque[Entry]] = (deque(), deque())
        self._room, self._used = (calls, others), [0, 0]

    def __call__(self, sent: bool, data: bytes, flow: Flow) -> None:
        which = 1 if _is_other(data) else 0
        ring = self._rings[which]
        ring.append(Entry(self._clock(), sent, data, flow))
        self._used[which] += len(data) + _BESIDE
        while self._used[which] > self._room[which]:
            self._used[which] -= len(ring.popleft().data) + _BESIDE

    @property
    def used(self) -> int:
        """Bytes."""
        return sum(self._used)

    def of(self, call_ids: Collection[str]) -> list[Entry]:
        """The messages of these Call-IDs, the oldest first."""
        found: list[Entry] = []
        for call_id in {call_id.encode() for call_id in call_ids if call_id}:
            header = re.compile(_CALL_ID % re.escape(call_id), re.M)
            for ring in self._rings:
                near = [entry for entry in ring if call_id in entry.data]  # a hundred times as fast
                found += [entry for entry in near if header.search(entry.data)]
        found.sort(key=lambda entry: entry.at)
        return found


def _is_other(data: bytes) -> bool:
    at = data.find(b"\nCSeq:")
    if at >= 0:
        return data[at + 6 : at + 40].partition(b"\r")[0].rstrip().endswith(_OTHER)
    oddly_spelled = _CSEQ.search(data)
    return oddly_spelled is None or oddly_spelled[1].endswith(_OTHER)
