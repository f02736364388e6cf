"""One connection that carries SIP: TCP, perhaps TLS over it, and the framing on top, without a greenlet."""

import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from gevent.hub import get_hub

from pbx.net.tls import Tls
from pbx.sip.flow import Flow
from pbx.sip.stream import PING, PONG, Framer

READ = 65536
"""Bytes taken before everybody else gets their turn."""

UNSENT = 256 * 1024
"""Bytes that a peer may leave unread before it is given up."""

LAST_WORDS = 0.5
"""Seconds that the answer to a message that breaks the framing has, before the connection is closed."""

_PAUSE = 0.02  # seconds without reading while the switch has more than enough to do
_READABLE, _WRITABLE = 1, 2

log = logging.getLogger("warden.net.stream")


class Speech(Protocol):
    """How messages lie in the bytes of a connection."""

    @property
    def broken(self) -> bool: ...
    @property
    def waiting(self) -> bool: ...
    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that `data` completes; b"" for a keep-alive, which was answered."""

    def send(self, message: bytes) -> None: ...
    def pending(self) -> bytes: ...
    def close(self) -> None: ...


class Plain:
    """SIP messages one after the other, as TCP and TLS carry them."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._out = bytearray()

    @property
    def broken(self) -> bool:
        return self._framer.broken

    @property
    def waiting(self) -> bool:
        return self._framer.waiting

    def feed(self, data: bytes) -> Iterator[bytes]:
        for unit in self._framer.feed(data):
            if unit == PING:
                self._out += PONG
                yield b""
            else:
                yield unit

    def send(self, message: bytes) -> None:
        self._out += message

    def pending(self) -> bytes:
        out, self._out = bytes(self._out), bytearray()
        return out

    def close(self) -> None:
        """TCP says it by itself."""


class Connection:
    """`deliver(message, flow)` gets what comes, `gone(self, why)` is told once when it is over.

    `busy()` = the switch has enough to do: the peer has to wait, TCP tells it so.
    """

    def __init__(
        self,
        sock: socket.socket,
        flow: Flow,
        speech: Speech,
        tls: Tls | None,
        deliver: Callable[[bytes, Flow], None],
        gone: Callable[["Connection", str], None],
        busy: Callable[[], bool],
    ) -> None:
        self._socket, self.flow = sock, flow
        self._speech, self._tls = speech, tls
        self._deliver, self._gone, self._busy = deliver, gone, busy
        self._unsent = bytearray()
        self._loop = get_hub().loop
        self._reading = self._loop.io(sock.fileno(), _READABLE)
        self._writing = self._loop.io(sock.fileno(), _WRITABLE)
        self._timer = self._loop.timer(_PAUSE)
        self.taken = self._connecting = False
        self.since = self.heard = self.began = time.monotonic()
        self.spoke = False  # it said something whole
        self.open = True

    # -- its life

    def start(self) -> None:
        """A peer connected to us: read."""
        self._reading.start(self._read)

    def connect(self) -> None:
        """Towards the flow's remote end.  What is sent meanwhile waits."""
        self._connecting = True
        try:
            self._socket.connect(self.flow.remote)
        except BlockingIOError:
            self._writing.start(self._connected)
        except OSError as error:
            self.end(f"cannot connect: {error.strerror}")
        else:
            self._connected()

    def end(self, why: str) -> None:
        """Close at once.  Idempotent."""
        if not self.open:
            return
        self.open = False
        for watcher in (self._reading, self._writing, self._timer):
            watcher.stop()
            watcher.close()
        self._socket.close()
        self._gone(self, why)

    def close(self) -> None:
        """Say goodbye as the protocols want it, as far as the socket takes it, then close."""
        if self.open and not self._connecting:
            try:
                self._speech.close()
                self._flush()
                if self._tls is not None and self.open:
                    self._tls.close()
                    self._put(self._tls.pending())
            except (OSError, ssl.SSLError):
                pass
        self.end("we closed it")

    @property
    def stuck(self) -> bool:
        """It is connecting, shaking hands or in the middle of a message: since `began`, however often a byte
        of it comes."""
        return self._connecting or (self._tls is not None and not self._tls.ready) or self._speech.waiting

    # -- out

    def send(self, message: bytes) -> None:
        """Now, or when the peer takes it."""
        if not self.open:
            return
        self._speech.send(message)
        if not self._connecting:
            try:
                self._flush()
            except ssl.SSLError as error:
                self.end(f"TLS: {error.reason or error}")

    def _flush(self) -> None:
        out = self._speech.pending()
        if self._tls is not None:
            if out:
                self._tls.send(out)
            out = self._tls.pending()
        if out:
            self._put(out)

    def _put(self, out: bytes) -> None:
        if not self._unsent:
            try:
                out = out[self._socket.send(out) :]
            except BlockingIOError:
                pass
            except OSError as error:
                self.end(f"cannot send: {error.strerror}")
                return
        if out:
            self._unsent += out
            if len(self._unsent) > UNSENT:
                self.end("the peer does not read what it is sent")
            elif not self._writing.active:
                self._writing.start(self._write)

    def _write(self) -> None:
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            self.end(f"cannot send: {error.strerror}")
            return
        if not self._unsent:
            self._writing.stop()

    def _connected(self) -> None:
        self._writing.stop()
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.end(f"cannot connect: {os.strerror(error)}")
            return
        self.taken, self._connecting = True, False
        self._reading.start(self._read)
        self._take(b"")

    # -- in

    def _read(self) -> None:
        if self._busy():
            self._reading.stop()
            self._timer.start(self._read_on)
            return
        try:
            data = self._socket.recv(READ)
        except BlockingIOError:
            return
        except OSError as error:
            self.end(f"the connection broke: {error.strerror}")
            return
        if not data:
            self.end("the peer closed it")
            return
        self.heard = time.monotonic()
        try:
            self._take(data)
        except Exception:  # our bug, or a library's: it costs this peer its connection, no more
            log.exception("a message from %s", self.flow)
            self.end("it could not be understood")

    def _read_on(self) -> None:
        self._timer.stop()
        self._reading.start(self._read)

    def _take(self, data: bytes) -> None:
        """`data` came from the network; b"" begins a handshake of ours."""
        stuck = self.stuck
        try:
            said = self._tls.receive(data) if self._tls is not None else data
        except ssl.SSLError as error:
            self._put(self._tls.pending() if self._tls is not None else b"")  # the alert that says why
            self.end(f"TLS: {error.reason or error}")
            return
        for message in self._speech.feed(said):
            self.spoke, stuck = True, False
            if message:
                self._deliver(message, self.flow)
        if not stuck:
            self.began = time.monotonic()
        self._flush()
        if self.open and (self._speech.broken or (self._tls is not None and self._tls.ended)):
            self._reading.stop()
            self._timer.stop()
            self._timer.close()
            self._timer = self._loop.timer(LAST_WORDS)
            why = "what came was no SIP" if self._speech.broken else "the peer closed it"
            self._timer.start(self.end, why)
