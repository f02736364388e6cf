"""RTCP: whether a datagram is a well-formed compound packet (RFC 3550 A.2, RFC 5506 for the short ones)."""

from collections.abc import Iterator
from struct import Struct

_HEADER = Struct("!BBH")

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203


def packet_types(data: bytes | bytearray | memoryview) -> tuple[int, ...]:
    """The types of the packets in it, () when it is no RTCP: wrong version, length or padding."""
    try:
        return tuple(_walk(data))
    except ValueError:
        return ()


def _walk(data: bytes | bytearray | memoryview) -> Iterator[int]:
    start, end = 0, len(data)
    while start < end:
        if start + 4 > end:
            raise ValueError("a header that is cut off")
        flags, kind, words = _HEADER.unpack_from(data, start)
        if flags >> 6 != 2 or not 192 <= kind <= 223:
            raise ValueError("not RTCP of version 2")
        start += 4 + 4 * words
        if start > end or (flags & 0x20 and start != end):  # only the last packet may be padded, §6.4.1
            raise ValueError("a length or a padding that cannot be")
        yield kind
