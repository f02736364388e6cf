"""The running office: its parts built, started in order and stopped in order."""

import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path
from random import SystemRandom

import gevent
import peewee

from pbx.api import services as api
from pbx.api.app import make_app
from pbx.api.passwords import hashed
from pbx.config import ConfigError, Problem, validators
from pbx.directory import Directory
from pbx.features import catalogue
from pbx.net import health
from pbx.net.broadcast import Broadcast
from pbx.net.control import Control
from pbx.net.control_messages import StatusReply
from pbx.net.driver import Driver, Tap
from pbx.net.exchange import Exchange
from pbx.net.health import Health
from pbx.net.hep import Hep
from pbx.net.journal import Journal
from pbx.net.media_link import MediaLink
from pbx.net.observe import Observer
from pbx.net.offload import Offload
from pbx.net.pulse import Pulse
from pbx.net.refusals import Refusals
from pbx.net.ring import Ring
from pbx.net.sampler import Sampler
from pbx.net.streams import Streams
from pbx.net.tls import Certificates
from pbx.net.transports import Transports
from pbx.net.writer import Writer
from pbx.server.checks import Checks
from pbx.server.figures import publish
from pbx.server.finder import Finder
from pbx.server.folder import open_store
from pbx.server.gunicorn import Wsgi
from pbx.server.heritage import adopt_bans, adopt_calls, adopt_nonces, adopt_subscriptions
from pbx.server.names import may_come, names
from pbx.server.options import Options, Sockets, Started, installed_version
from pbx.sip.flow import Flow
from pbx.sip.settings import Settings as SipSettings
from pbx.switch.desk import Settings
from pbx.switch.events import BanView, CallView, Fact, TrunkView
from pbx.switch.switch import Switch
from pbx.telemetry import Telemetry
from pbx.wire import media

_MEDIA_START = 3.0  # seconds to wait for the audio before saying that all is up
_CALLS_PATIENCE = 2.5  # seconds for the calls to end
_MEDIA_PATIENCE, _WRITER_PATIENCE = 0.5, 0.5  # seconds to stop each
# A call leaves no cycle behind (tests/switch/test_garbage.py), so collections may be rare; none may look at
# so many objects that the hub stops, and what lives from the start is frozen.
_GARBAGE = (10_000, 5, 1_000)

_BUGS, _SAME_BUGS = "bugs", 300.0  # the journal's key; seconds in which a second series is the same one

log = logging.getLogger("warden.server")


class Office:
    """All of it, in the worker: see `pbx.server.gunicorn.Office` and `pbx.net.control.Office`."""

    def __init__(self, options: Options, sip: Sockets, announce: Callable[[Started], None]) -> None:
        self._options, self._sip, self._announce = options, sip, announce
        self._began = time.monotonic()

    # -- starting

    def start(self, first: bool, again: Callable[[bool], None]) -> Wsgi:
        self._offload = Offload()
        self._store = self._offload.store(open_store, self._options.data)
        self._telemetry = Telemetry(installed_version())
        self._again = again
        self._build(self._offload.store(self._store.directory))
        self._restore()
        self._driver.machine.listen(False)
        self._transports.start()
        self._driver.start()
        self._media.start()
        self._sampler.start()
        self._writer.start()
        self._pulse.start()
        self._control.start()
        app: Wsgi = make_app(self._services())
        self._media.wait(_MEDIA_START)
        self._health.start()
        self._tell(first)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        return app

    def _build(self, directory: Directory) -> None:
        options, telemetry = self._options, self._telemetry
        self._journal = Journal(options.data / "run" / "journal")
        self._writer = Writer(self._write, telemetry.database_failed, self._journal, _is_passing)
        refusals = Refusals()
        sinks = Observer(telemetry), refusals
        self._broadcast = Broadcast(sinks, lambda some: self._driver.machine.listen(some))
        settings = Settings(SipSettings(directory.domain), options.rtp_first, options.rtp_last)
        clocks = time.monotonic(), time.time()
        switch = Switch(settings, directory, catalogue(), SystemRandom(), *clocks)
        self._driver = Driver(
            switch,
            lambda data, flow: self._transports.send(data, flow),
            lambda command: self._media.send(command),
            self._broadcast.tell,
            self._writer.remember,
            lambda lookup: self._finder.find(lookup),
            telemetry.switch_failed,
            self._start_again,
        )
        self._transports = Transports(
            self._sip.udp, self._sip.listening, self._driver.receive, self._streams()
        )
        self._media = MediaLink(
            options.data / "run" / "media.sock",
            self._media_command(),
            self._media_said,
            self._media_lost,
        )
        ring, hep = self._recorders()
        self._sampler = Sampler(switch.talking, self._media.send)
        self._finder = Finder(options, self._offload, self._driver)
        self._exchange = Exchange(self._driver, self._broadcast, directory, ring, self._sampler, refusals)
        self._pulse = Pulse(telemetry.hub_late, self._clock_was_set)
        self._health = Health(self._checks().probes())
        self._control = Control(options.data / "run" / "control.sock", self, self._store, self._offload)
        publish(telemetry, self._driver, self._transports, self._media, self._broadcast, self._writer, hep)

    def _checks(self) -> Checks:
        return Checks(
            *(self._options, self._offload, self._store, self._writer),
            *(self._media, self._pulse, self._exchange),
        )

    def _recorders(self) -> tuple[Ring, Hep | None]:
        """Those who see every message."""
        ring = Ring()
        self._driver.tap(ring)
        hep = Hep(self._options.hep) if self._options.hep is not None else None
        if hep is not None:
            self._driver.tap(hep)
        return ring, hep

    def _streams(self) -> Streams:
        options = self._options
        certificates = None
        if options.tls is not None or options.wss is not None:
            certificates = self._offload.cpu(Certificates, options.data, names(options.sip))
        driver = self._driver

        def lost(flow: Flow, why: str, taken: bool) -> None:
            driver.post(lambda switch, now: switch.broken(flow, now, taken))

        ours = partial(may_come, options.sip)
        return Streams(driver.receive, lost, lambda: driver.busy, certificates, ours)

    def _media_command(self) -> tuple[str, ...]:
        options = self._options
        range_ = f"{options.sip}".rpartition(":")[0] + f":{options.rtp_first}-{options.rtp_last}"
        socket_path = str(options.data.absolute() / "run" / "media.sock")
        return sys.executable, "-m", "pbx.media", "--socket", socket_path, "--rtp", range_

    def _restore(self) -> None:
        """What an earlier process left: records first, for they say which phones are registered."""
        left = self._journal.open()
        self._writer.take_up(left)
        try:
            self._offload.store(self._store.write, self._writer.queued)
        except Exception:
            log.exception("records from before the restart wait for the database")
        switch, now = self._driver.machine, time.monotonic()
        bindings = self._offload.store(self._store.bindings)
        switch.restore(bindings, now)
        switch.restore_texts(self._offload.store(self._store.texts))
        adopt_nonces(left, switch)
        adopt_bans(left, switch, now)
        adopt_calls(self._journal, left, switch, now)
        adopt_subscriptions(self._journal, left, switch, now)
        self._bugs = left.get(_BUGS)
        if bindings or switch.calls():
            log.info("%d phones and %d calls are there from before", len(bindings), len(switch.calls()))

    def _start_again(self) -> None:
        """The switch made too many mistakes.  Did it so with these calls before, they are given up."""
        again = self._bugs is not None and time.monotonic() - float(self._bugs) < _SAME_BUGS
        self._journal.write([(_BUGS, str(time.monotonic()).encode())])
        self._again(not again)

    def _tell(self, first: bool) -> None:
        if not first:
            log.warning("started again after a failure; %d calls go on", len(self._exchange.calls()))
            return
        code = self._offload.store(self._store.claim_code)
        directory = self._exchange.directory
        built = _dashboard() is not None
        self._announce(Started(self._options, code, directory.domain, len(directory.extensions), built))

    def _services(self) -> api.Services:
        return api.Services(
            store=self._store,
            exchange=self._exchange,
            offload=self._offload,
            telemetry=self._telemetry,
            health=lambda: tuple(api.Check(*astuple(check)) for check in self._health.checks()),
            sip=self._options.sip,
            names=partial(names, self._options.sip),
            clock=time.time,
            monotonic=time.monotonic,
            version=installed_version(),
            dashboard=_dashboard(),
        )

    # -- stopping

    def stop(self, keep: bool) -> None:
        """Each step whatever became of the one before: half a stop would leave a process behind.

        `keep`: calls and their audio go on, for the next process to take up; without calls nothing does.
        """
        keep = keep and bool(self._exchange.calls())
        for step in (
            lambda: None if keep else self._end_calls(),
            self._health.stop,
            self._pulse.stop,
            self._sampler.stop,
            self._control.stop,
            self._media.leave if keep else lambda: self._media.stop(_MEDIA_PATIENCE),
            self._driver.stop,
            self._transports.close,
            lambda: self._writer.stop(_WRITER_PATIENCE),
            self._journal.close,
            self._broadcast.close,
            lambda: self._offload.store(self._store.close),
            self._offload.close,
        ):
            try:
                step()
            except Exception:
                log.exception("while stopping")
        log.info("stopped")

    def _end_calls(self) -> None:
        switch = self._driver.machine
        count = len(switch.calls())
        if count:
            log.info("ending %d calls", count)
        with gevent.Timeout(_CALLS_PATIENCE, False):
            self._driver.do(lambda switch, now: switch.shut_down(now))
            while not switch.empty:
                gevent.sleep(0.02)

    # -- what the control socket asks for

    def status(self) -> StatusReply:
        troubles = tuple(check.text for check in self._health.checks() if check.status != health.OK)
        phones, calls = len(self._exchange.phones()), len(self._exchange.calls())
        uptime = time.monotonic() - self._began
        return StatusReply(os.getpid(), installed_version(), uptime, phones, calls, troubles)

    def calls(self) -> tuple[CallView, ...]:
        return self._exchange.calls()

    def hang_up(self, call: str) -> bool:
        return self._exchange.hang_up(call)

    def trunks(self) -> tuple[TrunkView, ...]:
        return self._exchange.trunks()

    def bans(self) -> tuple[BanView, ...]:
        return self._exchange.bans()

    def lift(self, address: str, account: str) -> bool:
        return self._exchange.lift(address, account)

    def use(self, directory: Directory) -> None:
        if directory.revision > self._exchange.directory.revision:
            self._exchange.use(directory)

    def hash_password(self, password: str) -> str:
        """Raises ConfigError."""
        return hash_password(password)

    def tap(self, tap: Tap) -> Callable[[], None]:
        return self._driver.tap(tap)

    # -- wiring

    def _write(self, facts: Sequence[Fact]) -> None:
        self._offload.store(self._store.write, facts)

    def _media_said(self, event: media.Event) -> None:
        if isinstance(event, media.Counted | media.Closed):
            self._sampler.heard(event)
        self._driver.post(lambda switch, now: switch.heard(event, now))
        if isinstance(event, media.Ready):
            self._health.soon()

    def _media_lost(self) -> None:
        self._driver.post(lambda switch, now: switch.media_lost(now))
        self._health.soon()

    def _clock_was_set(self, now: float, wall: float) -> None:
        log.warning("the wall clock was set to %s", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall)))
        self._driver.post(lambda switch, _: switch.correct_clock(now, wall))


def hash_password(password: str) -> str:
    """A console password's hash.  Raises ConfigError when it is too easy to guess."""
    try:
        return hashed(validators.console_password(password))
    except ValueError as error:
        raise ConfigError((Problem("password", str(error)),)) from None


def _is_passing(error: Exception) -> bool:
    """Whether a write may succeed later: anything about the database but what it says of this very row."""
    about_the_row = peewee.IntegrityError, peewee.DataError, peewee.ProgrammingError
    return isinstance(error, peewee.DatabaseError | OSError) and not isinstance(error, about_the_row)


def _dashboard() -> Path | None:
    """The built console: in the package, or in the source folder beside it."""
    here = Path(__file__).parent.parent
    for folder in (here / "dashboard", here.parent / "webui" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None
