"""Every SIP message to a Homer, as it comes and goes: HEP3 over UDP, one packet a message.

Whether anybody listens there is not our concern: nothing waits, nothing is repeated.  Secrets are hidden as
they are everywhere: the packets cross the network in the clear.
"""

import socket
import struct
import time
from collections.abc import Callable
from ipaddress import ip_address

from pbx.net.ring import Entry
from pbx.net.trace import masked
from pbx.sip.flow import Address, Flow

_UDP, _TCP = 17, 6
_SIP = 1  # the type of what is carried
_AGENT = 1  # who captured it; one office says so to one Homer
_LARGEST = 65_000  # bytes of a message; what is longer is cut
_CHUNK = struct.Struct("!HHH")  # vendor, type, length with this head


class Hep:
    """A tap of the driver's that sends to `target`."""

    def __init__(self, target: Address, clock: Callable[[], float] = time.time) -> None:
        family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._target, self._clock = target, clock
        self.sent = self.unsent = 0

    def __call__(self, sent: bool, data: bytes, flow: Flow) -> None:
        try:
            self._socket.sendto(packet(Entry(self._clock(), sent, data, flow)), self._target)
            self.sent += 1
        except (OSError, ValueError):  # its buffer is full, no way there, no addresses
            self.unsent += 1

    def close(self) -> None:
        self._socket.close()


def packet(entry: Entry) -> bytes:
    """One message with where it went and when, in chunks.  Raises ValueError when its ends have no IP
    addresses of one family."""
    flow = entry.flow
    ends = (flow.local, flow.remote) if entry.sent else (flow.remote, flow.local)
    hosts = [ip_address(end.host) for end in ends]
    if hosts[0].version != hosts[1].version:
        raise ValueError("the two ends speak different versions of IP")
    four = hosts[0].version == 4
    seconds, micros = divmod(round(entry.at * 1e6), 1_000_000)
    first = 3 if four else 5
    chunks = b"".join(
        (
            _chunk(1, struct.pack("!B", socket.AF_INET if four else socket.AF_INET6)),
            _chunk(2, struct.pack("!B", _UDP if flow.transport == "udp" else _TCP)),
            _chunk(first, hosts[0].packed),
            _chunk(first + 1, hosts[1].packed),
            _chunk(7, struct.pack("!H", ends[0].port)),
            _chunk(8, struct.pack("!H", ends[1].port)),
            _chunk(9, struct.pack("!I", seconds)),
            _chunk(10, struct.pack("!I", micros)),
            _chunk(11, struct.pack("!B", _SIP)),
            _chunk(12, struct.pack("!I", _AGENT)),
            _chunk(15, masked(entry.data)[:_LARGEST]),
        )
    )
    return b"HEP3" + struct.pack("!H", 6 + len(chunks)) + chunks


def _chunk(kind: int, value: bytes) -> bytes:
    """A generic one: the vendor is 0."""
    return _CHUNK.pack(0, kind, _CHUNK.size + len(value)) + value
