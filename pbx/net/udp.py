"""SIP over UDP: one socket, read in batches from the event loop, written without a greenlet switch each."""

import logging
import socket
import struct
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from gevent.hub import get_hub
from gevent.monkey import get_original

from pbx.sip.flow import Address, Flow

BATCH = 256
"""Datagrams read before the driver and everybody else get their turn; the kernel keeps the rest meanwhile.

More than the driver handles in its turn: what is too much must wait where it can be told apart and turned
away, not in the kernel, which drops blindly and late.
"""

_LARGEST = 65535
_QUEUE = 1024  # datagrams that wait for a full socket; SIP repeats what we lose
_READ, _WRITE = 1, 2
_PKTINFO = struct.Struct("@i4s4s")  # ip(7): interface index, our address, the header's destination
_IP_PKTINFO = 8  # asm-generic; the socket module names it only from Python 3.14 on
_PKTINFO6 = struct.Struct("@16si")  # ipv6(7): our address, interface index
_ROOM = socket.CMSG_SPACE(_PKTINFO.size) + socket.CMSG_SPACE(_PKTINFO6.size)
_MAPPED = "::ffff:"

log = logging.getLogger("warden.net.udp")


class Udp:
    """Datagrams of one bound socket.  `deliver(data, flow)` runs on the hub and must not block or raise.

    Bound to 0.0.0.0 or :: (which takes IPv4 too) it asks the kernel which of our addresses a packet came to,
    and answers from there, so a flow's local end is always real.  The counters are totals since the start.
    """

    def __init__(self, sock: socket.socket, deliver: Callable[[bytes, Flow], None]) -> None:
        # The plain socket: gevent's adds a layer to every call, and we never want to wait in one.
        plain: type[socket.socket] = get_original("socket", "socket")
        self._socket = plain(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self._socket.setblocking(False)
        self.local = Address(*self._socket.getsockname()[:2])
        self._deliver = deliver
        self._wildcard = ip_address(self.local.host).is_unspecified
        self._six = sock.family == socket.AF_INET6
        if self._wildcard and self._six:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        elif self._wildcard:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._waiting: deque[tuple[bytes, Flow]] = deque()
        loop = get_hub().loop
        self._readable = loop.io(self._socket.fileno(), _READ)
        self._writable = loop.io(self._socket.fileno(), _WRITE)
        self.received = self.sent = self.unsent = 0

    def start(self) -> None:
        self._readable.start(self._read_batch)

    def send(self, data: bytes, flow: Flow) -> None:
        """Send now, or when the socket has room.  A datagram that cannot be sent is counted, never raised."""
        if self._waiting:
            self._wait(data, flow)
            return
        try:
            self._write(data, flow)
        except BlockingIOError:
            self._wait(data, flow)
        except OSError as error:
            self._give_up(flow, error)

    def close(self) -> None:
        """Stop reading and close.  What still waits for room is lost.  Idempotent."""
        for watcher in (self._readable, self._writable):
            watcher.stop()
            watcher.close()
        self._socket.close()

    def _read_batch(self) -> None:
        read = self._read_wildcard if self._wildcard else self._read_plain
        for _ in range(BATCH):
            try:
                data, local, remote = read()
            except BlockingIOError:
                return
            except OSError as error:  # an ICMP error: it says nothing about the next datagram
                log.debug("reading: %s", error)
                continue
            self.received += 1
            self._deliver(data, Flow("udp", local, remote))

    def _read_plain(self) -> tuple[bytes, Address, Address]:
        data, remote = self._socket.recvfrom(_LARGEST)
        return data, self.local, Address(remote[0], remote[1])

    def _read_wildcard(self) -> tuple[bytes, Address, Address]:
        data, extras, _, remote = self._socket.recvmsg(_LARGEST, _ROOM)
        host = self.local.host
        for level, kind, content in extras:
            if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                host = socket.inet_ntoa(_PKTINFO.unpack(content)[1])
            elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
                host = socket.inet_ntop(socket.AF_INET6, _PKTINFO6.unpack(content)[0])
        return data, Address(unmapped(host), self.local.port), Address(unmapped(remote[0]), remote[1])

    def _write(self, data: bytes, flow: Flow) -> None:
        if not _is_ip(flow.remote.host):  # a name would make the kernel's resolver block the whole hub
            raise OSError("not an IP address")
        if self._wildcard and self._six:
            to = flow.remote if ":" in flow.remote.host else (_MAPPED + flow.remote.host, flow.remote.port)
            self._socket.sendmsg((data,), _from6(flow.local.host), 0, to)
        elif self._wildcard:
            self._socket.sendmsg((data,), _from(flow.local.host), 0, flow.remote)
        else:
            self._socket.sendto(data, flow.remote)
        self.sent += 1

    def _wait(self, data: bytes, flow: Flow) -> None:
        if len(self._waiting) >= _QUEUE:
            self.unsent += 1
            return
        self._waiting.append((data, flow))
        if not self._writable.active:
            self._writable.start(self._write_waiting)

    def _write_waiting(self) -> None:
        while self._waiting:
            data, flow = self._waiting[0]
            try:
                self._write(data, flow)
            except BlockingIOError:
                return
            except OSError as error:
                self._give_up(flow, error)
            self._waiting.popleft()
        self._writable.stop()

    def _give_up(self, flow: Flow, error: OSError) -> None:
        self.unsent += 1
        log.debug("sending to %s: %s", flow.remote, error)


@lru_cache(4096)
def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(256)
def _from(host: str) -> tuple[tuple[int, int, bytes], ...]:
    """Ancillary data that sends from this one of our addresses."""
    return ((socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, socket.inet_aton(host), bytes(4))),)


@lru_cache(256)
def _from6(host: str) -> tuple[tuple[int, int, bytes], ...]:
    """The same on a socket of both families, where an IPv4 address is a mapped one (RFC 3493 §3.7)."""
    packed = socket.inet_pton(socket.AF_INET6, host if ":" in host else _MAPPED + host)
    return ((socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, _PKTINFO6.pack(packed, 0)),)


def unmapped(host: str) -> str:
    """An IPv4 peer of a socket of both families is an IPv4 peer."""
    return host.removeprefix(_MAPPED) if host.startswith(_MAPPED) and "." in host else host
