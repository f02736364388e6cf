"""Where carriers are: the switch asks, DNS answers off the hub, the switch hears of it."""

import logging
from ipaddress import ip_address
from random import SystemRandom

import gevent

from pbx.net.driver import Driver
from pbx.net.offload import Offload
from pbx.net.resolver import Resolver, way_to
from pbx.server.options import Options
from pbx.sip.flow import Address, Flow
from pbx.switch.outbox import Lookup
from pbx.switch.switch import Switch

log = logging.getLogger("warden.server")


class Finder:
    def __init__(self, options: Options, offload: Offload, driver: Driver[Switch]) -> None:
        self._options, self._offload, self._driver = options, offload, driver
        self._resolver = Resolver(self._local, SystemRandom())

    def find(self, lookup: Lookup) -> None:
        """At once; the answer takes as long as it takes."""
        gevent.spawn(self._find, lookup)

    def _find(self, lookup: Lookup) -> None:
        flows: tuple[Flow, ...] = ()
        try:
            flows = self._offload.elsewhere(self._resolver.flows, lookup)
        except Exception:
            log.exception("looking for %s", lookup.host)
        self._driver.post(lambda switch, now: switch.located(lookup.token, flows, now))

    def _local(self, transport: str, host: str) -> Address | None:
        """By which of our ends a carrier is reached."""
        listening = self._options.tls if transport == "tls" else self._options.sip
        if listening is None:
            return None
        ours = listening.host if not ip_address(listening.host).is_unspecified else way_to(host)
        return Address(ours, listening.port) if ours else None
