"""A SIPp telephone watches an extension and sees a call come and go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.phone import Phone as Caller
from tests.interop import sipp as s
from tests.office import Office, running, wait_for

HOST, WATCHER, CALLER = "127.0.0.36", "127.0.2.36", "127.0.2.37"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path / "office", HOST, ["1001", "1002"], rtp="10300-10399") as office:
        yield office


def subscribe(*more: str) -> str:
    headers = ["Event: dialog", "Accept: application/dialog-info+xml", "Expires: 300", *more]
    return s.request("SUBSCRIBE", len(more) + 1, headers=headers)


def shows(pattern: str) -> str:
    return s.receive("NOTIFY", action=s.says(pattern)) + s.send(
        "SIP/2.0 200 OK", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]"
    )


def test_a_lamp_follows_a_call(office: Office, tmp_path: Path) -> None:
    phone = s.Phone(tmp_path, "1002", WATCHER, f"{HOST}:5060", HOST)
    steps = [
        subscribe(),
        s.receive(401, also='auth="true"'),
        subscribe("[authentication]"),
        s.receive(200),
        shows('state="full"'),
        shows("confirmed"),
        shows("dialog-info"),
    ]
    try:
        watching = phone.play(*steps, to="1001")
        with Caller("1001", CALLER, HOST) as caller:
            assert caller.register() == 200
            wait_for(lambda: watching.took("NOTIFY"), 10, "the lamp is there")
            assert caller.call("*43") == 200
            office.command("hangup", office.live()[0]["call"])
            assert caller.hung_up(5)
            watching.succeeds()
    finally:
        phone.end()
    assert not office.tracebacks()
