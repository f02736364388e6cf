"""The switch as the rest of the program sees it: snapshots to read, things to ask for, facts to follow."""

import time
from collections.abc import Collection

from pbx.directory import Directory
from pbx.net import ladder
from pbx.net.broadcast import Broadcast, Subscription
from pbx.net.driver import Driver
from pbx.net.ladder import Rung
from pbx.net.ring import Ring
from pbx.switch.events import BanView, BindingView, CallView, DirectoryChanged, TrunkView
from pbx.switch.switch import Switch


class Exchange:
    """Fulfils the API's protocol of this name.  Reading is direct: a greenlet never sees half a change."""

    def __init__(
        self, driver: Driver[Switch], broadcast: Broadcast, directory: Directory, ring: Ring
    ) -> None:
        self._driver, self._broadcast, self._ring = driver, broadcast, ring
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

    def ladder(self, call: CallView, call_ids: Collection[str]) -> tuple[tuple[Rung, ...], str]:
        """The messages of a call, and what became of it; no messages = they are not kept any more."""
        rungs = ladder.ladder(self._ring.of(call_ids))
        return rungs, ladder.verdict(call, rungs)

    def ladder_text(self, call_ids: Collection[str]) -> str:
        return ladder.text(ladder.ladder(self._ring.of(call_ids)))

    def capture(self, call_ids: Collection[str]) -> bytes | None:
        """As a pcap file."""
        entries = self._ring.of(call_ids)
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
