"""The link to the media process: finds a living one or starts it, speaks to it, starts it again when it dies.

The media process listens, the switch connects: so a restarted switch finds the audio still flowing.
"""

import errno
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.hub import get_hub

from pbx.wire import media
from pbx.wire.codec import WireError, decode, encode
from pbx.wire.link import Link, connect

QUEUE = 10_000
"""Commands that may wait for a full socket; then the link is given up and everything is stated again."""

_PATIENCE = 5.0  # seconds for a started media process to listen
_KNOCK = 0.01  # seconds between tries to connect
_STEADY = 5.0  # seconds of life after which a death is not part of a series
_LONGEST = 2.0  # seconds between two starts in a series of deaths
_PULSE = 0.5  # seconds between two questions whether it is well
_UNANSWERED = 4  # of them in a row: it hangs
_READ, _WRITE = 1, 2

log = logging.getLogger("warden.media")


class MediaLink:
    """`heard(event)` and `lost()` run in the link's greenlet.  `command` starts a media process at `path`."""

    def __init__(
        self,
        path: Path,
        command: Sequence[str],
        heard: Callable[[media.Event], None],
        lost: Callable[[], None],
    ) -> None:
        self._path, self._command = path, tuple(command)
        self._heard, self._lost = heard, lost
        self._link: Link | None = None
        self._waiting: deque[bytes] = deque()
        self._flush: gevent.Greenlet | None = None
        self._unanswered = 0  # questions since its last word
        self._greenlet: gevent.Greenlet | None = None
        self._child = 0  # a process that we started and have not reaped
        self._pid = 0  # the one at the other end, which an earlier worker may have started
        self._stopping = False
        self._ended, self._connected = Event(), Event()
        self.ready: media.Ready | None = None
        self.totals = media.Totals(0, 0, 0, 0, 0, 0.0)
        self.starts = 0

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._run)

    def wait(self, timeout: float) -> bool:
        """Until the media process is there, at most `timeout` seconds; False if it is not."""
        return bool(self._connected.wait(timeout))

    def send(self, command: media.Command) -> None:
        """Never waits.  Without a link it is dropped: at the next `Ready` the switch states all again."""
        if self._link is None:
            return
        message = encode(command)
        if self._waiting:
            self._wait(message)
            return
        try:
            self._link.send(message)
        except BlockingIOError:
            self._wait(message)
        except OSError as error:
            log.debug("sending: %s", error)  # it died: the reading side sees that as well, and acts

    def stop(self, timeout: float) -> None:
        """Ask the media process to end and wait for it, at most `timeout` seconds; then make it."""
        self._stopping = True
        self.send(media.Quit())
        if not self._ended.wait(timeout):
            log.error("the media process did not end when asked: ending it")
            self._kill(signal.SIGKILL)  # one that hangs hears nothing else
        if self._greenlet is not None:
            self._greenlet.kill()
        self._reap_soon()

    def leave(self) -> None:
        """Let the media process go on without us: who comes next finds it."""
        self._stopping = True
        if self._greenlet is not None:
            self._greenlet.kill()

    # -- the greenlet

    def _run(self) -> None:
        delay = 0.0
        while not self._stopping:
            began = time.monotonic()
            link = self._find()
            if link is not None:
                self._serve(link)
                self._lost()
            if self._stopping:
                break
            lived = time.monotonic() - began
            delay = 0.0 if lived > _STEADY else min(_LONGEST, delay * 2 or 0.05)
            log.error("the media process ended after %.1f s, starting it again", lived)
            gevent.sleep(delay)
        self._reap_soon()
        self._ended.set()

    def _find(self) -> Link | None:
        """A link to the living media process, or else to one that we start."""
        link = self._connect()
        if link is not None:
            return link
        self._spawn()
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and not self._stopping:
            gevent.sleep(_KNOCK)
            if (link := self._connect()) is not None:
                return link
            if self._reap():
                log.error("the media process did not start; the line above this one says why")
                return None
        log.error("the media process does not listen after %.0f s: ending it", _PATIENCE)
        self._kill(signal.SIGKILL)
        self._reap_soon()
        return None

    def _connect(self) -> Link | None:
        try:
            link = connect(self._path)
        except PermissionError as error:
            log.error("somebody else's process listens at %s: %s", self._path, error)
            return None
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ECONNREFUSED):
                log.error("cannot reach the media process: %s", error)
            return None
        link.setblocking(False)
        return link

    def _spawn(self) -> None:
        """Start it in a session of its own: a signal to our group must not end the audio before the calls.

        posix_spawn, not fork: no Python runs in a copy of this process with its threads and sockets.
        """
        self._reap()
        defaults = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        environment = {**os.environ, "PYTHONPATH": _import_path()}
        self._child = os.posix_spawn(
            self._command[0], self._command, environment, setsid=True, setsigdef=defaults, setsigmask=()
        )
        self.starts += 1

    def _serve(self, link: Link) -> None:
        self._waiting.clear()
        self._link, self._pid = link, link.peer.pid
        self._unanswered = 0
        watch = gevent.spawn(self._watch)
        try:
            while (message := self._receive(link)) is not None:
                self._unanswered = 0
                self._take(decode(message, media.Event))
        except (OSError, WireError) as error:
            log.error("the link to the media process broke, ending it: %s", error)
            with suppress(OSError):
                link.send(encode(media.Quit()))
        finally:
            watch.kill()
            self._link, self._pid, self.ready = None, 0, None
            self._connected.clear()
            if self._flush is not None:
                self._flush.kill()
            link.close()

    def _receive(self, link: Link) -> bytes | None:
        while True:
            try:
                return link.receive()
            except BlockingIOError:
                _wait_for(link, _READ)

    def _take(self, event: media.Event) -> None:
        match event:
            case media.Ready(version=version):
                if version != media.VERSION:
                    raise WireError(f"it speaks version {version}, we speak {media.VERSION}")
                self.ready = event
                self._connected.set()
            case media.Totals():
                self.totals = event
            case media.Counted(call=""):
                return  # the answer to `_watch`
        self._heard(event)

    def _watch(self) -> None:
        """One that hangs keeps its end of the link open: only its silence tells.

        Questions are counted, not seconds: when this program was late itself, the answers lie in the socket.
        """
        while self._unanswered < _UNANSWERED:
            self.send(media.Ask(""))
            self._unanswered += 1
            gevent.sleep(_PULSE)
        log.error("the media process has not answered for %.0f s: ending it", _PULSE * _UNANSWERED)
        self._kill(signal.SIGKILL)

    def _wait(self, message: bytes) -> None:
        """The socket is full.  A media process that reads nothing for so long is as good as dead."""
        self._waiting.append(message)
        if len(self._waiting) > QUEUE:
            log.error("the media process does not read: ending it")
            self._kill(signal.SIGKILL)
        if self._flush is None or self._flush.dead:
            self._flush = gevent.spawn(self._send_waiting)

    def _send_waiting(self) -> None:
        while self._waiting and self._link is not None:
            _wait_for(self._link, _WRITE)
            try:
                self._link.send(self._waiting[0])
            except BlockingIOError:
                continue
            except OSError:
                return
            self._waiting.popleft()

    # -- the process

    def _kill(self, how: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if pid := self._pid or self._child:
                os.kill(pid, how)

    def _reap(self) -> bool:
        """True when our child has ended (and is no zombie any more)."""
        if self._child:
            try:
                done, _ = os.waitpid(self._child, os.WNOHANG)
            except ChildProcessError:
                done = self._child
            if done:
                self._child = 0
                return True
        return False

    def _reap_soon(self) -> None:
        for _ in range(100):
            if not self._child or self._reap():
                return
            gevent.sleep(0.01)


def _wait_for(link: Link, what: int) -> None:
    hub = get_hub()
    hub.wait(hub.loop.io(link.fileno(), what))


def _import_path() -> str:
    """Where this very package was found, so that the child finds the same one."""
    here = str(Path(__file__).parents[2])
    rest = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(filter(None, (here, rest)))
