"""Audio sockets: opening a pair, locking one to its peer in the kernel, unlocking it, finding taken ports."""

import ctypes
import errno
import socket
from collections.abc import Iterable

from pbx.media.latch import Address

EXPEDITED = 46 << 2
"""The DSCP of voice (RFC 3246) where the ToS byte has it."""


TAKEN = "another program holds the port"


class PortError(Exception):
    """The port cannot be had; its words are for people."""

    def __init__(self, port: int, why: str) -> None:
        super().__init__(why)
        self.port = port
        self.why = why


def open_pair(local: Address) -> tuple[socket.socket, socket.socket]:
    """The RTP socket on `local` and the RTCP socket on the port above it.  Raises PortError."""
    rtp = _open(local)
    try:
        return rtp, _open((local[0], local[1] + 1))
    except PortError:
        rtp.close()
        raise


def _open(local: Address) -> socket.socket:
    host, port = local
    if not 0 < port < 65536:
        raise PortError(port, "there is no such port")
    six = ":" in host
    family = socket.AF_INET6 if six else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise PortError(port, _words(error, host)) from None
    try:
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
        socket.inet_pton(family, host)  # a name would be looked up
        sock.bind(local)  # no SO_REUSEADDR: with UDP it would share the port with another program
    except (OSError, ValueError) as error:
        sock.close()
        raise PortError(port, _words(error, host)) from None
    return sock


def _words(error: Exception, host: str) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return TAKEN
        case errno.EADDRNOTAVAIL:
            return f"this machine has no address {host}"
        case errno.EACCES:
            return "the port is reserved for root"
        case errno.EMFILE | errno.ENFILE:
            return "too many open files: raise the limit (LimitNOFILE)"
        case _:
            return f"cannot open {host}: {error}"


def lock(sock: socket.socket, peer: Address) -> bool:
    """From now on the kernel drops what comes from elsewhere; what is queued stays.  False: it will not."""
    try:
        sock.connect(peer)
    except OSError:
        return False
    return True


def unlock(sock: socket.socket) -> None:
    """Takes the lock back.  connect(2) with AF_UNSPEC does it, which the socket module cannot say."""
    nobody = bytes(28)  # a sockaddr of family 0, AF_UNSPEC
    _libc.connect(sock.fileno(), nobody, len(nobody))


_libc = ctypes.CDLL(None, use_errno=True)


def taken(host: str, ports: Iterable[int]) -> tuple[int, ...]:
    """Those of `ports` that another program holds at `host`."""
    return tuple(port for port in ports if _taken(host, port))


def _taken(host: str, port: int) -> bool:
    try:
        _open((host, port)).close()
    except PortError as error:
        return error.why == TAKEN  # another trouble is the same for every port, and told when it comes up
    return False
