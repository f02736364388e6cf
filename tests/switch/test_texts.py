"""Text messages between extensions (RFC 3428): delivered, answered, kept for who is away."""

import pytest

from pbx.sip.message import Request
from pbx.switch.events import TextGone, TextKept
from pbx.switch.texts import AGAIN, KEPT, MOST, PATIENCE
from tests.world import DOMAIN, Phone, World


class Writer(Phone):
    """A phone that writes and reads.  `answers` is what it says to a MESSAGE, 0 = nothing."""

    answers = 200

    def write(self, number: str, text: str = "Lunch?", extra: str = "", kind: str = "text/plain") -> None:
        self._serial += 1
        me, them = f"<sip:{self.number}@{DOMAIN}>;tag=m{self._serial}", f"<sip:{number}@{DOMAIN}>"
        call_id = f"text-{self._serial}@{self.address.host}"
        sent = self.request("MESSAGE", f"sip:{number}@{DOMAIN}", me, them, call_id, 1, text, extra)
        del self.world._wire[-1]
        sent = sent.replace("application/sdp", kind)
        sent = sent.replace(f"Content-Length: {len(text)}", f"Content-Length: {len(text.encode())}")
        self._pending[f"{call_id} 1"] = (sent, None)
        self.send(sent)

    @property
    def read(self) -> list[Request]:
        return self.__dict__.setdefault("_read", [])

    def _request(self, request: Request) -> None:
        if request.method != "MESSAGE":
            super()._request(request)
            return
        self.read.append(request)
        if self.answers:
            self.answer(request, self.answers, f"{request.get('To')};tag=t", "Content-Length: 0\r\n\r\n")

    @property
    def told(self) -> str:
        """The last answer to what it wrote."""
        return next(line for line in reversed(self.log) if line.endswith(" MESSAGE"))


class Office(World):
    def writer(self, number: str, host: str, register: bool = True) -> Writer:
        phone = self.phone(number, host, register=False)
        phone.__class__ = Writer
        if register:
            phone.register()
            self.run()
        return phone

    def bodies(self, phone: Writer) -> list[str]:
        self.run(0.1)
        return [request.body.decode() for request in phone.read]


@pytest.fixture
def world() -> Office:
    return Office("1001", "1002")


@pytest.fixture
def anna(world: Office) -> Writer:
    return world.writer("1001", "192.0.2.11")


def test_a_message_reaches_the_other_as_it_was_written(world: Office, anna: Writer) -> None:
    bob = world.writer("1002", "192.0.2.12")
    anna.write("1002", "Tea at four? ☕", kind="text/plain;charset=utf-8")
    assert world.bodies(bob) == ["Tea at four? ☕"]
    (text,) = bob.read
    assert text.get("Content-Type") == "text/plain;charset=utf-8"
    assert text.from_.uri.user == "1001"
    assert text.from_.display == "Person 1001"
    assert text.get("Contact") is None
    assert text.get("Authorization") is None
    assert anna.told == "200 MESSAGE"
    world.nothing_left()


def test_every_phone_of_the_extension_gets_it_and_one_answer_comes_back(world: Office, anna: Writer) -> None:
    bobs = [world.writer("1002", f"192.0.2.{host}") for host in (12, 13)]
    bobs[0].answers = 480
    anna.write("1002")
    assert [world.bodies(bob) for bob in bobs] == [["Lunch?"], ["Lunch?"]]
    assert [line for line in anna.log if line.endswith("MESSAGE")] == ["401 MESSAGE", "200 MESSAGE"]
    world.nothing_left()


def test_what_nobody_takes_is_kept_and_given_in_order(world: Office, anna: Writer) -> None:
    for text in ("one", "two", "three"):
        anna.write("1002", text)
        world.run(0.1)
        assert anna.told == "202 MESSAGE"
    assert len(world.told(TextKept)) == 3
    world.run(100)
    bob = world.writer("1002", "192.0.2.12")
    assert world.bodies(bob) == ["one", "two", "three"]
    assert all("GMT" in (text.get("Date") or "") for text in bob.read)
    assert [fact.text for fact in world.told(TextGone)] == [fact.text.text for fact in world.told(TextKept)]
    bob.register()
    assert len(world.bodies(bob)) == 3, "once"
    world.nothing_left()


def test_a_phone_that_says_nothing_costs_seconds_and_no_message(world: Office, anna: Writer) -> None:
    bob = world.writer("1002", "192.0.2.12")
    bob.answers = 0
    anna.write("1002")
    world.run(PATIENCE + 0.2)
    assert anna.told == "202 MESSAGE"
    bob.answers, bob.read[:] = 200, []
    bob.register()
    assert world.bodies(bob) == ["Lunch?"]


def test_a_phone_that_cannot_read_is_told_to_the_sender(world: Office, anna: Writer) -> None:
    world.writer("1002", "192.0.2.12").answers = 415
    anna.write("1002", kind="application/x-unheard-of")
    world.run(0.1)
    assert anna.told == "415 MESSAGE"
    assert world.told(TextKept) == []


def test_a_phone_that_refuses_what_was_kept_is_not_asked_at_every_registration(
    world: Office, anna: Writer
) -> None:
    anna.write("1002")
    world.run(0.1)
    bob = world.writer("1002", "192.0.2.12", register=False)
    bob.answers = 405
    for _ in range(3):
        bob.register()
        world.run(10)
    assert len(bob.read) == 1
    bob.answers = 200
    world.run(AGAIN)
    bob.register()
    assert len(world.bodies(bob)) == 2


def test_that_somebody_is_typing_is_never_kept(world: Office, anna: Writer) -> None:
    anna.write("1002", "<isComposing/>", kind="application/im-iscomposing+xml")
    world.run(0.1)
    assert anna.told == "480 MESSAGE"
    world.nothing_left()


def test_an_extension_has_room_for_so_many(world: Office, anna: Writer) -> None:
    for _ in range(MOST + 1):
        anna.write("1002")
        world.run(0.1)
    assert anna.told == "480 MESSAGE"
    assert len(world.told(TextKept)) == MOST


def test_old_ones_are_forgotten(world: Office, anna: Writer) -> None:
    anna.write("1002")
    world.run(KEPT + 1)
    bob = world.writer("1002", "192.0.2.12")
    assert world.bodies(bob) == []
    assert len(world.told(TextGone)) == 1


def test_messages_outlive_a_restart(world: Office, anna: Writer) -> None:
    anna.write("1002")
    world.run(0.1)
    (kept,) = world.told(TextKept)
    after = Office("1001", "1002")
    after.switch.restore_texts([kept.text])
    assert after.bodies(after.writer("1002", "192.0.2.12")) == ["Lunch?"]


@pytest.mark.parametrize(
    ("number", "text", "extra", "status"),
    [
        ("1009", "Lunch?", "", 404),
        ("1002", "x" * 9000, "", 413),
        ("1002", "", "", 400),
        ("1002", "Lunch?", "Require: smoke-signals\r\n", 420),
    ],
    ids=["nobody", "too long", "empty", "extension"],
)
def test_what_is_not_passed_on(
    world: Office, anna: Writer, number: str, text: str, extra: str, status: int
) -> None:
    anna.write(number, text, extra)
    world.run(0.1)
    assert anna.told == f"{status} MESSAGE"
    assert world.told(TextKept) == []


def test_nobody_writes_in_anothers_name(world: Office, anna: Writer) -> None:
    bob = world.writer("1002", "192.0.2.12")
    anna.number = "1002"
    anna.password = "secret-1002-guessed"
    anna.write("1002")
    world.run(3)
    assert world.bodies(bob) == []
