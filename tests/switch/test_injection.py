"""What callers write into their names and numbers reaches nobody as anything but a name and a number."""

import pytest

from pbx.sip.flow import Address
from pbx.sip.message import Request, parse
from tests.carrier import MAIN, Carrier, Office
from tests.world import DOMAIN, PBX, Phone, World

NAMES = {
    "escaped line break": rb'"Eve\\r\\nContact: <sip:evil.test>"',
    "line break behind a backslash": b'"Eve\\\r\\\nContact: <sip:evil.test>"',
    "folded line": b'"Eve\r\n Contact: <sip:evil.test>"',
    "escaped quotes": rb'"Eve\" <sip:evil.test>;tag=evil, \""',
    "open quotes": b'"Eve',
    "unquoted comma": b"Eve, <sip:evil.test>",
    "brackets": b"Eve <sip:evil.test>",
    "NUL": b'"Eve\x00evil"',
    "escaped NUL": b'"Eve\\\x00evil"',
    "overlong UTF-8 of a line break": b'"Eve\xc0\x8d\xc0\x8aContact: <sip:evil.test>"',
    "overlong UTF-8 of a quote": b'"Eve\xc0\xa2 <sip:evil.test>"',
    "half a character": b'"Eve\xe2\x82"',
    "surrogate": b'"Eve\xed\xa0\x80"',
    "from right to left": '"Eve\u202e1001"'.encode(),
    "other line breaks": '"Eve\u2028\u2029\u0085\u000bContact: x"'.encode(),
    "terminal": b'"Eve\x1b[2J\x1b]0;evil\x07"',
    "page": b'"<script>alert(1)</script>"',
    "percent": b'"%0d%0aContact: <sip:evil.test>"',
    "very long": b'"' + b"E" * 4000 + b'"',
}

REFUSED = {"line break behind a backslash", "open quotes", "unquoted comma", "brackets", "NUL"}
"""Not even a header line, or not one address: 400."""


@pytest.fixture
def office() -> Office:
    return Office("1001", "1002")


def calls(phone: Phone, name: str, number: str) -> Request | None:
    """Calls with this name in From; the INVITE that comes of it, None when the call is refused."""
    world = phone.world
    said: list[bytes] = []
    refused: list[bytes] = []

    def watch(data: bytes) -> bool:
        if data.startswith(b"INVITE sip:") and b"@192.0.2.12:5060 SIP" in data:
            said.append(data)
        elif data.startswith(b"SIP/2.0 400"):
            refused.append(data)
            return True
        return False

    def dirty(text: str, source: Address) -> None:
        data = text.encode().replace(b"From: ", b"From: " + NAMES[name] + b" ", 1)
        world._wire.append((data, source, PBX))

    send, world.send, world.lose = world.send, dirty, watch  # type: ignore[method-assign]
    phone.call(number)
    world.run(0.1)
    world.send = send  # type: ignore[method-assign]
    assert len(said) == (name not in REFUSED)
    assert bool(refused) == (name in REFUSED)
    return harmless(world, said[0]) if said else None


def names(message: Request) -> list[str]:
    return sorted({name for name, _ in message.headers})


def harmless(world: World, data: bytes) -> Request:
    """The INVITE is made as every other, but for what its name says."""
    request = parse(data)
    assert isinstance(request, Request)
    head = data.partition(b"\r\n\r\n")[0]
    assert min(head.replace(b"\r\n", b"")) >= 32
    assert names(request) == [
        *("Allow", "CSeq", "Call-ID", "Contact", "Content-Type", "From", "Max-Forwards", "Min-SE"),
        *("Session-Expires", "Supported", "To", "User-Agent", "Via"),
    ]
    assert [contact.uri.host for contact in request.contacts] == [PBX.host]
    assert request.from_.display.isprintable()
    assert len(request.from_.display) <= 64
    (view,) = world.switch.calls()
    assert str(view).isprintable()
    return request


def over(office: Office) -> None:
    for view in office.switch.calls():
        office.switch.hang_up(view.call, office.now)
    office.configure()
    office.nothing_left()


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_the_name_that_the_office_gave_it(office: Office, name: str) -> None:
    anna = office.phone("1001", "192.0.2.11")
    office.phone("1002", "192.0.2.12")
    if (invite := calls(anna, name, "1002")) is not None:
        assert (invite.from_.display, invite.from_.uri.user) == ("Person 1001", "1001")
    over(office)


@pytest.mark.parametrize("name", NAMES)
def test_a_carriers_caller_shows_a_name_and_no_more(office: Office, name: str) -> None:
    office.phone("1001", "192.0.2.12")
    carrier = Carrier(office, "198.51.100.1")
    office.configure(MAIN)
    if (invite := calls(carrier, name, "4930123456")) is not None:
        assert (invite.from_.uri.user, invite.from_.uri.host) == ("493012345", DOMAIN)
        assert invite.from_.display, "what can be read of it is shown"
    over(office)
