"""WebSockets as peers really use and abuse them: every byte of theirs, no sockets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from pbx.net.websocket import WebSocket
from pbx.sip.message import MAX_MESSAGE

MESSAGE = "MESSAGE sip:zoë@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"
HELLO = (
    b"GET / HTTP/1.1\r\nHost: pbx.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
SIP = b"Sec-WebSocket-Protocol: sip\r\n"


class Page:
    """A browser's end, and ours."""

    def __init__(self, *protocols: str, origin: str = "") -> None:
        self.asked: list[tuple[str, str]] = []
        self.server = WebSocket(self._may_come)
        self.client = WSConnection(ConnectionType.CLIENT)
        headers = [(b"Origin", origin.encode())] if origin else []
        hello = Request(host="pbx.test", target="/", subprotocols=list(protocols), extra_headers=headers)
        assert self.say(self.client.send(hello)) == []
        self.heard = self.hear()

    def _may_come(self, origin: str, host: str) -> bool:
        self.asked.append((origin, host))
        return origin == "https://pbx.test"

    def say(self, data: bytes) -> list[bytes]:
        """The SIP messages that our end takes from these bytes."""
        return list(self.server.feed(data))

    def send(self, *events: Event) -> list[bytes]:
        return self.say(b"".join(self.client.send(event) for event in events))

    def hear(self) -> list[Event]:
        self.client.receive_data(self.server.pending())
        return list(self.client.events())

    def closed(self) -> int:
        """The code that we closed with."""
        (event,) = self.hear()
        assert isinstance(event, CloseConnection)
        assert self.server.broken
        return event.code


@pytest.fixture
def page() -> Page:
    page = Page("sip")
    assert [type(event) for event in page.heard] == [AcceptConnection]
    return page


def test_a_message_in_pieces_is_one_wherever_it_is_cut(page: Page) -> None:
    text = MESSAGE.encode()
    cut = text.index("ë".encode()) + 1  # in the middle of a letter
    frames = page.client.send(TextMessage(MESSAGE[:13], message_finished=False))
    frames += page.client.send(TextMessage(MESSAGE[13:], message_finished=True))
    got: list[bytes] = []
    for byte in frames:
        got += page.say(bytes((byte,)))
    assert got == [text]
    whole = page.client.send(TextMessage(MESSAGE))
    assert page.say(whole[: len(whole) - len(text) + cut]) == []
    assert page.server.waiting
    assert page.say(whole[len(whole) - len(text) + cut :]) == [text]
    assert not page.server.waiting


def test_a_ping_between_two_pieces_is_answered_at_once(page: Page) -> None:
    first, last = TextMessage(MESSAGE[:9], message_finished=False), TextMessage(MESSAGE[9:])
    assert page.send(first, Ping(b"1")) == [b""]
    assert page.hear() == [Pong(b"1")]
    assert page.server.waiting
    assert page.send(last) == [MESSAGE.encode()]


def test_text_and_bytes_and_two_at_once_are_messages(page: Page) -> None:
    assert page.send(TextMessage(MESSAGE), BytesMessage(b"\xff\xfe")) == [MESSAGE.encode(), b"\xff\xfe"]
    page.server.send(MESSAGE.encode())
    page.server.send(b"\xff")
    assert page.hear() == [TextMessage(MESSAGE), BytesMessage(bytearray(b"\xff"))]


def test_a_page_that_cannot_ping_sends_line_ends(page: Page) -> None:
    assert page.send(TextMessage("\r\n\r\n")) == [b""]
    assert page.hear() == [TextMessage("\r\n")]


def test_too_much_is_1009_before_it_is_all_there(page: Page) -> None:
    assert page.send(TextMessage("x" * MAX_MESSAGE)) == [b"x" * MAX_MESSAGE]
    frame = page.client.send(BytesMessage(b"x" * 10 * MAX_MESSAGE))
    assert page.say(frame[: MAX_MESSAGE + 100]) == []
    assert page.closed() == 1009
    assert page.say(frame[MAX_MESSAGE + 100 :]) == []


def test_many_pieces_are_no_way_around_it(page: Page) -> None:
    piece = TextMessage("x" * 1000, message_finished=False)
    for _ in range(65):
        assert page.send(piece) == []
    assert not page.server.broken
    page.send(piece)
    assert page.closed() == 1009


def test_pieces_of_nothing_take_no_memory_and_are_a_message_that_does_not_end(page: Page) -> None:
    for _ in range(1000):
        page.send(TextMessage("", message_finished=False))
    assert page.server._parts == []
    assert page.server.waiting


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x02hi", 1002),  # not masked, as a client's frames must be (RFC 6455 §5.1)
        (b"\x81\x81\0\0\0\0\xff", 1007),  # no UTF-8
        (b"\xf1\x80\0\0\0\0", 1002),  # reserved bits
        (b"\x83\x80\0\0\0\0", 1002),  # a kind of frame that there is none of
        (b"\x89\xfe\0\x7e\0\0\0\0", 1002),  # a ping of 126 bytes
        (b"\x80\x80\0\0\0\0", 1002),  # goes on with nothing
    ],
)
def test_what_breaks_the_protocol_is_told_so_and_closed(page: Page, frame: bytes, code: int) -> None:
    assert page.say(frame) == []
    assert page.closed() == code
    assert page.say(b"\x81\x81\0\0\0\0x") == []
    page.server.send(MESSAGE.encode())
    assert page.server.pending() == b""


def test_a_page_that_goes_is_let_go(page: Page) -> None:
    assert page.send(CloseConnection(code=1001)) == []
    assert page.closed() == 1001
    page.server.send(MESSAGE.encode())
    page.server.close()
    assert page.server.pending() == b""


def test_who_closes_first_says_so_once(page: Page) -> None:
    page.server.close()
    assert page.closed() == 1001


@pytest.mark.parametrize(
    ("protocols", "origin", "status"),
    [
        ((), "", 400),
        (("chat", "msrp"), "", 400),
        (("chat", "sip"), "", 0),
        (("sip",), "https://pbx.test", 0),
        (("sip",), "https://evil.test", 403),
        (("sip",), "null", 403),  # a file, or a sandboxed frame
        (("chat",), "https://evil.test", 400),
    ],
)
def test_who_is_let_in(protocols: tuple[str, ...], origin: str, status: int) -> None:
    page = Page(*protocols, origin=origin)
    event = page.heard[0]
    assert page.server.broken == bool(status)
    if status:
        assert isinstance(event, RejectConnection)
        assert event.status_code == status
        assert page.say(MESSAGE.encode()) == []
    else:
        assert isinstance(event, AcceptConnection)
        assert event.subprotocol == "sip"


@pytest.mark.parametrize(
    "hello",
    [
        MESSAGE.encode(),
        b"GET / HTTP/1.1\r\nHost: pbx.test\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        HELLO.replace(b"13", b"8") + SIP + b"\r\n",
        HELLO.replace(b"Sec-WebSocket-Key", b"X") + SIP + b"\r\n",
        HELLO + b"X: " + b"y" * 100_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS, where it is not spoken
    ],
)
def test_what_is_no_handshake_is_refused_and_closed(hello: bytes) -> None:
    server = WebSocket(lambda origin, host: True)
    assert list(server.feed(hello)) == []
    assert server.broken
    answer = server.pending()
    assert not answer or answer.startswith(b"HTTP/1.1 4")


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_no_bytes_at_all_raise(pieces: list[bytes], opened: bool) -> None:
    server = WebSocket(lambda origin, host: True)
    if opened:
        list(server.feed(HELLO + SIP + b"\r\n"))
        assert server.open
    for piece in pieces:
        list(server.feed(piece))
        server.pending()
    server.send(b"x")
    server.close()
