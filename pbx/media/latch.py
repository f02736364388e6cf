"""Whose packets a port takes: plausible sources until the first valid packet, then that source alone.

A phone behind a NAT sends from an address that its SDP does not name, so the first packet decides (symmetric
RTP, RFC 4961).  It decides among the addresses that signalling made plausible, never among all (RFC 7362 §4).
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from math import inf

Address = tuple[str, int]

OVERLAP = 1.0
"""Seconds.  After signalling named a new address, packets from the old one still pass but do not lock."""

REBIND = 5.0
"""Seconds of silence after which a NAT may have given the phone another port, so that it may lock anew."""


class Latch:
    """The source rule of one port.

    `locked` is the one source that it takes, None before the first packet.  `target` is where to send: to the
    locked source, before that to `remote`, what the SDP says.
    """

    __slots__ = ("_former", "_hosts", "_rebound", "_until", "locked", "remote", "target")

    def __init__(self) -> None:
        self.remote: Address | None = None
        self.locked: Address | None = None
        self.target: Address | None = None
        self._hosts: frozenset[str] = frozenset()
        self._former: Address | None = None
        self._until = -inf
        self._rebound = ""

    def state(self, remote: Address | None, hosts: Iterable[str], now: float) -> bool:
        """What signalling says now (addresses as `usable` gives them).  True: this opened the lock."""
        hosts = frozenset(hosts)
        if (remote, hosts) == (self.remote, self._hosts):
            return False
        self.remote, self._hosts, self._rebound = remote, hosts, ""
        former = self.locked
        if former is None or former == remote:
            self.target = remote
            return False
        self.locked, self._former, self._until = None, former, now + OVERLAP
        # Behind a NAT the SDP's address cannot be reached anyway: stay with the one that worked.
        natted = remote is not None and former[0] != remote[0] and former[0] in hosts
        self.target = former if natted else remote
        return True

    def rebind(self) -> None:
        """Opens the lock to other ports of the address that held it."""
        if self.locked is not None:
            self._rebound = self.locked[0]
            self.locked = None

    def admits(self, source: Address, now: float) -> bool:
        """Whether a packet from `source` may pass."""
        if self.locked is not None:
            return source == self.locked
        if source == self.remote or source[0] in self._hosts or source[0] == self._rebound:
            return True
        return source == self._former and now < self._until

    def lock(self, source: Address, now: float) -> bool:
        """A valid packet came from `source`, which was admitted.  True: the lock closed on it just now."""
        if self.locked is not None:
            return False
        if source == self._former and source != self.remote and now < self._until:
            return False  # a straggler from before the change
        self.locked = self.target = source
        self._former = None
        return True


def usable(address: Address | None) -> Address | None:
    """The address as the socket layer spells it; None when no audio can be sent there."""
    if address is None or not 0 < address[1] < 65536:
        return None
    host = canonical(address[0])
    return None if host is None else (host, address[1])


@lru_cache(maxsize=1024)
def canonical(host: str) -> str | None:
    """One spelling of an IP address; None when it is none, or not one machine's.

    Names are none: looking one up would stop all calls.  0.0.0.0 is an old way to say hold (RFC 3264 §8.4).
    Sending to a multicast address would make us an amplifier.
    """
    try:
        parsed = ip_address(host)
    except ValueError:
        return None
    if parsed.is_multicast or parsed.is_unspecified or host == "255.255.255.255":
        return None
    return str(parsed)
