"""Where a host is (RFC 3263): NAPTR, SRV and address records, asked off the hub and kept as long as they say.

An address that is given as such costs no question.  Finding a host takes `LIMIT` at most, whatever the DNS
server does; when there is none, or no way to it, what was found before still counts.
"""

import logging
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from random import Random
from typing import Any, NamedTuple

import dns.exception
import dns.rdatatype
import dns.resolver

from pbx.sip.flow import Address, Flow
from pbx.switch.outbox import Lookup

LIMIT = 2.0
"""Seconds for all questions about a host.  Half of them may go to what it prefers (NAPTR, SRV): a DNS server
that knows addresses alone and is silent about the rest must not make a carrier unreachable."""

NEGATIVE = 10.0
"""Seconds that "there is none" is believed."""

MOST = 500
"""Answers kept."""

_SERVICES = {"SIPS+D2T": "tls", "SIP+D2T": "tcp", "SIP+D2U": "udp"}
_SRV = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}

log = logging.getLogger("warden.net.resolver")


class Target(NamedTuple):
    transport: str
    host: str
    port: int


class Service(NamedTuple):
    """An SRV record."""

    priority: int
    weight: int
    port: int
    host: str


class Resolver:
    """`flows` may wait: call it on a thread or in a greenlet of its own.

    `local(transport, remote)` says by which of our addresses and ports a far end is reached, None = by none.
    """

    def __init__(
        self,
        local: Callable[[str, str], Address | None],
        random: Random,
        servers: Sequence[str] = (),
        port: int = 53,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local, self._random, self._clock = local, random, clock
        self._servers, self._port = tuple(servers), port
        self._kept: OrderedDict[tuple[str, str], tuple[float, list[Any]]] = OrderedDict()

    def flows(self, lookup: Lookup) -> tuple[Flow, ...]:
        """The ways to a host, the best first; () = it was not found."""
        flows, began = [], time.monotonic()
        for target in self.targets(lookup.host, lookup.port, lookup.transport):
            for host in self._addresses(target.host, began + LIMIT):
                local = self._local(target.transport, host)
                if local is not None:
                    flow = Flow(target.transport, local, Address(host, target.port), lookup.host)
                    flows.append(flow if target.transport == "tls" else flow._replace(name=""))
        return tuple(dict.fromkeys(flows))

    def targets(self, host: str, port: int, transport: str) -> list[Target]:
        """§4.1 and §4.2: transport and port, before addresses are asked for."""
        end = time.monotonic() + LIMIT / 2
        chosen = transport or "udp"
        usual = 5061 if chosen == "tls" else 5060
        if _is_address(host) or port:
            return [Target(chosen, host, port or usual)]
        transports = [transport] if transport else self._transports(host, end)
        for each in transports:
            services = [_service(record) for record in self._ask(f"{_SRV[each]}.{host}", "SRV", end)]
            if services:
                return [Target(each, s.host, s.port) for s in ordered(services, self._random)]
        return [Target(chosen, host, usual)]

    def _transports(self, host: str, end: float) -> list[str]:
        """What the host prefers (NAPTR), else the order in which we look for SRV records."""
        records = sorted(self._ask(host, "NAPTR", end), key=lambda each: (each.order, each.preference))
        words = [record.service.decode("ascii", "replace").upper() for record in records]
        found = [_SERVICES[word] for word in words if word in _SERVICES]
        return list(dict.fromkeys(found)) or ["udp", "tcp", "tls"]

    def _addresses(self, host: str, end: float) -> list[str]:
        if _is_address(host):
            return [host]
        return [record.address for kind in ("A", "AAAA") for record in self._ask(host, kind, end)]

    def _ask(self, name: str, kind: str, end: float) -> list[Any]:
        """The records, until `end` at the latest; those from before when there is no answer."""
        key, now, left = (name.lower(), kind), self._clock(), end - time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and (kept[0] > now or left <= 0):
            return kept[1]
        if left <= 0:
            return []
        try:
            answer = self._resolver().resolve(name, kind, lifetime=left, search=False)
            until, records = now + max(1, answer.rrset.ttl if answer.rrset else NEGATIVE), list(answer)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            until, records = now + NEGATIVE, []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            log.info("%s %s: no answer (%s)", kind, name, error)
            # What was true a while ago is a better guess than nothing.
            until, records = now + NEGATIVE, kept[1] if kept is not None else []
        self._kept.pop(key, None)
        self._kept[key] = until, records
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return records

    def _resolver(self) -> dns.resolver.Resolver:
        """A new one each time: the machine's own settings may have changed."""
        resolver = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = list(self._servers)
            resolver.port = self._port
        resolver.timeout = LIMIT / 4
        return resolver


def _service(record: Any) -> Service:
    return Service(record.priority, record.weight, record.port, record.target.to_text(omit_final_dot=True))


def ordered(services: Iterable[Service], random: Random) -> list[Service]:
    """RFC 2782: by priority, and within one by lot, heavier ones more likely first."""
    left, order = sorted(services), []
    while left:
        first = [each for each in left if each.priority == left[0].priority]
        lot = random.randint(0, sum(each.weight for each in first))
        for each in sorted(first, key=lambda service: service.weight > 0):
            lot -= each.weight
            if lot <= 0:
                break
        order.append(each)
        left.remove(each)
    return order


def way_to(host: str) -> str:
    """Which of our addresses packets to `host` leave from, "" = there is no way.  Sends nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((host, 9))
        except OSError:
            return ""
        ours: str = sock.getsockname()[0]
        return ours


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
