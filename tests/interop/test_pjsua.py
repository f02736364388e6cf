"""PJSIP telephones through the running product: lines, audio, hold, transfer, reliable ringing, timers."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop import sound
from tests.interop.baresip import talk
from tests.interop.pjsua import ACTIVE, HELD_THERE, Pjsua, Wishes, need_pjsua
from tests.network import Network
from tests.office import Office, running, wait_for

DOMAIN = "10.79.1.1"
TONES = {"1001": 440.0, "1002": 1000.0, "1003": 1700.0}
MakePhone = Callable[..., Pjsua]


@pytest.fixture(scope="module")
def office(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    need_pjsua()
    folder = tmp_path_factory.mktemp("office")
    more = {"sip": "0.0.0.0:5060", "rtp": "10000-10099", "namespace": network.switch}
    with running(folder, "127.0.0.1", list(TONES), domain=DOMAIN, **more) as office:
        yield office
    assert not office.tracebacks()


@pytest.fixture
def phone(office: Office, network: Network, tmp_path: Path) -> Iterator[MakePhone]:
    """Makes the telephone of that number, in the network of its own, and registers it."""
    made: list[Pjsua] = []

    def make(number: str, **more: Any) -> Pjsua:
        n = int(number[-1])
        voice = sound.tone(tmp_path / f"{number}.wav", TONES[number], 8000)
        where = f"10.79.{n}.2", number, DOMAIN, f"10.79.{n}.1"
        made.append(Pjsua(network.phone(n), Wishes(str(tmp_path / number), *where, str(voice), **more)))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.stop()
    office.settled()


def heard(phone: Pjsua, other: str, share: float = 0.9) -> None:
    """Among what it heard in its last call, that one's tone has at least this share of the energy."""
    assert sound.share(phone.recording(), TONES[other]) > share


def messages(office: Office, record: dict[str, Any], start: str) -> list[str]:
    """Every message of that record's call whose first line begins so."""
    rungs = office.api(f"/api/calls/{record['call']}/trace")["messages"]
    return [rung["text"] for rung in rungs if rung["text"].startswith(start)]


@pytest.mark.parametrize("line", ["udp", "tcp", "tls"])
def test_two_of_them_talk_over_each_kind_of_line(office: Office, phone: MakePhone, line: str) -> None:
    anna, bert = phone("1001", transport=line), phone("1002", transport=line)
    flows = {one["extension"]: one["transport"] for one in office.api("/api/phones")["items"]}
    assert flows == {"1001": line, "1002": line}
    anna.dial("1002")
    there, here = bert.in_call(), anna.in_call()
    talk(3)
    anna.do("hang_up", id=here)
    assert (anna.ended(), bert.ended()) == (200, 200)
    heard(anna, "1002")
    heard(bert, "1001")
    assert (there, here) == (0, 0)
    legs = office.record("1001", "1002")["legs"]
    assert all(leg["counters"]["received"] > 100 for leg in legs), legs


def test_held_by_either_side_and_taken_back(office: Office, phone: MakePhone) -> None:
    anna, bert = phone("1001"), phone("1002")
    anna.dial("1002")
    there, here = bert.in_call(), anna.in_call()
    for holder, number, held in ((anna, here, bert), (bert, there, anna)):
        holder.do("hold", id=number)
        held.sees("audio", status=HELD_THERE)
        wait_for(lambda: office.live()[0]["state"] == "held", 10, "the product knows")
        holder.do("resume", id=number)
        held.sees("audio", status=ACTIVE)
        wait_for(lambda: office.live()[0]["state"] == "active", 10, "the product knows")
    talk(3)
    anna.do("hang_up", id=here)
    bert.ended()
    heard(anna, "1002", 0.8)
    heard(bert, "1001", 0.8)
    office.record("1001", "1002")


def test_reliable_ringing_and_session_timers_on_both_sides(office: Office, phone: MakePhone) -> None:
    """Anna insists on PRACK, both on timers; an UPDATE in mid-call is answered."""
    wishes = {"prack": "required", "timer": "always", "session_expires": 120}
    anna, bert = phone("1001", **wishes), phone("1002", prack="optional", timer="always")
    anna.dial("1002")
    there, here = bert.in_call(), anna.in_call()
    anna.do("update", id=here)
    talk(2)
    bert.do("update", id=there)
    talk(2)
    anna.do("hang_up", id=here)
    bert.ended()
    heard(bert, "1001")
    heard(anna, "1002")
    record = office.record("1001", "1002")
    assert messages(office, record, "PRACK ")
    assert len(messages(office, record, "UPDATE ")) >= 2
    answers = [text for text in messages(office, record, "SIP/2.0 200") if re.search("CSeq: .* INVITE", text)]
    assert answers
    assert all("Session-Expires: " in text for text in answers), answers


def test_a_blind_transfer_written_by_the_telephone(office: Office, phone: MakePhone) -> None:
    anna, bert, cleo = (phone(number) for number in TONES)
    anna.dial("1002")
    there, here = bert.in_call(), anna.in_call()
    talk(1)
    bert.do("send_on", id=there, uri=bert.uri("1003"))
    assert bert.sees("transfer", final=True)["code"] == 200
    cleo.in_call()
    bert.ended()
    talk(4)
    anna.do("hang_up", id=here)
    cleo.ended()
    heard(cleo, "1001")
    heard(anna, "1003", 0.5)
    record = office.record("1001", "1002")
    assert (record["caller"]["number"], record["callee"]["number"]) == ("1001", "1003")


def test_an_attended_transfer_whose_replaces_the_telephone_wrote(office: Office, phone: MakePhone) -> None:
    anna, bert, cleo = (phone(number) for number in TONES)
    anna.dial("1002")
    first, here = bert.in_call(), anna.in_call()
    bert.do("hold", id=first)
    anna.sees("audio", status=HELD_THERE)
    bert.dial("1003")
    cleo.in_call()
    second = bert.in_call()
    talk(1)
    bert.do("join", id=first, other=second)
    assert bert.sees("transfer", final=True)["code"] == 200
    assert (bert.ended(), bert.ended()) == (200, 200)
    talk(4)
    anna.do("hang_up", id=here)
    cleo.ended()
    heard(cleo, "1001", 0.5)
    heard(anna, "1003", 0.5)


def test_the_lamp_of_a_colleague_and_the_message_lamp(office: Office, phone: MakePhone) -> None:
    """PJSIP's binding watches presence (RFC 3856), not dialogs."""
    anna, bert = phone("1001", mwi=True), phone("1002")
    assert "Messages-Waiting: no" in anna.sees("waiting")["body"]
    anna.do("watch", uri=anna.uri("1002"))
    anna.sees("friend", state="ACTIVE", open=1)
    bert.dial("*43")
    number = bert.in_call()
    anna.sees("friend", note="On the phone")
    bert.do("hang_up", id=number)
    bert.ended()
    anna.sees("friend", open=1)


def test_refused_and_given_up(office: Office, phone: MakePhone) -> None:
    anna, bert = phone("1001"), phone("1002", answer=486)
    anna.dial("1002")
    assert anna.ended() == 486
    bert.stop()
    cleo = phone("1003", answer=180)
    anna.dial("1003")
    cleo.sees("invited")
    anna.sees("call", code=180)
    anna.do("hang_up", id=0)
    assert anna.ended() == 487
    assert cleo.ended() == 487
