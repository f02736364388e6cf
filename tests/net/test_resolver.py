"""Where hosts are, asked of a DNS server that a test runs on loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from random import Random

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from pbx.net.resolver import LIMIT, MOST, NEGATIVE, Resolver, Service, ordered, way_to
from pbx.sip.flow import Address
from pbx.switch.outbox import Lookup

ZONE = """
carrier.test. 60 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.carrier.test.
carrier.test. 60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.carrier.test.
_sip._tcp.carrier.test. 60 IN SRV 20 0 5070 b.carrier.test.
_sip._tcp.carrier.test. 60 IN SRV 10 0 5060 a.carrier.test.
_sip._udp.carrier.test. 60 IN SRV 10 0 5060 a.carrier.test.
_sips._tcp.carrier.test. 60 IN SRV 10 0 5061 a.carrier.test.
a.carrier.test. 60 IN A 127.0.0.1
b.carrier.test. 60 IN A 127.0.0.2
b.carrier.test. 60 IN AAAA ::1
plain.test. 1 IN A 127.0.0.3
"""


class Server:
    """Answers from ZONE; `silent` = it does not, `asked` counts."""

    def __init__(self) -> None:
        self.records = [line.split(maxsplit=4) for line in ZONE.strip().splitlines()]
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.asked: list[tuple[str, str]] = []
        self.silent = False
        self.knows = {"NAPTR", "SRV", "A", "AAAA"}  # it is silent about all others
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, peer = self.sock.recvfrom(4096)
            if data == b"end":
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
            self.asked.append((name, kind))
            if self.silent or kind not in self.knows:
                continue
            answer = dns.message.make_response(query)
            found = [record for record in self.records if (record[0], record[3]) == (name, kind)]
            if found:
                texts = [record[4] for record in found]
                answer.answer.append(dns.rrset.from_text(name, int(found[0][1]), "IN", kind, *texts))
            elif not any(owner == name for owner, *_ in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.sock.sendto(answer.to_wire(), peer)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join()
        self.sock.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def resolver(server: Server, clock: Clock | None = None) -> Resolver:
    def local(transport: str, host: str) -> Address | None:
        return Address(way_to(host), 5061 if transport == "tls" else 5060)

    return Resolver(local, Random(1), ["127.0.0.1"], server.port, clock or Clock())


def ways(found: tuple) -> list[str]:
    return [str(flow) for flow in found]


def test_what_the_carrier_prefers_comes_first(server: Server) -> None:
    found = resolver(server).flows(Lookup("t", "carrier.test", 0, ""))
    assert ways(found) == ["tcp:127.0.0.1:5060", "tcp:127.0.0.2:5070", "tcp:[::1]:5070"]
    assert found[0].local == Address("127.0.0.1", 5060)


def test_a_transport_that_was_chosen_is_the_one(server: Server) -> None:
    (flow,) = resolver(server).flows(Lookup("t", "carrier.test", 0, "tls"))
    assert (str(flow), flow.name) == ("tls:127.0.0.1:5061", "carrier.test")


def test_a_host_without_services_is_its_address(server: Server) -> None:
    assert ways(resolver(server).flows(Lookup("t", "plain.test", 0, ""))) == ["udp:127.0.0.3:5060"]
    assert ways(resolver(server).flows(Lookup("t", "plain.test", 5080, "tcp"))) == ["tcp:127.0.0.3:5080"]


def test_an_address_is_not_asked_for(server: Server) -> None:
    assert ways(resolver(server).flows(Lookup("t", "127.0.0.9", 0, ""))) == ["udp:127.0.0.9:5060"]
    assert server.asked == []


def test_answers_are_kept_as_long_as_they_say(server: Server) -> None:
    clock = Clock()
    one = resolver(server, clock)
    one.flows(Lookup("t", "plain.test", 5080, ""))
    asked = len(server.asked)
    one.flows(Lookup("t", "plain.test", 5080, ""))
    assert len(server.asked) == asked
    clock.now += 1.5
    one.flows(Lookup("t", "plain.test", 5080, ""))
    assert len(server.asked) > asked


def test_nobody_is_not_found(server: Server) -> None:
    assert resolver(server).flows(Lookup("t", "nobody.test", 0, "")) == ()


def test_a_silent_server_costs_little_and_what_was_found_still_counts(server: Server) -> None:
    clock = Clock()
    one = resolver(server, clock)
    one.flows(Lookup("t", "plain.test", 5080, "udp"))
    server.silent = True
    clock.now += 100
    began = time.monotonic()
    found = one.flows(Lookup("t", "plain.test", 5080, "udp"))
    assert ways(found) == ["udp:127.0.0.3:5080"]
    assert time.monotonic() - began < LIMIT + 1


def test_all_questions_together_end_in_time(server: Server) -> None:
    server.silent = True
    began = time.monotonic()
    assert resolver(server).flows(Lookup("t", "carrier.test", 0, "")) == ()
    assert time.monotonic() - began < LIMIT + 1


def test_a_server_that_knows_addresses_alone_is_enough(server: Server) -> None:
    server.knows = {"A"}
    began = time.monotonic()
    assert ways(resolver(server).flows(Lookup("t", "a.carrier.test", 0, ""))) == ["udp:127.0.0.1:5060"]
    assert time.monotonic() - began < LIMIT + 1


def test_that_there_is_none_is_believed_for_a_while(server: Server) -> None:
    clock = Clock()
    one = resolver(server, clock)
    one.flows(Lookup("t", "nobody.test", 5060, ""))
    asked = len(server.asked)
    clock.now += NEGATIVE - 1
    one.flows(Lookup("t", "nobody.test", 5060, ""))
    assert len(server.asked) == asked
    clock.now += 2
    one.flows(Lookup("t", "nobody.test", 5060, ""))
    assert len(server.asked) == 2 * asked


def test_what_is_kept_is_bounded(server: Server) -> None:
    one = resolver(server)
    for n in range(MOST):
        one.flows(Lookup("t", f"n{n}.test", 5060, ""))
    assert len(one._kept) == MOST


def test_where_there_is_no_server_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: object, filename: str = "") -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", none)
    began = time.monotonic()
    found = Resolver(lambda transport, host: None, Random(1)).flows(Lookup("t", "carrier.test", 0, ""))
    assert found == ()
    assert time.monotonic() - began < 0.5


def test_the_machine_s_settings_are_read_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `resolv.conf` changed: first it names a silent address, then our server."""
    places = iter([("127.0.0.1", 9), *[("127.0.0.1", server.port)] * 9])

    def configured(self: dns.resolver.Resolver, filename: str = "") -> None:
        host, self.port = next(places)
        self.nameservers = [host]

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", configured)
    clock = Clock()
    one = Resolver(lambda transport, host: Address("127.0.0.1", 5060), Random(1), clock=clock)
    assert one.flows(Lookup("t", "plain.test", 5060, "")) == ()
    clock.now += NEGATIVE + 1
    assert ways(one.flows(Lookup("t", "plain.test", 5060, ""))) == ["udp:127.0.0.3:5060"]


def test_services_by_priority_then_by_lot() -> None:
    services = [Service(2, 0, 1, "last"), Service(1, 9, 1, "heavy"), Service(1, 1, 1, "light")]
    firsts = [ordered(services, Random(seed))[0].host for seed in range(100)]
    assert {ordered(services, Random(seed))[-1].host for seed in range(100)} == {"last"}
    assert 70 < firsts.count("heavy") < 99
