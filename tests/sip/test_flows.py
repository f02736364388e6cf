"""Phones that keep flows: several of one phone, what happens when one is lost, and their GRUUs (RFC 5626,
RFC 5627)."""

from itertools import count

import pytest

from pbx.sip.events import Answered, Invited, Refused, Registered, Unregistered
from pbx.sip.flow import Address, Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Message, Request
from pbx.sip.outgoing import Way
from pbx.sip.uri import Uri
from tests.sip.kit import ANNA, ANSWER, BOB, DOMAIN, OFFER, SERVER, Phone, Rig, label, sdp

URN = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
OUTBOUND = ["Supported: path, outbound, gruu"]
FIRST, SECOND = Address("198.51.100.9", 40001), Address("198.51.100.9", 40002)


class Connected(Rig):
    """Everybody comes by a connection."""

    transport = "tcp"

    def flow(self, far: Address) -> Flow:
        return Flow(self.transport, SERVER, far)

    def hear(self, data: bytes, source: Address) -> list[Message]:
        before = len(self.said)
        self.stack.receive(data, self.flow(source), self.now)
        return self.drain(before)

    def lose(self, far: Address) -> None:
        self.stack.broken(self.flow(far), self.now)
        self.drain()


def contact(reg_id: int = 1, uri: str = "sip:1001@10.0.0.5:5060;transport=tcp", urn: str = URN) -> str:
    flow = f";reg-id={reg_id}" if reg_id else ""
    return f'<{uri}>{flow};+sip.instance="<{urn}>"'


def register(rig: Rig, far: Address, reg_id: int = 1, **how: object) -> Message:
    """The phone 1001 registers by the flow from `far`."""
    phone = Phone(rig, address=far)
    phone.call_id = f"register-{far}-{len(rig.said)}"
    phone.branches = (f"z9hG4bK-{phone.call_id}-{number}" for number in count())
    headers = [*how.pop("headers", OUTBOUND)]  # type: ignore[misc]
    (answer,) = phone.register(contact(reg_id, **how), headers=headers)  # type: ignore[arg-type]
    return answer


def ways(rig: Rig) -> list[list[int]]:
    return [[way.flow.remote.port for way in ways] for ways in rig.stack.registrar.ways("1001")]


def test_a_phone_has_as_many_flows_as_it_registers_and_is_one_phone() -> None:
    rig = Connected()
    answer = register(rig, FIRST)
    assert (label(answer), answer.require) == ("200 REGISTER", ("outbound",))
    assert "outbound" in answer.supported
    assert answer.get("Flow-Timer") == "90"
    rig.wait(1)
    assert len(register(rig, SECOND, 2).all("Contact")) == 2
    assert ways(rig) == [[40002, 40001]]
    assert [type(event) for event in rig.events()] == [Registered, Registered]
    rig.lose(SECOND)
    assert [event.why for event in rig.events() if isinstance(event, Unregistered)] == ["connection lost"]
    assert ways(rig) == [[40001]]
    rig.lose(FIRST)
    assert len(rig.stack.registrar) == 0
    rig.wait(60)
    assert rig.stack.idle


def test_a_flow_that_is_lost_is_not_looked_for_at_its_contact() -> None:
    rig = Connected()
    register(rig, FIRST, uri=f"sip:1001@{FIRST.host}:5060;transport=tcp")
    rig.lose(FIRST)
    assert len(rig.stack.registrar) == 0


def test_a_flow_that_comes_anew_takes_the_place_of_the_old_one() -> None:
    rig = Connected()
    register(rig, FIRST)
    since = rig.event(Registered).binding.since
    rig.wait(5)
    register(rig, SECOND, uri="sip:1001@10.0.0.6:6000;transport=tcp")
    renewed = rig.event(Registered)
    assert (renewed.refresh, renewed.binding.since) == (True, since)
    assert ways(rig) == [[40002]]
    register(rig, SECOND, 0, headers=[])  # the same phone with an older firmware
    assert len(rig.stack.registrar) == 1
    register(rig, SECOND, 2, uri="sip:1001@10.0.0.7;transport=tcp", urn="urn:uuid:another")
    assert len(rig.stack.registrar.ways("1001")) == 2


def test_a_flow_of_datagrams_is_answered_where_it_comes_from_and_not_where_its_contact_says() -> None:
    rig = Rig()
    answer = register(rig, ANNA._replace(port=40000), uri=f"sip:1001@{ANNA.host}:5060")
    assert answer.get("Flow-Timer") is None
    assert ways(rig) == [[40000]]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 439),
        (["Path: <sip:edge.example;lr>"], 439),
        (["Path: <sip:inner.example;lr>, <sip:edge.example;lr;ob>"], 200),
        (["Path: <sip:inner.example;lr;ob>, <sip:edge.example;lr>"], 439),
    ],
)
def test_a_proxy_in_between_must_keep_the_flow_too(headers: list[str], status: int) -> None:
    rig = Connected()
    behind = [*OUTBOUND, "Via: SIP/2.0/TCP 10.0.0.5;branch=z9hG4bKphone", *headers]
    assert label(register(rig, FIRST, headers=behind)) == f"{status} REGISTER"
    assert len(rig.stack.registrar) == (status == 200)


def test_without_the_word_outbound_a_flow_is_a_contact() -> None:
    rig = Connected()
    for far in (FIRST, SECOND):
        assert register(rig, far, far.port - 40000, headers=[]).get("Require") is None
    assert ways(rig) == [[40002]]


def test_the_gruu_is_told_to_who_knows_what_it_is() -> None:
    rig = Connected()
    assert "pub-gruu" not in (register(rig, FIRST, headers=[]).get("Contact") or "")
    told = NameAddr.parse(register(rig, FIRST, headers=["Supported: gruu"]).all("Contact")[0])
    assert told.param("pub-gruu") == f"sip:1001@{DOMAIN};gr={URN}"
    assert Uri.parse(told.param("pub-gruu") or "").param("gr") == URN
    echoed = f'{contact()};pub-gruu="sip:mallory@evil"'
    phone = Phone(rig, address=Address("10.0.0.7", 5060))
    (answer,) = phone.register(echoed, headers=["Supported: gruu"])
    assert answer.all("Contact")[0].count("pub-gruu") == 1
    # What is no URN is no GRUU.
    told = NameAddr.parse(register(rig, SECOND, headers=["Supported: gruu"], urn="a").all("Contact")[0])
    assert told.param("pub-gruu") is None


def test_the_time_of_day_is_in_the_answer_when_it_is_known() -> None:
    rig = Rig()
    assert register(rig, ANNA).get("Date") is None
    rig.stack.tell_time(rig.now, 1_790_000_000.0)
    rig.wait(5)
    assert register(rig, ANNA).get("Date") == "Mon, 21 Sep 2026 14:13:25 GMT"


# -- calls ---------------------------------------------------------------------------------------------------


def ring(rig: Connected) -> Request:
    """The stack rings 1001 by the first of its flows, the others in reserve."""
    (first, *rest) = rig.stack.registrar.ways("1001")[0]
    rig.session = rig.stack.invite(  # type: ignore[attr-defined]
        first.contact,
        first.flow,
        from_=NameAddr.parse(f"<sip:1002@{DOMAIN}>"),
        to=NameAddr.parse(f"<sip:1001@{DOMAIN}>"),
        sdp=sdp(),
        now=rig.now,
        ways=[Way(each.contact, each.flow, each.path) for each in rest],
    )
    (invite,) = rig.drain(len(rig.said))
    assert isinstance(invite, Request)
    return invite


def said_to(rig: Rig, since: int) -> list[tuple[str, int]]:
    return [(label(message), flow.remote.port) for _, message, flow in rig.said[since:]]


@pytest.fixture
def two_flows() -> Connected:
    rig = Connected()
    register(rig, FIRST)
    rig.wait(1)
    register(rig, SECOND, 2, uri="sip:other@10.0.0.5:5062;transport=tcp")
    rig.events()
    rig.wait(60)
    return rig


@pytest.mark.parametrize("trouble", ["430", "lost", "silence"])
def test_a_call_goes_by_the_next_flow_when_the_first_fails(two_flows: Connected, trouble: str) -> None:
    rig = two_flows
    first = ring(rig)
    assert first.raw_uri == "sip:other@10.0.0.5:5062;transport=tcp"
    since, phone = len(rig.said), Phone(rig, address=SECOND)
    if trouble == "430":
        phone.answer(first, 430)
    elif trouble == "lost":
        rig.lose(SECOND)
        rig.events()
    else:
        rig.wait(3.1)
    sent = [(label, port) for label, port in said_to(rig, since) if label != "ACK"]
    assert sent == [("INVITE", 40001)]
    again = rig.said[-1][1]
    assert isinstance(again, Request)
    assert again.raw_uri == "sip:1001@10.0.0.5:5060;transport=tcp"
    assert (again.call_id, again.cseq.number) == (first.call_id, first.cseq.number + 1)
    assert again.via.branch != first.via.branch
    assert rig.events() == []
    Phone(rig, address=FIRST).answer(again, 200, body=ANSWER)
    rig.event(Answered)
    rig.wait(40)
    assert rig.events() == []
    rig.session.bye(rig.now)  # type: ignore[attr-defined]
    rig.wait(60)
    assert rig.said[-1][2].remote == FIRST
    assert rig.stack.idle


def test_a_phone_that_rings_by_one_flow_is_not_rung_by_another(two_flows: Connected) -> None:
    rig = two_flows
    invite = ring(rig)
    since, phone = len(rig.said), Phone(rig, address=SECOND)
    phone.answer(invite, 180)
    rig.events()
    rig.wait(40)
    phone.answer(invite, 486)
    assert rig.event(Refused).status == 486
    assert said_to(rig, since) == [("ACK", 40002)]
    rig.wait(60)
    assert rig.stack.idle


def test_when_no_flow_works_the_call_ends_soon(two_flows: Connected) -> None:
    rig = two_flows
    ring(rig)
    rig.lose(SECOND)
    rig.lose(FIRST)
    events = [event for event in rig.events() if isinstance(event, Refused)]
    assert [event.status for event in events] == [408]
    rig.wait(60)
    assert rig.stack.idle


def test_a_call_that_is_given_up_goes_by_no_other_flow(two_flows: Connected) -> None:
    rig = two_flows
    ring(rig)
    since = len(rig.said)
    rig.session.cancel(rig.now)  # type: ignore[attr-defined]
    rig.lose(SECOND)
    assert said_to(rig, since) == []
    rig.wait(60)
    assert rig.stack.idle


def talking(rig: Connected, target: str) -> None:
    """The stack and 1001 talk by the first flow; its Contact in the dialog is `target`."""
    rig.events()
    invite = ring(rig)
    phone = Phone(rig, address=FIRST)
    phone.answer(invite, 200, body=ANSWER, contact=target)
    rig.event(Answered)
    rig.stack.touched.clear()
    rig.wait(1)


@pytest.mark.parametrize(
    "target", ["sip:1001@10.0.0.5:5060;transport=tcp", f"sip:1001@{DOMAIN};gr={URN}"], ids=["contact", "gruu"]
)
@pytest.mark.parametrize("broke", [True, False])
def test_a_talk_goes_on_by_the_flow_that_the_phone_comes_back_by(target: str, broke: bool) -> None:
    rig = Connected()
    register(rig, FIRST)
    rig.events()
    talking(rig, target)
    if broke:
        rig.lose(FIRST)
    register(rig, SECOND)
    assert rig.session.id in rig.stack.touched  # type: ignore[attr-defined]
    since = len(rig.said)
    rig.session.bye(rig.now)  # type: ignore[attr-defined]
    rig.drain()
    assert said_to(rig, since) == [("BYE", 40002)]
    rig.wait(60)


def test_nobody_takes_a_talk_over_by_registering_its_contact() -> None:
    rig = Connected()
    register(rig, FIRST)
    talking(rig, "sip:1001@10.0.0.5:5060;transport=tcp")
    thief = Phone(rig, "1002", Address("198.51.100.66", 40066))
    thief.register("<sip:1001@10.0.0.5:5060;transport=tcp>")
    since = len(rig.said)
    rig.session.bye(rig.now)  # type: ignore[attr-defined]
    rig.drain()
    assert said_to(rig, since) == [("BYE", 40001)]


def test_a_phone_that_listens_is_hung_up_at_its_own_port_when_its_connection_is_gone() -> None:
    rig = Connected()
    far = Address("10.0.0.5", 40001)
    register(rig, far, headers=[])
    talking(rig, "sip:1001@10.0.0.5:5066;transport=tcp")
    rig.lose(far)
    assert rig.session.id in rig.stack.touched  # type: ignore[attr-defined]
    since = len(rig.said)
    rig.session.bye(rig.now)  # type: ignore[attr-defined]
    rig.drain()
    assert said_to(rig, since) == [("BYE", 5066)]


# -- answers whose connection is gone (§18.2.2) --------------------------------------------------------------


@pytest.mark.parametrize(("transport", "port"), [("tcp", BOB.port), ("tls", BOB.port), ("ws", 40001)])
def test_an_answer_goes_to_where_the_caller_listens(transport: str, port: int) -> None:
    rig = Connected()
    rig.transport = transport
    caller, far = Phone(rig, "1001", BOB), Address(BOB.host, 40001)
    data = caller.build("INVITE", body=OFFER)
    (challenge,) = rig.hear(data, far)
    rig.hear(caller.build("ACK"), far)
    header = caller.authorize(challenge, "INVITE")
    rig.hear(caller.build("INVITE", body=OFFER, headers=[header]), far)
    session = rig.event(Invited).session
    rig.lose(far)
    since = len(rig.said)
    session.refuse(486, rig.now)
    rig.drain()
    assert said_to(rig, since) == [("486 INVITE", port)]
    rig.wait(60)
    assert rig.stack.idle
