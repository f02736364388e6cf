"""Messages out of a stream of bytes (RFC 3261 §18.3) and its keep-alive (RFC 5626 §4.4.1).  No I/O."""

import re
from collections.abc import Iterator
from typing import Final

from pbx.sip.message import MAX_MESSAGE

PING: Final = b"\r\n\r\n"
"""What a peer sends to learn whether we are there."""
PONG: Final = b"\r\n"
"""What it gets back."""

_LENGTH: Final = re.compile(rb"\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?\n", re.IGNORECASE)


class Framer:
    """Takes bytes as they come; gives whole messages, and `PING` for each ping, in order.

    `broken` = what follows cannot be told from what came: nothing more is given, and the connection should be
    closed once the last message, whose head was wrong, was answered.
    """

    __slots__ = ("_buffer", "_seen", "broken")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0  # so far there is no end of a head
        self.broken = False

    @property
    def waiting(self) -> bool:
        """A message began and has not ended."""
        return len(self._buffer) > 3  # less may be half a ping

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._buffer += data
        while self._buffer and not self.broken:
            unit = self._next()
            if unit is None:
                return
            yield unit

    def _next(self) -> bytes | None:
        buffer = self._buffer
        while buffer and buffer[0] in PONG:
            if buffer.startswith(PING):
                del buffer[:4]
                return PING
            if len(buffer) < 4 and PING.startswith(bytes(buffer)):
                return None  # perhaps a ping, perhaps a line feed before a message (§7.5)
            del buffer[: 2 if buffer.startswith(PONG) else 1]
        end = buffer.find(PING, max(0, self._seen - 3))
        if end < 0:
            self._seen = len(buffer)
            return self._give_up(bytes(buffer)) if len(buffer) > MAX_MESSAGE else None
        head = bytes(buffer[: end + 4])
        found = _LENGTH.search(head)
        if found is None or end + 4 + int(found[1]) > MAX_MESSAGE or _LENGTH.search(head, found.end() - 1):
            return self._give_up(head)
        size = end + 4 + int(found[1])
        if len(buffer) < size:
            self._seen = end  # found again at once
            return None
        message = bytes(buffer[:size])
        del buffer[:size]
        self._seen = 0
        return message

    def _give_up(self, head: bytes) -> bytes:
        """No Content-Length, two of them, or more than we take: the head may still be answered, what
        follows is lost."""
        self.broken = True
        self._buffer.clear()
        return head
