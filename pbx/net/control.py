"""The control socket: serves the command line while the office runs.  Only our user and root may connect."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import gevent
from gevent.event import Event
from peewee import PeeweeException

from pbx.config import ConfigError, dump_yaml, load_yaml, read
from pbx.directory import Directory
from pbx.net import control_messages as say
from pbx.net.driver import Tap
from pbx.net.offload import Offload
from pbx.net.trace import mentions, readable
from pbx.sip.flow import Flow
from pbx.store import NotFound, Store, StoreError
from pbx.switch.events import BanView, CallView, TrunkView
from pbx.wire.codec import WireError, decode, encode
from pbx.wire.link import Link, Listener, listen

WHO = "command line"
_LARGEST = 4 << 20  # characters of a document
_BEHIND = 1000  # traced messages that a slow reader may be behind
_PATIENCE = 10.0  # seconds for a client to say what it wants, or to read our answer

log = logging.getLogger("warden.control")


class Office(Protocol):
    """What the control socket needs of the running program besides the store."""

    def status(self) -> say.StatusReply: ...
    def calls(self) -> tuple[CallView, ...]: ...
    def hang_up(self, call: str) -> bool: ...
    def trunks(self) -> tuple[TrunkView, ...]: ...
    def bans(self) -> tuple[BanView, ...]: ...
    def lift(self, address: str, account: str) -> bool: ...
    def use(self, directory: Directory) -> None: ...
    def hash_password(self, password: str) -> str: ...
    def tap(self, tap: Tap) -> Callable[[], None]: ...


class Control:
    """Each client has a greenlet of its own; a client that breaks the protocol is hung up on."""

    def __init__(self, path: Path, office: Office, store: Store, offload: Offload) -> None:
        self._path, self._office, self._store, self._offload = path, office, store, offload
        self._views: Mapping[type, Callable[[], Iterable[say.Answer]]] = {
            say.Calls: office.calls,
            say.Trunks: office.trunks,
            say.Bans: office.bans,
        }
        self._greenlets: set[gevent.Greenlet] = set()
        self._listener: Listener | None = None

    def start(self) -> None:
        self._listener = listen(self._path)
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        gevent.killall(list(self._greenlets))
        if self._listener is not None:
            self._listener.close()

    def _spawn(self, fn: Callable[..., None], *args: object) -> None:
        greenlet = gevent.spawn(fn, *args)
        self._greenlets.add(greenlet)
        greenlet.rawlink(self._greenlets.discard)

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                self._spawn(self._serve, listener.accept())
            except PermissionError as error:
                log.warning("somebody knocked at the control socket: %s", error)

    def _serve(self, link: Link) -> None:
        with link:
            link.settimeout(_PATIENCE)
            try:
                message = link.receive()
                if message is not None:
                    self._answer(link, decode(message, say.Request))
            except (WireError, OSError) as error:
                log.debug("a client of the control socket: %s", error)

    def _answer(self, link: Link, request: say.Request) -> None:
        try:
            for answer in self._answers(link, request):
                link.send(encode(answer))
            link.send(encode(say.Done()))
        except ConfigError as error:
            link.send(encode(say.Refused(tuple(map(str, error.problems)))))
        except (StoreError, PeeweeException) as error:
            link.send(encode(say.Refused((str(error),))))

    def _answers(self, link: Link, request: say.Request) -> Iterable[say.Answer]:
        match request:
            case say.Status():
                return (self._office.status(),)
            case say.Calls() | say.Trunks() | say.Bans():
                return self._views[type(request)]()
            case say.HangUp(call):
                return self._hang_up(call)
            case say.Lift(address, account):
                return self._lift(address, account)
            case say.Import():
                return self._import(link, request)
            case say.Export():
                return say.parts(dump_yaml(self._offload.store(self._store.office)))
            case say.Admin(username, password):
                password_hash = self._offload.cpu(self._office.hash_password, password)
                self._offload.store(self._store.add_admin, username, password_hash)
                return ()
            case say.Trace(number):
                return self._trace(link, number)

    def _hang_up(self, call: str) -> Iterable[say.Answer]:
        if self._office.hang_up(call):
            return ()
        raise NotFound(f"There is no call {call!r} now; see: warden calls.")

    def _lift(self, address: str, account: str) -> Iterable[say.Answer]:
        there = [ban.account for ban in self._office.bans() if ban.address == address]
        wanted = [each for each in there if account in ("", each)]
        if not any([self._office.lift(address, each) for each in wanted]):
            raise NotFound(f"There is no such ban of {address} now; see: warden bans.")
        return ()

    def _import(self, link: Link, request: say.Import) -> Iterable[say.Answer]:
        text = _document(link)
        office = self._offload.cpu(lambda: read(load_yaml(text), request.allow_weak))

        def work() -> tuple[say.Imported, Directory]:
            change = self._store.import_office(office, WHO, request.replace)
            return say.imported(change), self._store.directory()

        imported, directory = self._offload.store(work)
        self._office.use(directory)
        return (imported,)

    def _trace(self, link: Link, number: str) -> Iterator[say.Answer]:
        """Until the client leaves, which its next reading or our next sending tells."""
        queue = _Queue(number)
        watcher = gevent.spawn(_until_closed, link, queue)
        end = self._office.tap(queue.put)
        try:
            yield from queue
        finally:
            end()
            watcher.kill()


class _Queue:
    """Traced messages between the driver, which does not wait, and a client, which may be slow."""

    def __init__(self, number: str) -> None:
        self._number = number
        self._items: deque[say.Traced] = deque()
        self._some = Event()
        self._lost = 0
        self._closed = False

    def put(self, sent: bool, data: bytes, flow: Flow) -> None:
        if not data.strip() or (self._number and not mentions(data, self._number)):
            return
        if len(self._items) >= _BEHIND:
            self._lost += 1
            return
        self._items.append(say.Traced(time.time(), sent, flow, readable(data[: say.PART]), self._lost))
        self._lost = 0
        self._some.set()

    def close(self) -> None:
        self._closed = True
        self._some.set()

    def __iter__(self) -> Iterator[say.Answer]:
        while not self._closed:
            self._some.wait()
            self._some.clear()
            while self._items and not self._closed:
                yield self._items.popleft()


def _until_closed(link: Link, queue: _Queue) -> None:
    link.settimeout(None)
    with suppress(OSError, WireError):
        while link.receive() is not None:
            pass
    queue.close()


def _document(link: Link) -> str:
    """The parts that follow an `Import`."""
    text: list[str] = []
    size = 0
    while (message := link.receive()) is not None:
        part = decode(message, say.Text | say.Done)
        if isinstance(part, say.Done):
            return "".join(text)
        text.append(part.part)
        size += len(part.part)
        if size > _LARGEST:
            raise StoreError("The document is larger than 4 MiB: an office's is much smaller.")
    raise WireError("the client left before its document ended")
