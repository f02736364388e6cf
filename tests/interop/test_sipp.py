"""SIPp telephones register with the running product and call each other through it."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop import sipp as s
from tests.interop.sipp import Phone, PhoneFactory
from tests.office import PASSWORD, Office, running, wait_for

HOST = "127.0.0.31"
ANNA, BOB, CARL, TRUNK, STRANGER = "127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.9", "127.0.1.66"
DORA = "127.0.1.4"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    numbers = ["1001", "1002", "1003", "1004", "1005", "1006", "1007"]
    with running(tmp_path_factory.mktemp("office"), HOST, numbers, trunk=TRUNK, rtp="10000-10199") as office:
        yield office


@pytest.fixture
def phone(office: Office, tmp_path: Path, program: Callable[[str], str]) -> Iterator[PhoneFactory]:
    made: list[Phone] = []
    path = program("sipp")

    def make(number: str, address: str, password: str = PASSWORD, transport: str = "udp") -> Phone:
        folder = tmp_path / str(len(made))
        phone = Phone(folder, number, address, f"{HOST}:5060", HOST, password, path, transport)
        made.append(phone)
        return phone

    yield make
    for phone in made:
        phone.end()


@pytest.fixture
def anna(phone: PhoneFactory) -> Phone:
    return phone("1001", ANNA)


@pytest.fixture
def bob(phone: PhoneFactory) -> Phone:
    """Registered."""
    bob = phone("1002", BOB)
    bob.registers()
    return bob


@pytest.fixture(autouse=True)
def nothing_is_left(office: Office) -> Iterator[None]:
    yield
    office.settled()
    assert not office.tracebacks()


# -- registration ----------------------------------------------------------------------------------


def test_a_phone_registers_and_goes_again(office: Office, phone: PhoneFactory) -> None:
    carl = phone("1003", CARL)
    carl.registers()
    assert "1003" in office.phones()
    carl.play(s.register(expires=0), s.receive(200)).succeeds()
    wait_for(lambda: "1003" not in office.phones(), 2, "1003 is gone")


def test_too_short_a_registration_is_told_the_least(phone: PhoneFactory) -> None:
    carl = phone("1003", CARL)
    carl.play(s.register(expires=5), s.receive(423, action=s.says("Min-Expires: [0-9]+"))).succeeds()


def test_wrong_passwords_are_slowed_then_banned_at_that_address_only(phone: PhoneFactory) -> None:
    guesser = phone("1005", STRANGER, password="guess-guess-guess-1")
    for _ in range(4):
        guesser.play(s.register(), s.receive(401, within=20)).succeeds()
    guesser.play(s.register(), s.receive(403, within=20)).succeeds()
    phone("1005", STRANGER).play(s.register(), s.receive(403)).succeeds()
    phone("1005", CARL).registers()


def test_an_unknown_account_is_answered_like_a_wrong_password(phone: PhoneFactory) -> None:
    phone("7777", "127.0.1.67").play(s.register(), s.receive(401)).succeeds()


def test_a_phone_cannot_register_another_extension(phone: PhoneFactory) -> None:
    steps = s.register().replace("<sip:[me]@[dom]>", "<sip:1002@[dom]>")
    phone("1004", CARL).play(steps, s.receive(403)).succeeds()


# -- calls -----------------------------------------------------------------------------------------


def test_a_call_that_the_caller_ends(office: Office, anna: Phone, bob: Phone) -> None:
    callee = bob.play(s.called(), s.ring(), s.answer(), s.hung_up())
    caller = anna.play(s.dial(), s.receive(180), s.answered(), s.ack(), s.pause(0.5), s.bye(), to="1002")
    caller.succeeds()
    callee.succeeds()
    record = office.record("1001", "1002")
    assert (record["cause"], record["ended_by"], record["state"]) == ("normal", "caller", "ended")
    assert record["started"] <= record["ringing"] <= record["answered"] <= record["ended"]


def test_a_call_that_the_callee_ends(office: Office, anna: Phone, bob: Phone) -> None:
    callee = bob.play(s.called(), s.ring(), s.answer(), s.pause(0.5), s.hang_up())
    anna.play(s.dial(), s.receive(180), s.answered(), s.ack(), s.hung_up(), to="1002").succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["ended_by"] == "callee"


@pytest.mark.parametrize(("caller", "callee"), [("tcp", "udp"), ("udp", "tcp"), ("tcp", "tcp")])
def test_calls_over_tcp(office: Office, phone: PhoneFactory, caller: str, callee: str) -> None:
    """The callee's connection ends with its REGISTER: it is called by a new one, at the port it named."""
    number, address = ("1002", BOB) if callee == "udp" else ("1007", DORA)
    anna, bob = phone("1001", ANNA, transport=caller), phone(number, address, transport=callee)
    bob.registers()
    taken = bob.play(s.called(), s.ring(), s.answer(), s.hung_up())
    made = anna.play(s.dial(), s.receive(180), s.answered(), s.ack(), s.pause(0.5), s.bye(), to=number)
    made.succeeds()
    taken.succeeds()
    assert office.record("1001", number)["cause"] == "normal"
    refused = bob.play(s.called(), s.ring(), s.refuse("486 Busy Here"))
    anna.play(s.dial(), s.receive(180), s.receive(486), s.ack_refusal(), to=number).succeeds()
    refused.succeeds()
    assert office.record("1001", number)["cause"] == "busy"


def test_both_hang_up_at_once(office: Office, anna: Phone, bob: Phone) -> None:
    callee = bob.play(
        s.called(),
        s.ring(),
        s.answer(),
        s.pause(0.5),
        s.hang_up().replace('response="200"', 'request="BYE"'),
        s.reply("200 OK"),
        s.receive(200),
    )
    crossing = (
        s.inside("BYE", 9)
        + s.receive("BYE", optional=True, also='next="taken"')
        + s.receive(200, also='next="end"')
    )
    crossing += '<label id="taken"/>' + s.reply("200 OK") + s.receive(200) + '<label id="end"/>'
    anna.play(s.dial(), s.receive(180), s.answered(), s.ack(), s.pause(0.5), crossing, to="1002")
    del callee
    wait_for(lambda: not office.live(), 10, "the call is over on both sides")


def test_the_caller_gives_up(office: Office, anna: Phone, bob: Phone) -> None:
    callee = bob.play(s.called(), s.ring(), s.cancelled())
    anna.play(
        s.dial(), s.receive(180), s.cancel(), s.receive(200), s.receive(487), s.ack_refusal(), to="1002"
    ).succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["cause"] == "cancelled"


@pytest.mark.parametrize(
    ("said", "heard", "cause"),
    [
        ("486 Busy Here", 486, "busy"),
        ("603 Decline", 603, "declined"),
        ("488 Not Acceptable Here", 488, "no_codec"),
    ],
)
def test_the_callee_refuses(
    office: Office, anna: Phone, bob: Phone, said: str, heard: int, cause: str
) -> None:
    callee = bob.play(s.called(), s.ring(), s.refuse(said))
    anna.play(s.dial(), s.receive(180), s.receive(heard), s.ack_refusal(), to="1002").succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["cause"] == cause


@pytest.mark.parametrize(("number", "heard", "cause"), [("4711", 404, "not_found"), ("1004", 480, "offline")])
def test_nobody_can_be_rung(office: Office, anna: Phone, number: str, heard: int, cause: str) -> None:
    anna.play(s.dial(), s.receive(heard), s.ack_refusal(), to=number).succeeds()
    assert office.record("1001", number)["cause"] == cause


def test_nobody_answers_in_time(office: Office, anna: Phone, bob: Phone) -> None:
    callee = bob.play(s.called(), s.ring(), s.cancelled(within=50))
    anna.play(s.dial(), s.receive(180), s.receive(480, within=50), s.ack_refusal(), to="1002").succeeds()
    callee.succeeds()
    assert office.record("1001", "1002")["cause"] == "no_answer"


def test_hold_and_resume_pass_through(anna: Phone, bob: Phone) -> None:
    callee = bob.play(
        s.called(),
        s.ring(),
        s.answer(),
        s.answer_again("sendonly", "recvonly", 2),
        s.answer_again("sendrecv", "sendrecv", 3),
        s.hung_up(),
    )
    anna.play(
        s.dial(),
        s.receive(180),
        s.answered(),
        s.ack(),
        s.pause(0.2),
        s.offer_again(3, "sendonly", "recvonly"),
        s.pause(0.2),
        s.offer_again(4, "sendrecv", "sendrecv"),
        s.bye(),
        to="1002",
    ).succeeds()
    callee.succeeds()


def test_the_first_of_two_phones_takes_it(
    office: Office, anna: Phone, bob: Phone, phone: PhoneFactory
) -> None:
    second = phone("1002", CARL)
    second.registers()
    loser = second.play(s.called(), s.ring(), s.cancelled())
    winner = bob.play(s.called(), s.ring(), s.pause(0.5), s.answer(), s.hung_up())
    anna.play(s.dial(), s.receive(180), s.answered(), s.ack(), s.pause(0.3), s.bye(), to="1002").succeeds()
    winner.succeeds()
    loser.succeeds()
    second.play(s.register(expires=0), s.receive(200)).succeeds()
    assert office.record("1001", "1002")["cause"] == "normal"


# -- a bad line ------------------------------------------------------------------------------------


def test_a_repeated_invite_rings_once(phone: PhoneFactory, bob: Phone) -> None:
    callee = bob.play(s.called(), s.ring(), s.pause(0.5), s.answer(), s.hung_up())
    again = s.invite().replace(' retrans="500"', "") + s.receive(180)
    first = [s.invite(), s.receive(100, optional=True), s.receive(180)]
    caller = phone("0301234567", TRUNK)
    caller.play(*first, again, again, s.answered(), s.ack(1), s.bye(), to="1002", options=["-nr"]).succeeds()
    callee.succeeds()
    assert callee.took("INVITE") == 1


def test_calls_over_a_line_that_loses_packets(office: Office, phone: PhoneFactory) -> None:
    """Only the caller's line is bad: SIPp as a callee gives a call up when an INVITE comes again."""
    caller, callee = phone("1003", "127.0.1.21"), phone("1006", "127.0.1.22")
    callee.registers()
    calls = ["-m", "40", "-recv_timeout", "25000"]
    callee.play(s.called(), s.ring(), s.answer(), s.hung_up(), options=calls)
    steps = [s.dial(), s.receive(180, optional=True), s.answered(), s.ack(), s.pause(0.2), s.bye()]
    caller.play(*steps, to="1006", options=[*calls, "-lost", "5", "-r", "8"]).succeeds()
    # SIPp takes a repeated 200 for the answer to its BYE; a call whose ACK and BYE were lost ends after 64*T1
    wait_for(lambda: not office.live(), 40, "every call is over")
    wait_for(lambda: len(office.records(number="1006")) == 40, 3, "every record is written")
    assert sum(record["cause"] == "normal" for record in office.records(number="1006")) > 30


def test_a_lost_ack_ends_the_call(office: Office, anna: Phone, bob: Phone) -> None:
    callee = bob.play(s.called(), s.ring(), s.answer(), s.hung_up(within=50))
    caller = anna.play(s.dial(), s.receive(180), s.answered(), s.hung_up(within=50), to="1002")
    caller.succeeds()
    callee.succeeds()
    assert caller.took("SIP/2.0 200") > 5, "the 200 is sent again until 64*T1"


# -- who may ---------------------------------------------------------------------------------------


def test_a_trunk_calls_in_by_its_address(office: Office, phone: PhoneFactory, bob: Phone) -> None:
    callee = bob.play(s.called(), s.ring(), s.answer(), s.hung_up())
    steps = [
        s.invite(),
        s.receive(100, optional=True),
        s.receive(180),
        s.answered(),
        s.ack(1),
        s.pause(0.2),
        s.bye(),
    ]
    phone("0301234567", TRUNK).play(*steps, to="1002").succeeds()
    callee.succeeds()
    assert office.record("0301234567", "1002")["caller"]["kind"] == "trunk"


def test_an_unknown_source_makes_nothing_ring(office: Office, phone: PhoneFactory, bob: Phone) -> None:
    callee = bob.play(s.called(), limit=3)
    known = len(office.records())
    refused = [s.invite(), s.receive(100, optional=True), s.receive(401), s.ack_refusal(1)]
    for number in ("0301234567", "1001"):
        phone(number, STRANGER).play(*refused, to="1002").succeeds()
    guess = phone("1001", "127.0.1.68", password="guess-guess-guess-1")
    guess.play(s.dial(), s.receive(401), s.ack_refusal(), to="1002").succeeds()
    callee.process.wait()
    assert callee.took("INVITE") == 0
    assert (len(office.records()), office.ports_used()) == (known, 0)


def test_a_hundred_calls_leave_nothing_behind(office: Office, anna: Phone, bob: Phone) -> None:
    before = list(map(_files, office.processes()))
    many = ["-m", "100", "-r", "20"]
    callee = bob.play(s.called(), s.ring(), s.answer(), s.hung_up(), options=many)
    steps = [s.dial(), s.receive(180), s.answered(), s.ack(), s.pause(0.5), s.bye()]
    anna.play(*steps, to="1002", options=many).succeeds()
    callee.succeeds()
    office.settled()
    after = list(map(_files, office.processes()))
    assert all(now <= then + 3 for then, now in zip(before, after, strict=True)), (before, after)


def _files(pid: int) -> int:
    return sum(1 for _ in itertools.chain(Path(f"/proc/{pid}/fd").iterdir()))
