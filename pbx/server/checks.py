"""What is looked at to tell whether the office is well, each with the sentence that says what to do."""

import time
from dataclasses import dataclass

from pbx.net import health
from pbx.net.exchange import Exchange
from pbx.net.health import Probe
from pbx.net.media_link import MediaLink
from pbx.net.offload import Offload
from pbx.net.pulse import Pulse
from pbx.net.writer import Writer
from pbx.server.options import Options
from pbx.store import Store


@dataclass(frozen=True, slots=True)
class Checks:
    """The parts that are looked at."""

    options: Options
    offload: Offload
    store: Store
    writer: Writer
    media: MediaLink
    pulse: Pulse
    exchange: Exchange

    def probes(self) -> tuple[Probe, ...]:
        sip, data = self.options.sip, self.options.data
        return (
            Probe("sip", "SIP", lambda: health.sip_answers(sip)),
            Probe("media", "Audio", self._media_lives),
            Probe("database", "Database", self._database_writes),
            Probe("disk", "Disk", lambda: self.offload.cpu(health.disk_has_room, data)),
            Probe("hub", "Speed", lambda: health.hub_is_quick(self.pulse.worst)),
            Probe("ports", "Audio ports", lambda: health.ports_are_left(*self.exchange.ports())),
        )

    def _media_lives(self) -> health.Finding:
        ready = self.media.ready
        if ready is None:
            return health.FAILED, "The media process does not run, calls have no sound: see the log for why."
        again = f"; it was started {self.media.starts} times" if self.media.starts > 1 else ""
        return health.OK, f"The media process (pid {ready.pid}) serves {self.media.totals.legs} legs{again}."

    def _database_writes(self) -> health.Finding:
        began = time.monotonic()
        try:
            self.offload.store(self.store.probe)
        except Exception as error:
            return health.FAILED, f"The database takes nothing ({error}): check the disk."
        if self.writer.trouble:
            waiting, trouble = self.writer.waiting, self.writer.trouble
            return health.FAILED, f"{waiting} records wait for the database: {trouble}."
        return health.OK, f"A write was safe on the disk after {(time.monotonic() - began) * 1000:.0f} ms."
