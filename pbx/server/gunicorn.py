"""How gunicorn hosts the office: one gevent worker, that ends its calls before it ends itself.

One worker is part of the design: the switch's memory is the office.  gunicorn's master holds the sockets and
starts the worker again when it dies; its configuration files, command line, reload and scaling are left out.
"""

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.workers.base import Worker as BaseWorker
from gunicorn.workers.base_async import AsyncWorker
from gunicorn.workers.ggevent import GeventWorker

from pbx.server.options import StartError

CONNECTIONS = 1000
STALLED = 30.0
"""Seconds in which a client must read or write something."""

_KEEP_ALIVE = 15  # seconds for a request's head to come, and between two requests
_TIMEOUT = 20  # seconds without a sign of life from the worker before the master ends it
_GRACE = 4  # seconds that the master gives the worker to end calls, of the 5 that people wait
_CHECK = 0.5  # seconds between looks at whether the master lives

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = logging.getLogger("warden.server")


class Office(Protocol):
    """What is hosted.  All of it runs in the worker."""

    def start(self, first: bool, again: Callable[[bool], None]) -> Wsgi:
        """Start everything and give the web application.  Raises StartError.

        `first` is False in a worker that replaces a dead one; `again(keep_calls)` asks for a replacement.
        """

    def stop(self, keep: bool) -> None:
        """End everything within four seconds; the calls too, unless they are kept for who comes next."""


def serve(office: Office, listening: int, name: str) -> None:
    """Host `office` on the listening socket with this file descriptor until a signal ends us (SystemExit)."""
    _Application(office, listening, name).run()


class _Application(BaseApplication):
    def __init__(self, office: Office, listening: int, name: str) -> None:
        self.office = office
        self._settings = {
            "bind": f"fd://{listening}",
            "workers": 1,
            "worker_class": _Worker,
            "worker_connections": CONNECTIONS,
            "logger_class": _Logger,
            "keepalive": _KEEP_ALIVE,
            "timeout": _TIMEOUT,
            "graceful_timeout": _GRACE,
            "control_socket_disable": True,
            "worker_tmp_dir": _memory_folder(),
            "proc_name": name,
            "forwarded_allow_ips": "",  # no proxy in front of us is trusted unless somebody says so
        }
        super().__init__()

    def load_config(self) -> None:
        config: Any = self.cfg
        for key, value in self._settings.items():
            config.set(key, value)

    def load(self) -> Wsgi:
        raise NotImplementedError  # the worker starts the office itself

    def run(self) -> None:
        # What is loaded by now is shared by master and worker, as long as no collection writes on it.
        gc.collect()
        gc.freeze()
        _Master(self).run()


class _Master(Arbiter):
    """Signals that would reload, replace or multiply the worker end the office or do nothing."""

    def handle_hup(self) -> None:
        """The terminal was closed."""
        self.handle_term()

    def handle_usr2(self) -> None:
        """An upgrade: end without ending the calls, which the next start takes up."""
        self.kill_workers(signal.SIGUSR2)
        self.handle_term()

    def handle_ttin(self) -> None:
        log.warning("this program has one worker by design")

    handle_ttou = handle_ttin


class _Worker(GeventWorker):
    """Serves HTTP with gunicorn's own handling of requests; starts and stops the office around it."""

    def init_signals(self) -> None:
        self.leave = Event()
        self.status = 0
        self.keep_calls = False
        super().init_signals()
        signal.signal(signal.SIGHUP, self.handle_exit)  # a closed terminal tells us and the master alike
        signal.signal(signal.SIGUSR2, self.handle_hand_over)

    def load_wsgi(self) -> None:
        try:
            self.wsgi = self.app.office.start(self.age == 1, self._start_again)
        except StartError as error:
            log.critical("%s", error)
            sys.exit(Arbiter.APP_LOAD_ERROR)

    def run(self) -> None:
        pool = Pool(self.worker_connections)
        servers = []
        for sock in self.sockets:
            sock.setblocking(True)
            servers.append(StreamServer(sock, handle=partial(self.handle, sock), spawn=pool))
            servers[-1].start()
        while self.alive and os.getppid() == self.ppid:
            BaseWorker.notify(self)
            self.leave.wait(_CHECK)
        if os.getppid() != self.ppid:  # killed: somebody will start us again
            self.keep_calls = True
        self._end(servers, pool)

    def _end(self, servers: list[StreamServer], pool: Pool) -> None:
        """Calls first; the console can still be seen meanwhile.  Then nobody's open stream keeps us."""
        beating = gevent.spawn(self._beat)
        for server in servers:
            server.close()
        self.app.office.stop(self.keep_calls)
        pool.kill(timeout=0.3)
        beating.kill()
        if self.status:
            sys.exit(self.status)

    def _beat(self) -> None:
        while True:
            BaseWorker.notify(self)
            gevent.sleep(_CHECK)

    def _start_again(self, keep_calls: bool) -> None:
        self.status, self.keep_calls = 1, keep_calls
        self._leave()

    def _leave(self) -> None:
        self.alive = False
        self.leave.set()

    def handle_hand_over(self, sig: int, frame: object) -> None:
        self.keep_calls = True
        self._leave()

    def handle_exit(self, sig: int, frame: object) -> None:
        self._leave()

    handle_quit = handle_exit  # gunicorn's would drop everything at once, on the terminal's Ctrl-C for one

    def handle(self, listener: Any, client: Any, address: Any) -> None:
        """Not the parent's: that one lets a client stall for ever."""
        client.settimeout(STALLED)
        AsyncWorker.handle(self, listener, client, address)

    def handle_error(self, request: Any, client: Any, address: Any, error: BaseException) -> None:
        if not isinstance(error, gevent.GreenletExit | TimeoutError):
            super().handle_error(request, client, address, error)


class _Logger(GunicornLogger):
    """gunicorn's words in our log: its warnings and errors, without its comings and goings."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log = logging.getLogger("warden.http")
        self.error_log.setLevel(logging.WARNING)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        if not isinstance(sys.exc_info()[1], TimeoutError):  # a client that stalled is not our trouble
            super().exception(msg, *args, **kwargs)


def _memory_folder() -> str | None:
    """Where the worker's sign of life is kept: in memory, lest a slow disk look like a dead worker."""
    with suppress(OSError):
        if os.access(folder := Path("/dev/shm"), os.W_OK):
            return str(folder)
    return None
