"""SIP over WebSocket (RFC 7118): one message a WebSocket message, in the sub-protocol "sip".  No I/O."""

from collections.abc import Callable, Iterator

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from pbx.sip.message import MAX_MESSAGE
from pbx.sip.stream import PING, PONG

_TOO_BIG = 1009


class WebSocket:
    """The server's side of one connection.  `may_come(origin, host)` judges a browser's Origin.

    `pending` collects what is to be sent.  `broken` = close once that is sent.
    """

    def __init__(self, may_come: Callable[[str, str], bool]) -> None:
        self._ws = WSConnection(ConnectionType.SERVER)
        self._may_come = may_come
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False
        self._out = bytearray()
        self.open = False
        self._broken = False

    @property
    def broken(self) -> bool:
        return self._broken

    @property
    def waiting(self) -> bool:
        """The handshake or a message began and has not ended."""
        return not self.open or self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The SIP messages that `data` completes; b"" for a ping."""
        if self.broken or not data:  # no data would mean the end
            return
        try:
            self._ws.receive_data(data)
            for event in self._ws.events():
                yield from self._take(event)
                if self.broken:
                    return
        except (RemoteProtocolError, LocalProtocolError) as error:
            if (hint := getattr(error, "event_hint", None)) is not None:
                self._say(hint)
            self._broken = True

    def send(self, message: bytes) -> None:
        """A SIP message to the peer; text if it is UTF-8, as browsers expect (RFC 7118 §5)."""
        if not self.open or self.broken:
            return
        try:
            self._say(TextMessage(message.decode()))
        except UnicodeDecodeError:
            self._say(BytesMessage(message))

    def pending(self) -> bytes:
        out, self._out = bytes(self._out), bytearray()
        return out

    def close(self) -> None:
        if self.open and not self.broken:
            self._end(1001)

    def _take(self, event: object) -> Iterator[bytes]:
        match event:
            case Request():
                self._answer(event)
            case Ping():
                self._say(event.response())
                yield b""
            case CloseConnection():
                self._say(event.response())
                self._broken = True
            case TextMessage() | BytesMessage():
                yield from self._piece(event)

    def _answer(self, request: Request) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in request.extra_headers}
        origin = headers.get(b"origin", "")
        if "sip" not in request.subprotocols:
            self._refuse(400, b"this WebSocket speaks the sub-protocol sip (RFC 7118)\n")
        elif origin and not self._may_come(origin, request.host):
            self._refuse(403, b"pages of another origin may not connect\n")
        else:
            self._say(AcceptConnection(subprotocol="sip"))
            self.open = True

    def _refuse(self, status: int, words: bytes) -> None:
        length = (b"content-length", str(len(words)).encode())
        self._say(RejectConnection(status_code=status, headers=[length], has_body=True))
        self._say(RejectData(data=words))
        self._broken = True

    def _piece(self, event: TextMessage | BytesMessage) -> Iterator[bytes]:
        data = event.data.encode() if isinstance(event.data, str) else bytes(event.data)
        self._size += len(data)
        if self._size > MAX_MESSAGE:
            self._end(_TOO_BIG)
            return
        self._begun = not event.message_finished
        if data:  # pieces of nothing would fill memory too
            self._parts.append(data)
        if event.message_finished:
            whole = b"".join(self._parts)
            self._parts, self._size = [], 0
            yield self._whole(whole)

    def _whole(self, message: bytes) -> bytes:
        """CRLF twice is a page's ping, for it has no other (RFC 7118 §6)."""
        if message != PING:
            return message
        self.send(PONG)
        return b""

    def _end(self, code: int) -> None:
        self._say(CloseConnection(code=code))
        self._broken = True

    def _say(self, event: object) -> None:
        self._out += self._ws.send(event)  # type: ignore[arg-type]
