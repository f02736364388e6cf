"""Reception of one RTP stream: which packets are valid, and what RFC 3550 §6.4.1 counts of them."""

from collections.abc import Iterable
from math import inf

from pbx.rtp.packet import HEADER, HEADER_SIZE, MAX_PACKET
from pbx.rtp.sequence import Sequence

RESYNC = 1.0
"""Seconds.  A transit time that moves by more is a new time base (restart, 32-bit wrap), not jitter."""

_unpack = HEADER.unpack_from


class Reception:
    """Counts a stream.  `take` is the hot path of the relay, so it is one flat method.

    `octets` are of whole RTP packets, `jitter` is in seconds, `heard` is when the last valid packet came
    (-inf = never).
    """

    __slots__ = (
        "_clocks", "_limit", "_timestamp", "_transit", "heard", "jitter", "octets", "packets", "sequence",
    )

    def __init__(self) -> None:
        self._clocks: dict[int, float] = {}
        self._limit = inf
        self._timestamp = -1
        self._transit = inf
        self.heard = -inf
        self.packets = 0
        self.octets = 0
        self.jitter = 0.0
        self.sequence = Sequence()

    def accept(self, payloads: Iterable[tuple[int, int]]) -> None:
        """The negotiated payload types and their clock rates in Hz; nothing else is valid, not even comfort
        noise.  64 to 95 cannot be told from RTCP and are left out (RFC 5761 §4).
        """
        self._clocks = {
            kind: float(clock)
            for kind, clock in payloads
            if 0 <= kind < 128 and not 64 <= kind <= 95 and 0 < clock <= 1_000_000
        }

    def allow(self, packets: int) -> None:
        """So many packets from now on; more are refused until the next call."""
        self._limit = self.packets + packets

    def take(self, packet: bytes | bytearray, size: int, now: float) -> bool:
        """Counts the first `size` bytes of `packet`, which came at `now`.  False: not valid, not counted."""
        if not HEADER_SIZE <= size <= MAX_PACKET or self.packets >= self._limit:
            return False
        flags, kind, number, timestamp, ssrc = _unpack(packet)
        clock = self._clocks.get(kind & 0x7F)
        if clock is None or flags & 0xC0 != 0x80:
            return False
        self.packets += 1
        self.octets += size
        self.heard = now
        sequence = self.sequence
        if number == sequence.next and ssrc == sequence.ssrc:
            sequence.next = (number + 1) & 0xFFFF
        else:
            sequence.take(number, ssrc)
        if timestamp != self._timestamp:  # the packets of one DTMF event share theirs (RFC 4733 §2.2.1)
            self._timestamp = timestamp
            transit = now - timestamp / clock
            moved = abs(transit - self._transit)
            self._transit = transit
            if moved < RESYNC:
                self.jitter += (moved - self.jitter) / 16.0
        return True
