"""Calls and registrations leave no cycles: the collector, which stops every call, has nothing to do."""

import gc

from tests.world import World


def test_a_call_and_a_registration_are_freed_without_the_collector():
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    call = anna.call("1002")
    world.run()
    bob.incoming.ring()
    world.run()
    bob.incoming.pick_up()
    world.run(1)
    gc.collect()
    gc.disable()
    try:
        call.bye()
        anna.register()
        world.run(200)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = [type(each).__name__ for each in gc.garbage if type(each).__module__.startswith("pbx.")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
