"""*43 from one phone alone."""

from tests.world import World


def test_the_echo_test_lets_one_hear_oneself():
    world = World("1001")
    call = world.phone("1001", "192.0.2.11").call("*43")
    world.run()
    assert call.log[-1] == "200"
    (leg,) = world.wanted.legs
    assert world.wanted.hears == ((leg.leg, leg.leg),)
    call.bye()
    world.run()
    assert (world.record.callee.name, world.record.callee.kind) == ("Echo test", "service")
    world.nothing_left()


def test_hold_on_the_echo_test_is_agreed_to():
    world = World("1001")
    call = world.phone("1001", "192.0.2.11").call("*43")
    world.run()
    call.reinvite("sendonly")
    world.run()
    assert b"a=recvonly" in call.sdp
    assert world.wanted.hears == ()
