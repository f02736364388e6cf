"""The stack as the network meets it: strangers, nonsense, loops, and two stacks on a lossy line."""

import random

import pytest

from pbx.directory import Trunk
from pbx.sip.events import Answered, Confirmed, Ended, Invited, Rang, Refused, Rejected
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.session import Session
from pbx.sip.uri import Uri
from tests.sip.kit import (
    ANSWER,
    BOB,
    DOMAIN,
    OFFER,
    SERVER,
    TRUNK,
    Line,
    Phone,
    Rig,
    label,
    labels,
    office,
    sdp,
)
from tests.sip.torture import FILES, on_the_wire

# -- requests outside a dialog ------------------------------------------------------------------------------


def test_options_is_answered_to_anybody_the_same() -> None:
    rig = Rig()
    (known,) = Phone(rig).say("OPTIONS", uri=f"sip:1002@{DOMAIN}")
    (unknown,) = Phone(rig).say("OPTIONS", uri=f"sip:nobody@{DOMAIN}")
    assert label(known) == "200 OPTIONS"
    assert known.get("Allow") == "INVITE"
    allowed = "INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK UPDATE INFO REFER SUBSCRIBE MESSAGE"
    assert known.all("Allow") == allowed.split()
    assert known.get("Accept") == "application/sdp"
    assert known.supported == ("100rel", "timer", "replaces", "norefersub", "path", "outbound", "gruu")
    for name in ("Allow", "Accept", "Supported", "Server"):
        assert known.all(name) == unknown.all(name)
    assert rig.stack.counts["transactions"] == 0


@pytest.mark.parametrize(
    ("method", "how", "status"),
    [
        ("SUBSCRIBE", {}, 401),
        ("NOTIFY", {}, 405),
        ("PUBLISH", {}, 405),
        ("MESSAGE", {}, 401),
        ("MESSAGE", {"max_forwards": 0}, 483),
        ("REFER", {}, 481),
        ("UPDATE", {}, 481),
        ("PRACK", {}, 481),
        ("INFO", {}, 481),
        ("NEWMETHOD", {}, 501),
        ("invite", {}, 501),
        ("BYE", {}, 481),
        ("CANCEL", {}, 481),
        ("INVITE", {"uri": "sips:1002@pbx.test"}, 416),
        ("INVITE", {"uri": "nobodyKnowsThisScheme:x"}, 416),
        ("REGISTER", {"uri": "tel:+491234", "to": "sip:1001@pbx.test"}, 416),
        ("INVITE", {"max_forwards": 0}, 483),
        ("OPTIONS", {"max_forwards": 0}, 200),
        ("INVITE", {"headers": ["Require: nothingSupportsThis"]}, 420),
        ("INVITE", {"headers": ["Require: join", "Join: 1@x;from-tag=a;to-tag=b"]}, 420),
        ("REGISTER", {"headers": ["Require: path"]}, 401),
        ("INVITE", {"headers": ["Proxy-Require: x"]}, 401),
        ("INVITE", {"uri": "tel:+491234"}, 401),
    ],
)
def test_what_a_stranger_gets(method: str, how: dict[str, object], status: int) -> None:
    rig = Rig()
    (answer,) = Phone(rig).say(method, **how)
    assert label(answer) == f"{status} {method}"
    if status == 405:
        assert "REGISTER" in answer.all("Allow")
    if status == 420:
        assert answer.get("Unsupported") in ("nothingsupportsthis", "join")
    assert rig.stack.idle
    assert rig.stack.deadline() is None


def test_the_refusal_of_a_stranger_is_the_same_for_its_retransmission() -> None:
    rig = Rig()
    phone = Phone(rig)
    invite = phone.build("INVITE", max_forwards=0)
    assert phone.again(invite)[0].headers.lines == phone.again(invite)[0].headers.lines


def test_our_own_branch_coming_back_is_a_loop() -> None:
    rig = Rig()
    phone = Phone(rig, "1002", BOB)
    rig.call(phone)
    branch = phone.invite.via.branch or ""
    trunk = Phone(rig, "9", TRUNK)
    (answer,) = trunk.say("INVITE", body=OFFER, branch=branch + "x")
    assert label(answer) == "482 INVITE"
    below = trunk.build("INVITE", body=OFFER).replace(
        b"\r\nMax-Forwards", f"\r\nVia: SIP/2.0/UDP 10.0.0.1;branch={branch}\r\nMax-Forwards".encode()
    )
    assert labels(trunk.again(below)) == ["482 INVITE"]
    assert {event.reason for event in rig.events() if isinstance(event, Rejected)} == {"loop"}


def test_one_invite_by_two_ways_rings_once() -> None:
    rig = Rig()
    trunk = Phone(rig, "9", TRUNK)
    trunk.say("INVITE", body=OFFER)
    rig.event(Invited)
    trunk.cseq -= 1
    assert labels(trunk.say("INVITE", body=OFFER)) == ["482 INVITE"]
    assert rig.event(Rejected).reason == "merged"


def test_a_busy_stack_turns_new_requests_away() -> None:
    rig = Rig(max_transactions=5)
    for number in range(5):
        Phone(rig, str(number), TRUNK).say("INVITE", body=OFFER)
    (answer,) = Phone(rig, "6", TRUNK).say("INVITE", body=OFFER)
    assert (label(answer), answer.get("Retry-After")) == ("503 INVITE", "10")
    assert labels(Phone(rig, "6", TRUNK).say("OPTIONS")) == ["200 OPTIONS"]


# -- nonsense -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n", b"\0\0\0\0", b"\0"])
def test_keep_alives_are_ignored(data: bytes) -> None:
    rig = Rig()
    assert rig.hear(data, BOB) == []
    assert rig.events() == []


def test_a_malformed_request_gets_400_and_a_malformed_ack_silence() -> None:
    rig = Rig()
    phone = Phone(rig)
    bad = phone.build("INVITE").replace(b"CSeq: 1 INVITE", b"CSeq: one INVITE")
    rig.stack.receive(bad, Flow("udp", SERVER, phone.address), rig.now)
    ((answer, flow),) = rig.stack.outbox
    rig.stack.outbox.clear()
    assert answer.startswith(b"SIP/2.0 400 ")
    assert b"\r\nTo: <sip:1002@pbx.test>;tag=" in answer
    assert flow.remote == phone.address
    assert rig.event(Rejected).status == 400
    assert phone.again(bad.replace(b"INVITE", b"ACK")) == []


def test_stray_responses_and_acks_are_dropped() -> None:
    rig = Rig()
    phone = Phone(rig, "1002", BOB)
    rig.call(phone)
    assert phone.say("ACK") == []
    answer = (
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKnone\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"
    )
    assert rig.hear(answer, BOB) == []
    real = answer.replace(b"z9hG4bKnone", (phone.invite.via.branch or "").encode())
    two_vias = real.replace(b"\r\nFrom", b"\r\nVia: SIP/2.0/UDP other;branch=z9hG4bKx\r\nFrom")
    assert rig.hear(two_vias, BOB) == []
    assert {type(event) for event in rig.events()} == {Rejected}


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("trusted", [False, True], ids=["stranger", "trunk"])
def test_torture_messages_leave_the_stack_whole(name: str, trusted: bool) -> None:
    rig = Rig()
    rig.stack.receive(on_the_wire(name), Flow("udp", SERVER, TRUNK if trusted else BOB), rig.now)
    rig.stack.outbox.clear()  # a 400 copies what it cannot read
    for event in rig.events():
        if isinstance(event, Invited):
            event.session.ring(rig.now)
            event.session.answer(sdp(), rig.now)
    rig.wait(200.0)
    assert labels(Phone(rig).say("OPTIONS")) == ["200 OPTIONS"]
    assert rig.stack.idle


def test_damaged_packets_never_raise() -> None:
    rig = Rig()
    chance = random.Random(42)
    trunk = Phone(rig, "9", TRUNK)
    sound = [
        trunk.build(method, body=OFFER)
        for method in ("INVITE", "REGISTER", "BYE", "CANCEL", "ACK", "OPTIONS")
    ]
    sound.append(b"SIP/2.0 200 OK\r\n" + sound[0].split(b"\r\n", 1)[1])
    for _ in range(1500):
        packet = bytearray(chance.choice(sound))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(packet))
            if chance.random() < 0.5:
                packet[at] = chance.randrange(256)
            else:
                del packet[at : at + chance.randint(1, 40)]
            packet = packet or bytearray(b"x")
        rig.stack.receive(bytes(packet), Flow("udp", SERVER, TRUNK), rig.now)
        rig.stack.outbox.clear()
        rig.wait(0.01)
    for event in rig.events():
        if isinstance(event, Invited) and not event.session.over:
            event.session.refuse(486, rig.now)
    rig.wait(100.0)
    assert rig.stack.idle


# -- two stacks ---------------------------------------------------------------------------------------------


def two_stacks() -> tuple[Rig, Rig]:
    """The far one takes the near one's calls without a digest."""
    return Rig(seed=1), Rig(office(trunks=(Trunk("near", "ip", TRUNK.host),)), seed=2)


def caller(near: Rig) -> Session:
    return near.stack.invite(
        Uri.parse(f"sip:1002@{DOMAIN}"),
        Flow("udp", TRUNK, SERVER),
        from_=NameAddr.parse("<sip:9@carrier>"),
        to=NameAddr.parse(f"<sip:1002@{DOMAIN}>"),
        sdp=sdp(),
        now=near.now,
    )


@pytest.mark.parametrize(
    "lost", [(), *[(number,) for number in range(8)], (0, 1, 2), (3, 4, 5), (5, 6, 7, 8)]
)
def test_whatever_single_datagram_is_lost_the_call_is_made_and_ended(lost: tuple[int, ...]) -> None:
    near, far = two_stacks()
    line = Line(near, far, lost)
    session = caller(near)
    line.run(4.0)
    invited = far.event(Invited)
    invited.session.ring(far.now)
    line.run(1.0)
    invited.session.answer(sdp(ANSWER), far.now)
    line.run(16.0)
    heard = [event for event in near.events() if not isinstance(event, Rang)]
    assert [type(event) for event in heard] == [Answered]
    assert [type(event) for event in far.events()] == [Confirmed]
    session.bye(near.now)
    line.run(16.0)
    assert far.event(Ended).why == "bye"
    line.run(60.0)
    assert near.events() == []
    assert near.stack.idle
    assert far.stack.idle


def test_a_call_cancelled_on_the_way_ends_on_both_sides() -> None:
    near, far = two_stacks()
    for lost in ((), (2,), (3,), (4,)):
        line = Line(near, far, lost)
        session = caller(near)
        line.run(0.1)
        session.cancel(near.now)
        line.run(5.0)
        assert [event.status for event in near.events() if isinstance(event, Refused)] == [487], lost
        line.run(60.0)
        assert near.stack.idle
        assert far.stack.idle
        far.events()
