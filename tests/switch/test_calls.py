"""Two phones and a switch: every way a call of an office begins and ends."""

from pbx.switch.events import CallStarted, SetupTimed
from tests.world import WALL, World


def ringing(world: World):
    """1001 calls 1002, whose phone rings."""
    anna = world.phone("1001", "192.0.2.11")
    bob = world.phone("1002", "192.0.2.12")
    call = anna.call("1002")
    world.run()
    bob.incoming.ring()
    world.run()
    return call, bob.incoming


def talking(world: World):
    call, other = ringing(world)
    world.run(3)
    other.pick_up()
    world.run()
    assert "200" in call.log
    return call, other


def test_a_call_rings_is_answered_and_the_caller_hangs_up():
    world = World("1001", "1002")
    call, other = ringing(world)
    assert call.log == ["401", "100", "180"]
    world.run(3)
    assert world.switch.talking() == []
    other.pick_up()
    world.run(5)
    assert world.switch.talking() == [each.call for each in world.switch.calls()]
    assert call.log[-1] == "200"
    assert other.log == ["INVITE", "ACK"]
    call.bye()
    world.run()
    assert call.log[-1] == "200 BYE"
    assert other.log[-1] == "BYE"
    record = world.record
    assert (record.caller.number, record.dialled, record.callee.name) == ("1001", "1002", "Person 1002")
    assert (record.state, record.cause, record.ended_by) == ("ended", "normal", "caller")
    assert (record.ringing, record.answered, record.ended) == (WALL, WALL + 3, WALL + 8)
    assert [leg.counters.received for leg in record.legs] == [50, 50]
    assert [fact.seconds for fact in world.told(SetupTimed)] == [0.0]
    world.nothing_left()


def test_the_callee_hangs_up():
    world = World("1001", "1002")
    call, other = talking(world)
    other.bye()
    world.run()
    assert call.log[-1] == "BYE"
    assert (world.record.cause, world.record.ended_by) == ("normal", "callee")
    world.nothing_left()


def test_both_hang_up_at_once():
    world = World("1001", "1002")
    call, other = talking(world)
    call.bye()
    other.bye()
    world.run()
    assert "200 BYE" in call.log
    assert "200 BYE" in other.log
    assert len(world.records) == 1
    world.nothing_left()


def test_the_caller_gives_up():
    world = World("1001", "1002")
    call, other = ringing(world)
    call.cancel()
    world.run()
    assert call.log[-2:] == ["200 CANCEL", "487"]
    assert other.log == ["INVITE", "CANCEL", "ACK"]
    assert (world.record.cause, world.record.answered) == ("cancelled", None)
    world.nothing_left()


def test_the_callee_is_busy():
    world = World("1001", "1002")
    call, other = ringing(world)
    other.reply(486)
    world.run()
    assert call.log[-1] == "486"
    assert (world.record.cause, world.record.ended_by) == ("busy", "callee")
    assert world.record.cause_text == "busy"
    world.nothing_left()


def test_the_callee_declines():
    world = World("1001", "1002")
    call, other = ringing(world)
    other.reply(603)
    world.run()
    assert call.log[-1] == "603"
    assert world.record.cause == "declined"
    world.nothing_left()


def test_a_phones_trouble_is_told_as_ours_not_as_a_server_error():
    world = World("1001", "1002")
    call, other = ringing(world)
    other.reply(401)
    world.run()
    assert call.log[-1] == "500"
    assert world.record.cause == "failed"
    world.nothing_left()


def test_nobody_answers():
    world = World("1001", "1002")
    call, other = ringing(world)
    world.run(31)
    assert call.log[-1] == "480"
    assert other.log == ["INVITE", "CANCEL", "ACK"]
    assert (world.record.cause, world.record.ended_by) == ("no_answer", "switch")
    world.nothing_left()


def test_no_phone_is_registered():
    world = World("1001", "1002")
    call = world.phone("1001", "192.0.2.11").call("1002")
    world.run()
    assert call.log[-1] == "480"
    assert world.record.cause == "offline"
    world.nothing_left()


def test_no_such_number():
    world = World("1001")
    call = world.phone("1001", "192.0.2.11").call("1999")
    world.run()
    assert call.log[-1] == "404"
    assert (world.record.cause, world.record.dialled) == ("not_found", "1999")
    world.nothing_left()


def test_a_phone_that_is_gone_ends_as_unreachable():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    bob = world.phone("1002", "192.0.2.12")
    del world.phones[bob.address]
    call = anna.call("1002")
    world.run(40)
    assert call.log[-1] == "408"
    assert world.record.cause == "unreachable"
    world.nothing_left()


def test_a_busy_phone_says_more_than_one_that_is_gone():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    desk, gone = world.phone("1002", "192.0.2.12"), world.phone("1002", "192.0.2.13")
    del world.phones[gone.address]
    call = anna.call("1002")
    world.run()
    desk.incoming.reply(486)
    world.run(40)
    assert call.log[-1] == "486"
    assert world.record.cause == "busy"
    world.nothing_left()


def test_all_phones_of_an_extension_ring_and_the_losers_stop():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    desk, mobile = world.phone("1002", "192.0.2.12"), world.phone("1002", "192.0.2.13")
    call = anna.call("1002")
    world.run()
    desk.incoming.ring()
    mobile.incoming.ring()
    world.run()
    assert call.log.count("180") == 1
    mobile.incoming.pick_up()
    world.run()
    assert call.log[-1] == "200"
    assert desk.incoming.log == ["INVITE", "CANCEL", "ACK"]
    call.bye()
    world.run()
    causes = {leg.address: leg.cause for leg in world.record.legs}
    assert causes["192.0.2.12:5060"] == "answered_elsewhere"
    assert mobile.incoming.log[-1] == "BYE"
    world.nothing_left()


def test_one_busy_phone_does_not_stop_the_other():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    desk, mobile = world.phone("1002", "192.0.2.12"), world.phone("1002", "192.0.2.13")
    call = anna.call("1002")
    world.run()
    desk.incoming.reply(486)
    world.run()
    assert "486" not in call.log
    mobile.incoming.reply(480)
    world.run()
    assert call.log[-1] == "486"
    world.nothing_left()


def test_a_person_who_declines_speaks_for_all_phones():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    desk, mobile = world.phone("1002", "192.0.2.12"), world.phone("1002", "192.0.2.13")
    call = anna.call("1002")
    world.run()
    mobile.incoming.ring()
    desk.incoming.reply(603)
    world.run()
    assert call.log[-1] == "603"
    assert "CANCEL" in mobile.incoming.log
    world.nothing_left()


def test_calling_oneself_is_busy():
    world = World("1001")
    call = world.phone("1001", "192.0.2.11").call("1001")
    world.run()
    assert call.log[-1] == "486"
    world.nothing_left()


def test_calling_ones_own_number_rings_ones_other_phone():
    world = World("1001")
    desk, mobile = world.phone("1001", "192.0.2.11"), world.phone("1001", "192.0.2.12")
    desk.call("1001")
    world.run()
    assert mobile.incoming.log == ["INVITE"]
    assert [call for call in desk.calls if call.invite] == []


def test_two_extensions_may_share_one_address():
    world = World("1001", "1002")
    world.phone("1002", "192.0.2.12")
    softphone = world.phone("1001", "192.0.2.12")
    call = softphone.call("1002")
    world.run()
    softphone.incoming.ring()
    world.run()
    assert call.log[-1] == "180"


def test_the_admin_hangs_up():
    world = World("1001", "1002")
    call, other = talking(world)
    (view,) = world.switch.calls()
    assert world.switch.hang_up(view.call, world.now)
    world.run(1)
    world.switch.advance(world.now)
    assert not world.switch.hang_up("no such call", world.now)
    world.run()
    assert (call.log[-1], other.log[-1]) == ("BYE", "BYE")
    assert world.record.cause == "hung_up_by_admin"
    world.nothing_left()


def test_the_admin_hangs_up_while_it_rings():
    world = World("1001", "1002")
    call, other = ringing(world)
    (view,) = world.switch.calls()
    assert world.switch.hang_up(view.call, world.now)
    world.run(1)
    assert call.log[-1] == "480"
    assert "CANCEL" in other.log
    assert world.record.cause == "hung_up_by_admin"
    world.nothing_left()


def test_stopping_the_system_says_goodbye_to_everybody():
    world = World("1001", "1002", "1003")
    call, other = talking(world)
    carl = world.phone("1003", "192.0.2.14")
    second = carl.call("1001")
    world.run()
    world.switch.shut_down(world.now)
    third = carl.call("1002")
    world.run()
    world.run(1)
    assert world.switch.empty
    assert (call.log[-1], other.log[-1]) == ("BYE", "BYE")
    assert second.log[-1] == "503"
    assert third.log[-1] == "503"
    assert {record.cause for record in world.records} == {"shutdown"}
    world.nothing_left()


def test_a_lost_ack_ends_both_sides():
    world = World("1001", "1002")
    call, other = ringing(world)
    call.auto = False
    other.pick_up()
    world.run(40)
    assert call.log.count("200") > 3
    assert call.log[-1] == "BYE"
    assert other.log[-1] == "BYE"
    assert world.record.cause == "no_ack"
    world.nothing_left()


def test_a_call_started_is_told_once():
    world = World("1001", "1002")
    talking(world)
    assert len(world.told(CallStarted)) == 1


def test_hops_are_counted_down_across_the_switch():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    bob = world.phone("1002", "192.0.2.12")
    anna.call("1002", hops=7)
    world.run()
    assert bob.incoming.invite.max_forwards == 6


def test_the_caller_is_named_by_the_directory_not_by_the_message():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    bob = world.phone("1002", "192.0.2.12")
    anna.call("1002", extra='P-Asserted-Identity: "The boss" <sip:1@office.test>\r\n')
    world.run()
    assert bob.incoming.invite.from_.display == "Person 1001"
    assert bob.incoming.invite.get("P-Asserted-Identity") is None


def test_a_phone_behind_a_proxy_is_called_by_its_path():
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    edge = world.phone("1002", "192.0.2.30", register=False)
    edge.register(contact="<sip:1002@10.1.1.1:5060>\r\nPath: <sip:192.0.2.30;lr>")
    world.run()
    anna.call("1002")
    world.run()
    invite = edge.incoming.invite
    assert invite.raw_uri == "sip:1002@10.1.1.1:5060"
    assert invite.all("Route") == ["<sip:192.0.2.30;lr>"]
