"""What is fuzzed, and what must hold for every input (see docs/fuzzing.md)."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pbx.directory import Trunk
from pbx.sip.flow import Address
from pbx.sip.message import parse
from pbx.sip.stream import PING, Framer
from pbx.switch.events import CallStarted
from tests.sip.test_fuzz import examine
from tests.sip.torture import FILES, on_the_wire
from tests.world import PBX, World

SOURCES = {
    "a": Address("192.0.2.11", 5060),
    "b": Address("192.0.2.12", 5060),
    "c": Address("192.0.2.13", 5060),
    "t": Address("198.51.100.9", 5060),
    "s": Address("203.0.113.66", 5060),
}
"""Three phones, a carrier, a stranger."""

WAITS = (0.0, 0.0, 0.1, 0.6, 1.0, 4.0, 10.0, 33.0, 70.0, 130.0)

STEP = re.compile(rb"~([abcts])([0-9])\n")
"""Before each message of a `switch` input: who sends it, and after how long."""

MIRRORS = (b"SIP/2.0 400", b"SIP/2.0 505", b"SIP/2.0 513")
"""Answers to malformed requests: they lack what those lacked."""


class Watched(World):
    """Whatever leaves the switch, to whomever, is a proper message.  `came` is what it got, as an input."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        super().__init__("1001", "1002", "1003", trunks=(Trunk("Carrier", "ip", SOURCES["t"].host),))

    def _deliver(self, data: bytes, source: Address, target: Address) -> None:
        if target == PBX:
            who = next(name for name, address in SOURCES.items() if address == source)
            self.came.append(b"~%s2\n%s" % (who.encode(), data))
        elif not data.startswith(MIRRORS):
            parse(data)
        super()._deliver(data, source, target)


def office() -> Watched:
    """One call is up, between a and b; a second one rings at a, from c."""
    world = Watched()
    anna, bert, cleo = (world.phone(f"100{n}", SOURCES[name].host) for n, name in enumerate("abc", start=1))
    anna.call("1002")
    world.run(1)
    bert.incoming.pick_up()
    world.run(6)
    cleo.call("1001")
    world.run(1)
    return world


def switch(data: bytes) -> None:
    """Messages from everybody into calls under way; the phones do nothing beside.  Nothing raises, every call
    is recorded once, and in the end nothing is left."""
    world = office()
    world.phones.clear()
    _, *steps = STEP.split(data)[:61]
    for who, wait, message in zip(steps[::3], steps[1::3], steps[2::3], strict=True):
        world.run(WAITS[int(wait)])
        world._wire.append((message, SOURCES[who.decode()], PBX))
        world.run(0)
    world.run(1)
    for view in world.switch.calls():
        world.switch.hang_up(view.call, world.now)
    world.run(1)
    world.nothing_left()
    started = [fact.call.call for fact in world.told(CallStarted)]
    assert sorted(started) == sorted(record.call for record in world.records)


def stream(data: bytes) -> None:
    """The first byte says how the rest is cut; however that is, the same messages come out."""
    width, rest = max(1, data[0]) if data else 1, data[1:]
    whole = list(Framer().feed(rest))
    framer = Framer()
    pieces = [unit for at in range(0, len(rest), width) for unit in framer.feed(rest[at : at + width])]
    assert pieces == whole
    for unit in whole:
        if unit != PING:
            examine(unit)


def seeds(target: str) -> Iterator[bytes]:
    """Where a target begins."""
    wire = [on_the_wire(name) for name in FILES]
    match target:
        case "message":
            yield from wire
        case "stream":
            yield from (b"\x40" + data + PING + data for data in wire)
        case _:
            yield from (b"~s0\n" + data for data in wire)
            yield from scenes()


WATCHED = (
    ("dialog", "dialog-info+xml"),
    ("presence", "pidf+xml"),
    ("message-summary", "simple-message-summary"),
)


def scenes() -> Iterator[bytes]:
    """What phones say in ordinary scenes, so that mutations of it are about calls that exist."""
    for play in SCENES:
        world = office()
        world.came.clear()
        play(world)
        world.run(1)
        yield b"".join(world.came)


def _hold(world: Watched) -> None:
    call = world.phones[SOURCES["a"]].calls[0]
    call.reinvite("sendonly")
    world.run(1)
    world.phones[SOURCES["b"]].incoming.pick_up()


def _late_offer(world: Watched) -> None:
    call, other = world.phones[SOURCES["b"]].incoming, world.phones[SOURCES["a"]].calls[0]
    phone, call.auto = call.phone, False
    call.request("INVITE")
    world.run(0.1)
    other.pick_up()
    world.run(0.1)
    sdp = phone.sdp("inactive")
    phone.request("ACK", call.target, call.local, call.remote, call.call_id, call.cseq, sdp)
    world.run(1)
    call.request("UPDATE", phone.sdp())


def _pick_up(world: Watched) -> None:
    call = world.phones[SOURCES["a"]].incoming
    call.reply(183, call.phone.sdp())
    world.run(1)
    call.pick_up()
    world.run(1)
    call.bye()


def _give_up(world: Watched) -> None:
    world.phones[SOURCES["c"]].calls[0].cancel()


def _transfer(world: Watched) -> None:
    call = world.phones[SOURCES["a"]].calls[0]
    phone = call.phone
    call.cseq += 1
    more = "Refer-To: <sip:1003@office.test>\r\n"
    phone.request("REFER", call.target, call.local, call.remote, call.call_id, call.cseq, extra=more)
    for name in "cb":  # the third answers, the second takes what it is offered then
        world.run(0.2)
        world.phones[SOURCES[name]].incoming.pick_up()


def _watch(world: Watched) -> None:
    phone = world.phones[SOURCES["c"]]
    me = "<sip:1003@office.test>"
    for number, (event, kind) in enumerate(WATCHED):
        more = f"Event: {event}\r\nAccept: application/{kind}\r\nExpires: 600\r\n"
        whom = "1003" if event == "message-summary" else "1001"
        text = phone.request(
            "SUBSCRIBE", f"sip:{whom}@office.test", f"{me};tag=w", me, f"w{number}", 1, extra=more
        )
        phone._pending[f"w{number} 1"] = text, None
        world.run(0.1)


def _inside(world: Watched) -> None:
    call = world.phones[SOURCES["a"]].calls[0]
    for method in ("INFO", "OPTIONS", "PRACK", "BYE"):
        call.request(method)
        world.run(0)


def _timed(world: Watched) -> None:
    phone = world.phones[SOURCES["b"]]
    call = phone.call(
        "1003", extra="Supported: timer, 100rel\r\nSession-Expires: 120;refresher=uac\r\nAllow: UPDATE\r\n"
    )
    world.run(1)
    called = world.phones[SOURCES["c"]].incoming
    called.reply(183, called.phone.sdp(), extra="Require: 100rel\r\nRSeq: 7\r\n")
    world.run(0)
    phone.request(
        "PRACK", call.target, call.local, call.remote, call.call_id, 3, extra="RAck: 1 2 INVITE\r\n"
    )
    world.run(1)
    called.pick_up()


def _carrier(world: Watched) -> None:
    sdp = world.phones[SOURCES["a"]].sdp()
    world.send(
        "INVITE sip:1002@office.test SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKt1\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:+4930@carrier>;tag=t1\r\nTo: <sip:1002@office.test>\r\n"
        "Call-ID: t1\r\nCSeq: 1 INVITE\r\nContact: <sip:198.51.100.9>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}",
        SOURCES["t"],
    )
    world.run(1)
    world.phones[SOURCES["b"]].incoming.pick_up()


SCENES = (_hold, _late_offer, _pick_up, _give_up, _transfer, _watch, _inside, _timed, _carrier)

TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {"message": examine, "stream": stream, "switch": switch}
)
