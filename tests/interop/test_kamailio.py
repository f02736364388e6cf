"""Kamailio as the carrier of a trunk: registration, calls both ways, a host that stops in mid-set-up."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.interop import sound
from tests.interop.baresip import Baresip, talk
from tests.interop.kamailio import ACCOUNT, SECRET, SUBSCRIBER, SUBSCRIBER_SECRET, Kamailio
from tests.network import Network, _ip
from tests.office import Office, office_yaml, wait_for

DOMAIN = "10.79.1.1"
FIRST, SECOND, OUTSIDE = "10.79.2.2", "10.79.2.3", "10.79.2.4"
LOW, HIGH = 440.0, 1000.0


def document(transport: str) -> str:
    office = yaml.safe_load(office_yaml(DOMAIN, ["1001"]))
    trunk = {"name": "Carrier", "kind": "register", "address": FIRST, "fallbacks": [SECOND], "probe": 2}
    trunk |= {"username": ACCOUNT, "password": SECRET, "transport": transport, "numbers": {"*": "1001"}}
    office["trunks"] = [trunk | {"domain": "carrier.test"}]
    office["routes"] = [{"name": "Out", "pattern": "0X.", "strip": 1, "trunks": ["Carrier"]}]
    return str(yaml.safe_dump(office))


@pytest.fixture(scope="module")
def carriers_network(network: Network) -> Network:
    for address in (SECOND, OUTSIDE):
        _ip("-n", network.phone(2), "address", "add", f"{address}/24", "dev", "lan")
    return network


MakeOffice = Callable[..., tuple[Office, Kamailio, Kamailio]]


@pytest.fixture
def site(program: Callable[[str], str], carriers_network: Network, tmp_path: Path) -> Iterator[MakeOffice]:
    """Makes an office with a trunk to two Kamailios, once that is registered at the first."""
    program("kamailio")
    network, started = carriers_network, []

    def make(transport: str = "udp", slow: float = 0) -> tuple[Office, Kamailio, Kamailio]:
        where = network.phone(2)
        hosts = [
            Kamailio(tmp_path / "first", where, FIRST, "carrier.test", OUTSIDE, slow),
            Kamailio(tmp_path / "second", where, SECOND, "carrier.test", OUTSIDE),
        ]
        for host in hosts:
            started.append(host)
            host.start()
        (tmp_path / "office").mkdir()
        office = Office(
            tmp_path / "office", "127.0.0.1", sip="0.0.0.0:5060", rtp="10000-10099", namespace=network.switch
        )
        office.bring_in(document(transport))
        office.add_admin()
        office.start()
        started.append(office)
        wait_for(
            lambda: state(office) == "up", 20, f"the trunk is up\n{hosts[0].log()}\n{office.last_words()}"
        )
        words = f"{hosts[0].log()}\n{hosts[1].log()}\n{office.last_words()}"
        assert hosts[0].saw(f"REGISTERED {ACCOUNT}") == 1, words
        return office, hosts[0], hosts[1]

    yield make
    for one in reversed(started):
        one.stop()
    assert not [text for one in started if isinstance(one, Office) for text in one.tracebacks()]


@pytest.fixture
def phones(carriers_network: Network, tmp_path: Path) -> Iterator[Callable[[], tuple[Baresip, Baresip]]]:
    """The desk in the office, and a subscriber of the carrier; who is called after the office is there."""
    made: list[Baresip] = []

    def make() -> tuple[Baresip, Baresip]:
        low, high = sound.tone(tmp_path / "low.wav", LOW, 8000), sound.tone(tmp_path / "high.wav", HIGH, 8000)
        network = carriers_network
        desk = Baresip(
            tmp_path / "desk", network.phone(1), "10.79.1.2", "1001", DOMAIN, "10.79.1.1", "PCMU", low
        )
        there = SUBSCRIBER, "carrier.test", FIRST, "PCMU", high, SUBSCRIBER_SECRET
        outside = Baresip(tmp_path / "outside", network.phone(2), OUTSIDE, *there)
        for phone in (desk, outside):
            made.append(phone)
            phone.start()
        return desk, outside

    yield make
    for phone in made:
        phone.stop()


def state(office: Office) -> str:
    (trunk,) = office.api("/api/trunks")["items"]
    return str(trunk["state"])


def hang_up(ends: Baresip, other: Baresip) -> None:
    ends.hang_up()
    other.await_event("CALL_CLOSED")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_registered_with_it_calls_out_and_in_are_heard(
    site: MakeOffice, phones: Callable[[], tuple[Baresip, Baresip]], transport: str
) -> None:
    office, first, second = site(transport)
    desk, outside = phones()
    desk.dial(f"0{SUBSCRIBER}")
    desk.await_event("CALL_ESTABLISHED")
    outside.await_event("CALL_ESTABLISHED")
    talk(3)
    hang_up(desk, outside)
    assert sound.share(desk.recording(), HIGH) > 0.9
    assert sound.share(outside.recording(), LOW) > 0.9
    record = office.record("1001", f"0{SUBSCRIBER}")
    assert (record["cause"], record["callee"]["kind"]) == ("normal", "trunk")

    desk.events.clear()
    outside.dial(ACCOUNT)
    outside.await_event("CALL_ESTABLISHED")
    desk.await_event("CALL_ESTABLISHED")
    talk(3)
    hang_up(outside, desk)
    assert sound.share(desk.recording(), HIGH) > 0.9
    assert sound.share(outside.recording(), LOW) > 0.9
    record = office.record(SUBSCRIBER, ACCOUNT)
    assert (record["cause"], record["callee"]["number"]) == ("normal", "1001")
    assert first.saw("PROVEN INVITE") == 2
    assert second.saw("INVITE") == 0
    office.settled()


def test_a_host_that_stands_still_after_its_challenge_is_left(
    site: MakeOffice, phones: Callable[[], tuple[Baresip, Baresip]]
) -> None:
    """It has our INVITE with the credentials when it stops; it goes on when the call is up elsewhere."""
    office, first, second = site(slow=2)
    desk, outside = phones()
    desk.dial(f"0{SUBSCRIBER}")
    wait_for(lambda: first.saw("PROVEN INVITE"), 10, "it has the INVITE")
    first.freeze()
    began = time.monotonic()
    desk.await_event("CALL_ESTABLISHED")
    assert time.monotonic() - began < 4 + 2, "within four seconds, and what a loaded machine adds"
    outside.await_event("CALL_ESTABLISHED")
    assert second.saw("PROVEN INVITE") == 1
    first.thaw()
    talk(4)
    assert len(office.live()) == 1, "the late answer is a call of nobody's"
    assert state_of_legs(office) == ["answered"], office.live()
    hang_up(desk, outside)
    assert sound.share(desk.recording(), HIGH) > 0.8
    office.settled()
    wait_for(lambda: state(office) == "up", 20, "it is well again")

    asked = first.saw("PROVEN INVITE")
    desk.dial(f"0{SUBSCRIBER}")
    desk.await_event("CALL_ESTABLISHED")
    assert first.saw("PROVEN INVITE") > asked, "the first one is asked first again"
    hang_up(desk, outside)
    office.settled()


def state_of_legs(office: Office) -> list[str]:
    """Of those towards the carrier that are not over."""
    legs: list[dict[str, Any]] = office.live()[0]["legs"]
    return [leg["state"] for leg in legs if leg["direction"] == "out" and leg["state"] != "ended"]
