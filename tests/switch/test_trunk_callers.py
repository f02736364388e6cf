"""Calls from carriers and other PBXes: who they are known as, and how many there may be."""

from dataclasses import replace

import pytest

from pbx.directory import Trunk
from pbx.sip.uri import Uri
from pbx.switch.events import Trouble
from pbx.switch.trunks import caller_number
from tests.carrier import MAIN, OUT, Carrier, Office
from tests.world import Phone


@pytest.fixture
def office() -> Office:
    return Office("1001", "1002")


@pytest.fixture
def anna(office: Office) -> Phone:
    return office.phone("1001", "192.0.2.11")


def test_a_full_trunk_takes_no_more_calls_and_says_so(office: Office, anna: Phone) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(replace(MAIN, channels=1), routes=(OUT,))
    first = carrier.call("+4930123456")
    office.run(0.5)
    anna.incoming.pick_up()
    office.run(0.5)
    second = carrier.call("+4930123456")
    office.run(0.5)
    assert second.log[-1] == "503"
    (trouble,) = office.told(Trouble)
    assert trouble.text == "a call from Main was refused: all 1 channels are in use"
    first.bye()
    office.run(0.5)
    third = carrier.call("+4930123456")
    office.run(0.5)
    assert third.log[-1] == "100"


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+49-30.123@c.test", "+4930123"), ("sip:+4930123;phone-context=x@c.test", "+4930123"),
        ("tel:+49-30-123", "+4930123"), ("sip:030%20123@c.test", "030123"), ("sip:anna.b@c.test", "anna.b"),
        ("sip:c.test", "anonymous"),
    ],
)  # fmt: skip
def test_who_calls_is_a_number_without_ornaments(uri: str, number: str) -> None:
    assert caller_number(Uri.parse(uri)) == number


def test_other_addresses_of_a_carrier_are_known_and_their_neighbours_are_not(
    office: Office, anna: Phone
) -> None:
    Carrier(office, "198.51.100.1")
    office.configure(replace(MAIN, sources=("203.0.113.0/28", "203.0.113.99/32")))
    for host, known in (("203.0.113.7", True), ("203.0.113.99", True), ("203.0.113.100", False)):
        call = office.phone("493012345", host, register=False).call("+4930123456")
        office.run(0.5)
        assert ("100" in call.log) is known


PEER = Trunk("Peer", "account", "192.0.2.50", username="branch", password="secret-branch",
             numbers=(("+49301", "1001"),))  # fmt: skip


def test_a_pbx_that_has_an_account_calls_with_its_password(office: Office, anna: Phone) -> None:
    office.configure(PEER)
    branch = office.phone("branch", "192.0.2.50", register=False)
    call = branch.call("+49301")
    office.run(0.5)
    assert call.log[0] == "401", "its address alone is not enough"
    anna.incoming.pick_up()
    office.run(0.5)
    assert call.log[-1] == "200"
    assert office.switch.calls()[0].caller.line == "Peer"
    call.bye()
    other = branch.call("1002")
    office.run(0.5)
    assert other.log[-1] == "404"


def test_a_wrong_password_of_a_pbx_is_refused(office: Office, anna: Phone) -> None:
    office.configure(PEER)
    branch = office.phone("branch", "192.0.2.50", register=False)
    branch.password = "another"
    call = branch.call("+49301")
    office.run(3)
    assert "100" not in call.log
    assert not anna.calls
    branch.register()
    office.run(3)
    assert not branch.registered


def test_whoever_calls_the_contact_that_only_the_carrier_knows_is_the_carrier(
    office: Office, anna: Phone
) -> None:
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN)
    inside = carrier.contact.strip("<>")
    for host, uri, known in (
        ("203.0.113.7", inside, True),
        ("203.0.113.8", inside.partition(";")[0], False),
        ("203.0.113.9", inside.partition("=")[0] + "=0123456789abcdef", False),
    ):
        other = office.phone("493012345", host, register=False)
        caller, called = "<sip:1@c.test>;tag=1", "<sip:+4930@c.test>"
        other.request("INVITE", uri, caller, called, f"c-{host}", 1, other.sdp())
        office.run(0.5)
        assert ("100 INVITE" in other.log) is known
    assert office.switch.calls()[0].caller.line == "Main"
    office.run(100)
    office.kill()
    office.run(1)
    assert carrier.contact.strip("<>") == inside
