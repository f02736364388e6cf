"""The switch as the rest of the program sees it: snapshots to read, things to ask for, facts to follow."""

import time

from pbx.directory import Directory
from pbx.net import ladder
from pbx.net.broadcast import Broadcast, Subscription
from pbx.net.driver import Driver
from pbx.net.ladder import Trace
from pbx.net.refusals import Refusals, Refused
from pbx.net.ring import Ring
from pbx.net.sampler import Sampler
from pbx.switch.events import BanView, BindingView, CallView, DirectoryChanged, TrunkView
from pbx.switch.switch import Switch


class Exchange:
    """Fulfils the API's protocol of this name.  Reading is direct: a greenlet never sees half a change."""

    def __init__(
        self,
        driver: Driver[Switch],
        broadcast: Broadcast,
        directory: Directory,
        ring: Ring,
        sampler: Sampler,
        refusals: Refusals,
    ) -> None:
        self._driver, self._broadcast, self._ring, self._sampler = driver, broadcast, ring, sampler
        self._refusals = refusals
        self.directory = directory

    def calls(self) -> tuple[CallView, ...]:
        return self._driver.machine.calls()

    def phones(self) -> tuple[BindingView, ...]:
        return self._driver.machine.phones()

    def trunks(self) -> tuple[TrunkView, ...]:
        return self._driver.machine.trunks(time.monotonic())

    def bans(self) -> tuple[BanView, ...]:
        return self._driver.machine.bans(time.monotonic())

    def lift(self, address: str, account: str) -> bool:
        return self._driver.do(lambda switch, now: switch.lift(address, account, now))

    def refused(self) -> Refused:
        return self._refusals.view()

    def trace(self, call: CallView) -> Trace | None:
        """The messages of a call, its audio, and what became of it; None = they are not kept any more."""
        entries = self._ring.of(_call_ids(call))
        return ladder.trace(call, entries, self._sampler.of(call.call)) if entries else None

    def trace_text(self, call: CallView) -> str:
        """The same to be read or mailed, "" = not kept."""
        found = self.trace(call)
        return ladder.text(found) if found else ""

    def capture(self, call: CallView) -> bytes | None:
        """As a pcap file."""
        entries = self._ring.of(_call_ids(call))
        return ladder.pcap(entries) if entries else None

    def ports(self) -> tuple[int, int]:
        return self._driver.machine.ports()

    def hang_up(self, call: str) -> bool:
        return self._driver.do(lambda switch, now: switch.hang_up(call, now))

    def use(self, directory: Directory) -> None:
        """Two changes may arrive in the wrong order; the older one is then already part of the newer."""
        if directory.revision < self.directory.revision:
            return
        self.directory = directory
        self._driver.do(lambda switch, now: switch.use(directory, now))
        self._broadcast.tell((DirectoryChanged(directory.revision),))

    def subscribe(self) -> Subscription:
        return self._broadcast.subscribe()


def _call_ids(call: CallView) -> tuple[str, ...]:
    return tuple(leg.call_id for leg in call.legs if leg.call_id)
