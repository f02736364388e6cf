"""A telephone of a hundred lines on real sockets, independent of our own SIP code."""

import hashlib
import os
import re
import secrets
import socket
import struct
import time
from types import TracebackType
from typing import Self

from tests.office import PASSWORD

NETWORK = f"127.84.{os.getpid() % 250 + 1}"
"""Ours alone: two runs of these tests at once must not meet each other's offices."""


class Phone:
    """Extension `number` at `host`, talking to the office at `server`, port `at`."""

    transport = "UDP"

    def __init__(self, number: str, host: str, server: str, at: int = 5060) -> None:
        self.number, self.server, self.at = number, server, at
        self.six = ":" in host
        self.sip = self._connect(host)
        self.rtp = socket.socket(self.family, socket.SOCK_DGRAM)
        self.rtp.bind((host, 0))
        self.host, self.port = self.sip.getsockname()[:2]
        self.tag, self.call_id = secrets.token_hex(6), secrets.token_hex(6)
        self.cseq = 0
        self.to = ""
        self.audio: tuple[str, int] = ("", 0)

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if self.six else socket.AF_INET

    @property
    def domain(self) -> str:
        return f"[{self.server}]" if ":" in self.server else self.server

    @property
    def contact(self) -> str:
        host = f"[{self.host}]" if self.six else self.host
        suffix = "" if self.transport == "UDP" else f";transport={self.transport.lower()}"
        return f"<sip:{self.number}@{host}:{self.port}{suffix}>"

    def _connect(self, host: str) -> socket.socket:
        sock = socket.socket(self.family, socket.SOCK_DGRAM)
        sock.bind((host, 0))
        return sock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.sip.close()
        self.rtp.close()

    # -- what a person does with it

    def register(self, expires: int = 300) -> int:
        """The final status."""
        headers = [f"Contact: {self.contact}", f"Expires: {expires}"]
        return status(self._transact("REGISTER", f"sip:{self.domain}", self.number, headers))

    @property
    def sdp(self) -> str:
        ip = f"IN IP{6 if self.six else 4} {self.host}"
        return (
            f"v=0\r\no=- 1 1 {ip}\r\ns=-\r\nc={ip}\r\nt=0 0\r\n"
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )

    def call(self, dialled: str) -> int:
        """The final status; after a 200 the call is up and `audio` is where its sound goes."""
        self.call_id, self.to = secrets.token_hex(6), ""
        headers = [f"Contact: {self.contact}", "Content-Type: application/sdp"]
        answer = self._transact("INVITE", f"sip:{dialled}@{self.domain}", dialled, headers, self.sdp)
        if status(answer) == 200:
            self._ack(answer, dialled)
            host = re.search(r"^c=IN IP[46] (\S+)", answer, re.M)
            port = re.search(r"^m=audio (\d+)", answer, re.M)
            assert host is not None
            assert port is not None
            self.audio = host[1], int(port[1])
        return status(answer)

    def hears_itself(self, seconds: float = 1.0) -> bool:
        """Sends sound and waits for its echo."""
        self.rtp.settimeout(0.02)
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            number += 1
            packet = struct.pack("!BBHII", 0x80, 0, number, number * 160, 7) + b"\xd5" * 160
            self.rtp.sendto(packet, self.audio)
            try:
                if self.rtp.recv(2000)[12:] == packet[12:]:
                    return True
            except OSError:  # nothing yet, or the port is closed
                time.sleep(0.02)
        return False

    def ring_up(self, dialled: str) -> None:
        """Begins a call; `final` tells what became of it."""
        self.call_id, self.to = secrets.token_hex(6), ""
        headers = [f"Contact: {self.contact}", "Content-Type: application/sdp"]
        uri = f"sip:{dialled}@{self.domain}"
        self.cseq += 1
        self._send(self._request("INVITE", uri, dialled, headers, self.sdp))
        while status(challenge := self._receive(5)) == 0:
            continue  # what an earlier call left
        assert status(challenge) == 401, challenge
        self._ack_refusal(challenge, uri)
        self.cseq += 1
        headers.append(self._authorization(challenge, "INVITE", uri))
        self._send(self._request("INVITE", uri, dialled, headers, self.sdp))
        self._dialled = uri

    def final(self, seconds: float = 5) -> int:
        """The final status of the call that was begun."""
        while status(answer := self._receive(seconds)) < 200:
            continue
        if 300 <= status(answer) < 700:
            self._ack_refusal(answer, self._dialled)
        return status(answer)

    def await_request(self, method: str, seconds: float) -> str:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if (message := self._receive(left)).startswith(f"{method} "):
                return message
        raise AssertionError(f"no {method} came")

    def refuse(self, request: str, code: int) -> None:
        self._send(_answer_to(request).replace("200 OK", f"{code} No", 1).replace("To: ", "To: ", 1))

    def accept(self, invite: str) -> None:
        """Answers a call."""
        to = header(invite, "To")
        body = f"Contact: {self.contact}\r\nContent-Type: application/sdp\r\nContent-Length: {len(self.sdp)}"
        answer = _answer_to(invite).replace(f"To: {to}", f"To: {to};tag={self.tag}", 1)
        self._send(answer.replace("Content-Length: 0", body, 1) + self.sdp)

    def hang_up(self) -> int:
        """Ends the call that it made; the status."""
        return status(self._ask("BYE", self.target, "", [], ""))

    def write(self, number: str, text: str) -> int:
        """A text message; the final status."""
        uri = f"sip:{number}@{self.domain}"
        return status(self._transact("MESSAGE", uri, number, ["Content-Type: text/plain"], text))

    def begin_text(self, number: str, text: str) -> None:
        """The same, without waiting for an answer to what is authenticated."""
        uri = f"sip:{number}@{self.domain}"
        headers = ["Content-Type: text/plain"]
        challenge = self._ask("MESSAGE", uri, number, headers, text)
        self.cseq += 1
        proof = self._authorization(challenge, "MESSAGE", uri)
        self._send(self._request("MESSAGE", uri, number, [*headers, proof], text))

    def take(self, request: str) -> None:
        """Says 200 to it."""
        self._send(_answer_to(request))

    def request_text(self, method: str, uri: str, to: str) -> str:
        self.cseq += 1
        return self._request(method, uri, to, [f"Contact: {self.contact}"])

    def hung_up(self, seconds: float) -> bool:
        """Waits for the other side's BYE and answers it."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self._receive(left)
            if message.startswith("BYE "):
                self._send(_answer_to(message))
                return True
        return False

    # -- SIP

    def _transact(self, method: str, uri: str, to: str, headers: list[str], body: str = "") -> str:
        answer = self._ask(method, uri, to, headers, body)
        if status(answer) == 401:
            if method == "INVITE":
                self._ack_refusal(answer, uri)
            authorization = self._authorization(answer, method, uri)
            answer = self._ask(method, uri, to, [*headers, authorization], body)
        if method == "INVITE" and status(answer) > 299:
            self._ack_refusal(answer, uri)
        return answer

    def _ask(self, method: str, uri: str, to: str, headers: list[str], body: str) -> str:
        self.cseq += 1
        self._send(self._request(method, uri, to, headers, body))
        while status(answer := self._receive(5)) < 200:
            continue
        return answer

    def _request(self, method: str, uri: str, to: str, headers: list[str], body: str = "") -> str:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self.transport} {self.contact.partition('@')[2].partition(';')[0].strip('>')}"
            f";rport;branch=z9hG4bK{secrets.token_hex(6)}",
            "Max-Forwards: 70",
            f"From: <sip:{self.number}@{self.domain}>;tag={self.tag}",
            f"To: {self.to or f'<sip:{to}@{self.domain}>'}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} {method}",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def _ack(self, answer: str, dialled: str) -> None:
        self.to = header(answer, "To")
        contact = re.search(r"<([^>]+)>", header(answer, "Contact"))
        assert contact is not None
        self.target = contact[1]
        self._send(self._request("ACK", self.target, dialled, []))

    def _ack_refusal(self, answer: str, uri: str) -> None:
        """Within the INVITE's transaction (RFC 3261 §17.1.1.3)."""
        lines = [f"{name}: {header(answer, name)}" for name in ("Via", "From", "To", "Call-ID")]
        lines = [f"ACK {uri} SIP/2.0", *lines, f"CSeq: {self.cseq} ACK", "Content-Length: 0"]
        self._send("\r\n".join(lines) + "\r\n\r\n")

    def _authorization(self, challenge: str, method: str, uri: str) -> str:
        line = next(
            value for value in headers_of(challenge, "WWW-Authenticate") if "SHA-256" not in value
        )
        realm, nonce = (re.search(f'{name}="([^"]*)"', line)[1] for name in ("realm", "nonce"))  # type: ignore[index]
        ha1, ha2 = md5(f"{self.number}:{realm}:{PASSWORD}"), md5(f"{method}:{uri}")
        response = md5(f"{ha1}:{nonce}:00000001:feed:auth:{ha2}")
        return (
            f'Authorization: Digest username="{self.number}",realm="{realm}",nonce="{nonce}",uri="{uri}",'
            f'algorithm=MD5,qop=auth,nc=00000001,cnonce="feed",response="{response}"'
        )

    def _send(self, message: str) -> None:
        self.sip.sendto(message.encode(), (self.server, self.at))

    def _receive(self, seconds: float) -> str:
        self.sip.settimeout(seconds)
        try:
            return self.sip.recv(65535).decode()
        except TimeoutError:
            return ""


def status(message: str) -> int:
    """Of a response; 999 for silence, 0 for a request."""
    if not message:
        return 999
    return int(message[8:11]) if message.startswith("SIP/2.0 ") else 0


def headers_of(message: str, name: str) -> list[str]:
    return re.findall(rf"^{name}: *(.*?)\r$", message, re.M | re.I)


def header(message: str, name: str) -> str:
    return headers_of(message, name)[0]


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _answer_to(request: str) -> str:
    lines = ["SIP/2.0 200 OK"]
    lines += [f"{name}: {value}" for name in ("Via", "From", "To", "Call-ID", "CSeq")
              for value in headers_of(request, name)]
    return "\r\n".join([*lines, "Content-Length: 0"]) + "\r\n\r\n"
