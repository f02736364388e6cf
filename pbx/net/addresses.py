"""Addresses: reading HOST:PORT, binding with errors that say the fix, and which ones this machine has."""

import errno
import fcntl
import os
import socket
import struct
from array import array
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from pbx.sip.flow import Address

_SIOCGIFCONF = 0x8912  # linux/sockios.h: the IPv4 addresses of all interfaces
_IFREQ = struct.Struct("16s4x4s16x")  # name, sockaddr_in's address, padding to 40 bytes (64-bit)
_RECEIVE_BUFFER = 4 << 20  # bytes: about a second of SIP at full load while the hub is busy elsewhere


class BindError(Exception):
    """The address cannot be had; the message is one sentence with the fix."""


def parse_address(text: str) -> Address:
    """"127.0.0.20:5060" or "[::1]:5060".  Raises ValueError in words."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    try:
        number = int(port) if port.isascii() and port.isdigit() else 0
        where = str(ip_address(host))
    except ValueError:
        number, where = 0, ""
    if not colon or not where or not 0 < number < 65536:
        raise ValueError(f"{text!r} is not an IP address with a port, like 127.0.0.1:5060")
    return Address(where, number)


def bind_udp(address: Address, option: str) -> socket.socket:
    """A bound, non-blocking UDP socket.  No SO_REUSEADDR: on UDP it lets two programs share the port."""
    sock = socket.socket(_family(address), socket.SOCK_DGRAM)
    _both_families(sock)
    _bind(sock, address, "udp", option)
    sock.setblocking(False)
    enlarge(sock)
    return sock


def bind_tcp(address: Address, option: str) -> socket.socket:
    """A listening TCP socket."""
    sock = socket.socket(_family(address), socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _both_families(sock)
    _bind(sock, address, "tcp", option)
    sock.listen(512)
    return sock


def enlarge(sock: socket.socket) -> None:
    """Ask for a large receive buffer: past the system's limit if we may (CAP_NET_ADMIN), else up to it."""
    force = 33  # SO_RCVBUFFORCE, asm-generic/socket.h
    try:
        sock.setsockopt(socket.SOL_SOCKET, force, _RECEIVE_BUFFER)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)


def own_addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses: the one that packets to the world leave from first, loopback last."""
    found = _interface_addresses()
    first = _way_out()
    return tuple(sorted(found, key=lambda host: (host.startswith("127."), host != first)))


def reachable(address: Address) -> tuple[str, ...]:
    """The hosts that reach a socket bound to `address`: itself, or all of ours for a wildcard."""
    if not ip_address(address.host).is_unspecified:
        return (address.host,)
    hosts = own_addresses()
    outside = tuple(host for host in hosts if not host.startswith("127."))
    return outside or hosts or ("127.0.0.1",)


def _family(address: Address) -> int:
    return socket.AF_INET6 if ":" in address.host else socket.AF_INET


def _both_families(sock: socket.socket) -> None:
    """Bound to ::, an IPv6 socket takes IPv4 too, whatever the system's default is."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def _bind(sock: socket.socket, address: Address, kind: str, option: str) -> None:
    try:
        sock.bind(tuple(address))
    except OSError as error:
        sock.close()
        raise BindError(_explain(error, address, kind, option)) from None


def _explain(error: OSError, address: Address, kind: str, option: str) -> str:
    other = f"give another one with {option} HOST:PORT"
    if error.errno == errno.EADDRINUSE:
        holder = _holder(kind, address)
        by = f" by {holder}" if holder else ""
        return f"{kind.upper()} port {address} is already in use{by}: stop that program, or {other}."
    if error.errno == errno.EADDRNOTAVAIL:
        ours = ", ".join(own_addresses()) or "unknown"
        return f"This machine has no address {address.host} (its addresses: {ours}): {other}."
    if error.errno == errno.EACCES:
        return f"Port {address.port} is below 1024, which only root may use: {other}."
    return f"{kind.upper()} port {address} cannot be used ({error.strerror}): {other}."


def _interface_addresses() -> list[str]:
    room = array("B", bytes(_IFREQ.size * 256))
    question = struct.pack("iP", len(room), room.buffer_info()[0])  # struct ifconf
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        (used,) = struct.unpack_from("i", fcntl.ioctl(sock.fileno(), _SIOCGIFCONF, question))
    rows = _IFREQ.iter_unpack(room[:used].tobytes())
    return list(dict.fromkeys(socket.inet_ntoa(host) for _, host in rows))


def _way_out() -> str:
    """Which of our addresses the kernel would use towards the world.  Connecting UDP sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
        except OSError:
            return ""
        host: str = sock.getsockname()[0]
        return host


def _holder(kind: str, address: Address) -> str:
    """The program that is in the way, as far as we may look: "asterisk (pid 812)"."""
    sockets = _sockets_on(kind, address)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is somebody else's
            if any(_target(entry) in sockets for entry in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _sockets_on(kind: str, address: Address) -> set[str]:
    """The names of the sockets that keep us from binding: the same port, and the same or every address."""
    found, wanted = set(), ip_address(address.host)
    for table in (kind, kind + "6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            host, port = _from_table(fields[1])
            overlaps = host == wanted or host.is_unspecified or wanted.is_unspecified
            if port == address.port and overlaps and (kind == "udp" or fields[3] == "0A"):
                found.add(f"socket:[{fields[9]}]")
    return found


def _from_table(text: str) -> tuple[IPv4Address | IPv6Address, int]:
    """"0100007F:13C4" is 127.0.0.1:5060: /proc has an address as words in the machine's own byte order."""
    host, _, port = text.partition(":")
    words = [int(host[at : at + 8], 16) for at in range(0, len(host), 8)]
    return ip_address(struct.pack(f"={len(words)}I", *words)), int(port, 16)
