"""The same telephone on a connection: TCP, TLS, WebSocket."""

import socket
import ssl
from collections import deque

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage

from tests.integration.phone import Phone


class TcpPhone(Phone):
    transport = "TCP"

    def _connect(self, host: str) -> socket.socket:
        self._bytes = b""
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        sock.bind((host, 0))
        sock.settimeout(10)
        sock.connect((self.server, self.at))
        return sock

    def _send(self, message: str) -> None:
        self.sip.sendall(message.encode())

    def _receive(self, seconds: float) -> str:
        self.sip.settimeout(seconds)
        try:
            while (message := self._cut()) is None:
                piece = self.sip.recv(65535)
                if not piece:
                    return ""
                self._bytes += piece
        except TimeoutError:
            return ""
        return message

    def _cut(self) -> str | None:
        head, end, rest = self._bytes.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        if len(rest) < length:
            return None
        self._bytes = rest[length:]
        return (head + end + rest[:length]).decode()


class TlsPhone(TcpPhone):
    transport = "TLS"

    def _connect(self, host: str) -> socket.socket:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(super()._connect(host))


class WssPhone(TlsPhone):
    """`origin` is what a browser would say; `refused` the HTTP status of a handshake that failed."""

    transport = "WSS"
    origin = ""
    protocols: tuple[str, ...] = ("sip",)

    def _connect(self, host: str) -> socket.socket:
        sock = super()._connect(host)
        self._messages: deque[str] = deque()
        self.closed = self.refused = 0
        self.ws = WSConnection(ConnectionType.CLIENT)
        origin = [(b"Origin", self.origin.encode())] if self.origin else []
        hello = Request(host=self.server, target="/", subprotocols=list(self.protocols), extra_headers=origin)
        sock.sendall(self.ws.send(hello))
        self.open = False
        while not self.open and not self.refused:
            self._take(sock.recv(65535))
        return sock

    @property
    def contact(self) -> str:
        return f"<sip:{self.number}@x{self.number}.invalid;transport=ws>"

    def _take(self, data: bytes) -> None:
        self.ws.receive_data(data or None)
        for event in self.ws.events():
            match event:
                case AcceptConnection():
                    self.open = event.subprotocol == "sip"
                case RejectConnection():
                    self.refused = event.status_code
                case TextMessage():
                    self._messages.append(event.data)
                case CloseConnection():
                    self.closed = event.code

    def _send(self, message: str) -> None:
        self.sip.sendall(self.ws.send(TextMessage(message)))

    def _receive(self, seconds: float) -> str:
        self.sip.settimeout(seconds)
        try:
            while not self._messages and not self.closed:
                self._take(self.sip.recv(65535))
        except TimeoutError:
            return ""
        return self._messages.popleft() if self._messages else ""
