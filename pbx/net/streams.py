"""SIP over connections: who may connect, which connection a message leaves by, and when one is over."""

import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from gevent.hub import get_hub
from gevent.monkey import get_original

from pbx.net.connection import Connection, Plain, Speech
from pbx.net.tls import Certificates, Tls
from pbx.net.udp import unmapped
from pbx.net.websocket import WebSocket
from pbx.sip.flow import Address, Flow

MOST, MOST_OF_ONE = 4096, 512
"""Connections in all, and from one address (an office behind a NAT has one for all its phones)."""

PATIENCE = 5.0
"""Seconds in which a connection is made, its handshake done, a message complete."""

SILENCE = 30.0
"""Seconds in which a connection must bring its first message or keep-alive."""

IDLE = 3700.0
"""Seconds without a byte after which a connection is closed: longer than any registration lives."""

# What was sent and is not acknowledged for so long ends a connection (milliseconds), so that a phone which
# vanished is missed by the next call already; and a quiet one is asked each minute, which keeps NATs open.
_TCP = (
    (socket.TCP_NODELAY, 1),
    (socket.TCP_USER_TIMEOUT, 15_000),
    (socket.TCP_KEEPIDLE, 60),
    (socket.TCP_KEEPINTVL, 15),
)
_SWEEP = 1.0  # seconds between looks at who is stuck or idle
_BATCH = 32  # connections accepted before everybody else gets their turn
_LOOK = 30  # sweeps between looks at the certificate's files

log = logging.getLogger("warden.net.stream")


class Streams:
    """`deliver(message, flow)` as for datagrams; `lost(flow, why, taken)` when a connection ended or could
    not be made; `taken` = the peer had taken it, for we opened it.

    Connections are known by transport and far end: what a peer opened is used towards it too (RFC 5923).
    """

    def __init__(
        self,
        deliver: Callable[[bytes, Flow], None],
        lost: Callable[[Flow, str, bool], None],
        busy: Callable[[], bool],
        certificates: Certificates | None = None,
        may_come: Callable[[str, str], bool] = lambda origin, host: True,
    ) -> None:
        self._deliver, self._lost, self._busy = deliver, lost, busy
        self._certificates, self._may_come = certificates, may_come
        self._listening: list[tuple[socket.socket, Any, str]] = []
        self._connections: dict[tuple[str, Address], Connection] = {}
        self._from: Counter[str] = Counter()
        self._loop = get_hub().loop
        self._sweeping = self._loop.timer(_SWEEP, _SWEEP)
        self._sweeps = 0
        self.refused = 0

    @property
    def counts(self) -> dict[str, int]:
        """Connections now, by transport."""
        counted = Counter(transport for transport, _ in self._connections)
        return {transport: counted[transport] for transport in ("tcp", "tls", "ws", "wss")}

    def listen(self, sock: socket.socket, transport: str) -> None:
        """Take connections on a socket that listens.  It is ours from here on."""
        plain = _plain(sock)
        watcher = self._loop.io(plain.fileno(), 1)
        watcher.start(self._accept, plain, watcher, transport)
        self._listening.append((plain, watcher, transport))
        if not self._sweeping.active:
            self._sweeping.start(self._sweep)

    def send(self, data: bytes, flow: Flow) -> None:
        """By the connection there is, else by a new one.  No bytes: the connection is to be closed."""
        connection = self._connections.get((flow.transport, flow.remote))
        if not data:
            if connection is not None:
                connection.close()
            return
        connection = connection or self._open(flow)
        if connection is not None:
            connection.send(data)

    def close(self) -> None:
        self._sweeping.stop()
        self._sweeping.close()
        for sock, watcher, _ in self._listening:
            watcher.stop()
            watcher.close()
            sock.close()
        self._listening.clear()
        for connection in list(self._connections.values()):
            connection.close()

    # -- in

    def _accept(self, listening: socket.socket, watcher: Any, transport: str) -> None:
        for _ in range(_BATCH):
            try:
                sock, remote = listening.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:  # no file descriptor is left: asking again at once would never end
                log.warning("connections by %s cannot be taken for a moment: %s", transport, error)
                watcher.stop()
                return
            host = unmapped(remote[0])
            if len(self._connections) >= MOST or self._from[host] >= MOST_OF_ONE:
                self.refused += 1
                sock.close()
                continue
            local = sock.getsockname()
            flow = Flow(transport, Address(unmapped(local[0]), local[1]), Address(host, remote[1]))
            self._begin(sock, flow, self._server_tls(transport)).start()

    def _server_tls(self, transport: str) -> Tls | None:
        if transport not in ("tls", "wss"):
            return None
        assert self._certificates is not None
        return Tls(self._certificates.server, server=True)

    def _begin(self, sock: socket.socket, flow: Flow, tls: Tls | None) -> Connection:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _TCP:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        speech: Speech = WebSocket(self._may_come) if flow.transport in ("ws", "wss") else Plain()
        connection = Connection(sock, flow, speech, tls, self._deliver, self._gone, self._busy)
        self._connections[flow.transport, flow.remote] = connection
        self._from[flow.remote.host] += 1
        return connection

    # -- out

    def _open(self, flow: Flow) -> Connection | None:
        """A connection to the flow's far end; None when there can be none, which is told."""
        host = flow.remote.host
        if flow.transport not in ("tcp", "tls"):
            self._lost(flow, "only a browser can open a WebSocket", False)
            return None
        if flow.transport == "tls" and self._certificates is None:
            self._lost(flow, "TLS is off", False)
            return None
        if len(self._connections) >= MOST:
            self._lost(flow, "there are too many connections", False)
            return None
        plain: type[socket.socket] = get_original("socket", "socket")
        try:
            ip_address(host)  # a name would make the kernel's resolver block the whole hub
            sock = plain(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            if not ip_address(flow.local.host).is_unspecified:
                sock.bind((flow.local.host, 0))
        except (OSError, ValueError) as error:
            self._lost(flow, f"cannot connect: {error}", False)
            return None
        connection = self._begin(sock, flow, self._client_tls(flow))
        if not self._sweeping.active:
            self._sweeping.start(self._sweep)
        connection.connect()
        return connection if connection.open else None

    def _client_tls(self, flow: Flow) -> Tls | None:
        if flow.transport != "tls":
            return None
        assert self._certificates is not None
        return Tls(self._certificates.client, server=False, name=flow.name or flow.remote.host)

    # -- the end

    def _gone(self, connection: Connection, why: str) -> None:
        flow = connection.flow
        if self._connections.get((flow.transport, flow.remote)) is connection:
            del self._connections[flow.transport, flow.remote]
        self._from[flow.remote.host] -= 1
        if not self._from[flow.remote.host]:
            del self._from[flow.remote.host]
        log.debug("%s: %s", flow, why)
        self._lost(flow, why, connection.taken)

    def _sweep(self) -> None:
        now = time.monotonic()
        for connection in list(self._connections.values()):
            if connection.stuck and now - connection.began > PATIENCE:
                connection.end("it did not get on")
            elif now - connection.heard > IDLE or (not connection.spoke and now - connection.since > SILENCE):
                connection.close()
        for sock, watcher, transport in self._listening:
            if not watcher.active:
                watcher.start(self._accept, sock, watcher, transport)
        self._sweeps += 1
        if self._certificates is not None and self._sweeps % _LOOK == 0:
            self._certificates.refresh()


def _plain(sock: socket.socket) -> socket.socket:
    """The socket without gevent's layer: we wait for it ourselves."""
    plain: type[socket.socket] = get_original("socket", "socket")
    bare = plain(sock.family, sock.type, sock.proto, fileno=sock.detach())
    bare.setblocking(False)
    return bare
