"""Message sockets between our processes: Unix SOCK_SEQPACKET, a message a packet, the peer's user checked.

Works with plain and with gevent-patched sockets, since it names `socket.socket` only when it makes one.  One
greenlet or thread may receive while another sends; two may not send at once.
"""

import errno
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from pbx.wire.codec import WireError

MAX_MESSAGE = 200 * 1024
"""Bytes.  Linux carries a packet whole or not at all, and by default grants a socket 208 KiB."""

_CREDENTIALS = struct.Struct("3i")
_LONGEST_NAME = 107  # sun_path, less its NUL


class Peer(NamedTuple):
    """Who is at the other end, as the kernel saw it at connect time (SO_PEERCRED)."""

    pid: int
    uid: int
    gid: int


class Link:
    """One connected message socket.  Refuses, with PermissionError, a peer whose user is not in `users`."""

    def __init__(self, sock: socket.socket, users: Collection[int] | None = None) -> None:
        try:
            self.peer = Peer._make(
                _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
            )
            if self.peer.uid not in (own_users() if users is None else users):
                raise PermissionError(errno.EPERM, f"user {self.peer.uid} may not talk to us")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MAX_MESSAGE)
        except BaseException:
            sock.close()
            raise
        self._socket = sock
        self._buffer = memoryview(bytearray(MAX_MESSAGE + 1))

    def send(self, message: bytes) -> None:
        """Sends it whole.  BlockingIOError: a non-blocking link is full.  BrokenPipeError: no peer."""
        if not 0 < len(message) <= MAX_MESSAGE:
            raise WireError(f"a message has 1 to {MAX_MESSAGE} bytes, not {len(message)}")
        self._socket.send(message, socket.MSG_NOSIGNAL)

    def receive(self) -> bytes | None:
        """The next message; None: the peer closed.  BlockingIOError: a non-blocking link has none."""
        try:
            size = self._socket.recv_into(self._buffer)
        except ConnectionResetError:  # it died with our messages unread
            return None
        if size > MAX_MESSAGE:
            raise WireError(f"a message of more than {MAX_MESSAGE} bytes")
        return bytes(self._buffer[:size]) or None

    def setblocking(self, flag: bool) -> None:
        self._socket.setblocking(flag)

    def settimeout(self, seconds: float | None) -> None:
        """`receive` and `send` then raise TimeoutError when nothing moves for so long."""
        self._socket.settimeout(seconds)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Listener:
    """Accepts links on a path.  A lock file beside it tells a living owner from a socket left by a crash."""

    def __init__(self, path: Path, mode: int, users: Collection[int] | None) -> None:
        self._path = path
        self._users = users
        lock = path.with_name(path.name + ".lock")
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._bind(mode)
        except BaseException:
            self._socket.close()
            os.close(self._lock)
            raise

    def _bind(self, mode: int) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(errno.EADDRINUSE, "another process listens there", str(self._path)) from None
        self._remove()
        # Linux gives the new name the mode that the socket had, less the umask: no moment of wider rights.
        os.fchmod(self._socket.fileno(), mode)
        with _short(self._path) as name:
            self._socket.bind(name)
        self._socket.listen(8)

    def _remove(self) -> None:
        try:
            if not stat.S_ISSOCK(self._path.lstat().st_mode):
                raise OSError(errno.EEXIST, "there is something else than a socket", str(self._path))
            self._path.unlink()
        except FileNotFoundError:
            pass

    def accept(self) -> Link:
        """The next link.  PermissionError: somebody else's process knocked and was refused."""
        return Link(self._socket.accept()[0], self._users)

    def setblocking(self, flag: bool) -> None:
        self._socket.setblocking(flag)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        """Removes the name too.  The lock file stays: removing it would let two owners in."""
        if self._socket.fileno() < 0:
            return
        self._remove()
        self._socket.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def listen(path: str | Path, mode: int = 0o600, users: Collection[int] | None = None) -> Listener:
    """Listens at `path`.  OSError: EADDRINUSE = a living process listens there, EEXIST = a file is there."""
    return Listener(Path(path), mode, users)


def connect(path: str | Path, users: Collection[int] | None = None) -> Link:
    """A link to who listens at `path`.  FileNotFoundError, ConnectionRefusedError: nobody does."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with _short(Path(path)) as name:
            sock.connect(name)
    except BaseException:
        sock.close()
        raise
    return Link(sock, users)


def pair() -> tuple[Link, socket.socket]:
    """Our end of a new link, and the other end to hand to a child process (`pass_fds`)."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Link(ours), theirs


def adopt(number: int, users: Collection[int] | None = None) -> Link:
    """The link that our parent left us as file descriptor `number`."""
    return Link(socket.socket(fileno=number), users)


def own_users() -> frozenset[int]:
    """Who may talk to us unless told otherwise: our own user, and root, who can do so anyway."""
    return frozenset((os.geteuid(), 0))


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for `path` that fits in a socket address: a deep directory is reached over its descriptor."""
    if len(os.fsencode(path)) <= _LONGEST_NAME:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
