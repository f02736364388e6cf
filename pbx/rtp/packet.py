"""The RTP header (RFC 3550 §5.1), and how to tell RTCP on the same port from it (RFC 5761 §4)."""

from struct import Struct
from typing import NamedTuple, Self

HEADER_SIZE = 12
HEADER = Struct("!BBHII")
"""Version, padding, extension, CSRC count | marker, payload type | sequence | timestamp | SSRC."""

MAX_PACKET = 1500
"""Bytes.  Audio fits an Ethernet frame; what does not is no audio."""


class Packet(NamedTuple):
    """One RTP packet, as tests and tools look at it; the relay reads the bytes directly."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises ValueError when it is no RTP of version 2, or is cut off."""
        if len(data) < HEADER_SIZE or data[0] >> 6 != 2:
            raise ValueError("not an RTP packet of version 2")
        flags, kind, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        start = HEADER_SIZE + 4 * (flags & 0x0F)
        if flags & 0x10:  # header extension, §5.3.1: its length in words follows its name
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        end = len(data) - (data[-1] if flags & 0x20 else 0)
        if start > end:
            raise ValueError("an RTP packet that is cut off")
        return cls(kind & 0x7F, sequence, timestamp, ssrc, bytes(data[start:end]), kind >= 0x80)

    def __bytes__(self) -> bytes:
        kind = self.payload_type | (0x80 if self.marker else 0)
        return HEADER.pack(0x80, kind, self.sequence, self.timestamp, self.ssrc) + self.payload


def is_rtcp(data: bytes | bytearray | memoryview) -> bool:
    """True when its second byte is an RTCP packet type: payload types 64 to 95 may not be used beside it."""
    return len(data) > 1 and 192 <= data[1] <= 223
