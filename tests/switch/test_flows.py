"""Phones with several flows, and calls to one phone among many (RFC 5626, RFC 5627)."""

import pytest

from pbx.switch.events import PhoneRegistered
from tests.world import DOMAIN, WALL, World

URN = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def flow(host: str, reg_id: int, urn: str = URN) -> str:
    """The Contact of a phone's flow, with the header that makes it one."""
    return f'<sip:1002@{host}>;reg-id={reg_id};+sip.instance="<{urn}>"\r\nSupported: outbound, gruu'


def two_flows_and_another() -> World:
    """1002 has a phone with two flows, that come from two hosts here, and another phone."""
    world = World("1001", "1002")
    world.phone("1001", "192.0.2.11")
    world.phone("1002", "192.0.2.14")
    for reg_id, host in enumerate(("192.0.2.12", "192.0.2.13"), 1):
        world.run(1)
        world.phone("1002", host, register=False).register(contact=flow(host, reg_id))
    world.run(1)
    return world


def rung(world: World) -> list[str]:
    return [phone.address.host for phone in world.phones.values() if "INVITE" in phone.log]


def test_every_phone_rings_once_by_its_newest_flow() -> None:
    world = two_flows_and_another()
    caller = next(iter(world.phones.values()))
    call = caller.call("1002")
    world.run()
    assert rung(world) == ["192.0.2.14", "192.0.2.13"]
    for phone in list(world.phones.values())[1:]:
        if "INVITE" in phone.log:
            phone.incoming.ring()
    world.run(10)
    assert rung(world) == ["192.0.2.14", "192.0.2.13"]
    call.cancel()
    world.nothing_left()


def test_a_flow_that_says_nothing_is_followed_by_the_next() -> None:
    world = two_flows_and_another()
    caller, other, first, second = world.phones.values()
    world.lose = lambda data: b"INVITE sip:1002@192.0.2.13" in data
    call = caller.call("1002")
    world.run(3.1)
    other.incoming.ring()
    first.incoming.pick_up()
    world.run(1)
    assert (first.incoming.log, second.log[-1]) == (["INVITE", "ACK"], "200 REGISTER")
    call.bye()
    world.nothing_left()
    assert world.record.cause == "normal"


@pytest.mark.parametrize(("gr", "hosts"), [(URN, ["192.0.2.13"]), ("urn:uuid:gone", [])])
def test_who_calls_a_gruu_gets_that_phone_or_none(gr: str, hosts: list[str]) -> None:
    world = two_flows_and_another()
    caller = next(iter(world.phones.values()))
    call = caller.call("1002")
    world._wire.clear()
    call.sent = call.sent.replace(f"sip:1002@{DOMAIN}", f"sip:1002@{DOMAIN};gr={gr}", 1)
    caller._pending[f"{call.call_id} 1"] = (call.sent, call)
    caller.send(call.sent)
    world.run()
    assert rung(world) == hosts
    if hosts:
        call.cancel()
    else:
        assert call.log[-1] == "480"
    world.nothing_left()


def test_flows_survive_a_restart() -> None:
    world = two_flows_and_another()
    kept = [fact.binding for fact in world.told(PhoneRegistered)]
    assert len({binding.slot for binding in kept if binding.aor == "1002"}) == 3
    after = World("1001", "1002")
    after.now = world.now
    after.switch.correct_clock(after.now, WALL + after.now - 1000.0)
    after.switch.restore(kept, after.now)
    assert sorted(after.switch.phones(), key=lambda view: view.flow) == sorted(
        world.switch.phones(), key=lambda view: view.flow
    )
    (ways, _) = after.switch._stack.registrar.ways("1002")
    assert [(way.reg_id, way.gruu) for way in ways] == [(2, URN), (1, URN)]
