"""Telephones in one thread whose audio is sent by us: a trunk that calls, and a phone that answers."""

import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

Address = tuple[str, int]


@dataclass
class Line:
    """One side of a call: its own audio port, and where the product wants its audio, once known."""

    call_id: str
    port: int
    audio: Address | None = None
    to: str = ""
    target: str = ""


class Agent:
    """SIP on one UDP socket.  It retransmits nothing: the line is loopback."""

    def __init__(self, address: str, port: int, server: Address, domain: str) -> None:
        self.address, self.port, self.server, self.domain = address, port, server, domain
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind((address, port))
        self.lines: dict[str, Line] = {}
        self.next_audio = 40000

    def _line(self, call_id: str) -> Line:
        line = self.lines[call_id] = Line(call_id, self.next_audio)
        self.next_audio += 2
        return line

    def _sdp(self, port: int) -> str:
        return (
            f"v=0\r\no=- {port} 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )

    def _send(self, first: str, headers: str, body: str = "") -> None:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        contact = f"Contact: <sip:bench@{self.address}:{self.port}>\r\n"
        text = f"{first}\r\n{headers}{contact}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        self.sock.sendto(text.encode(), self.server)

    def _request(self, method: str, line: Line, uri: str, cseq: int, body: str = "") -> None:
        via = f"SIP/2.0/UDP {self.address}:{self.port};rport;branch=z9hG4bK{line.call_id}-{cseq}-{method}"
        self._send(
            f"{method} {uri} SIP/2.0",
            f"Via: {via}\r\nMax-Forwards: 70\r\nFrom: <sip:0301234567@{self.domain}>;tag={line.call_id}\r\n"
            f"To: {line.to}\r\nCall-ID: {line.call_id}\r\nCSeq: {cseq} {method}\r\n",
            body,
        )

    def dial(self, number: str, call_id: str) -> None:
        line = self._line(call_id)
        uri = f"sip:{number}@{self.domain}"
        line.to = f"<{uri}>"
        self._request("INVITE", line, uri, 1, self._sdp(line.port))

    def hang_up(self, line: Line) -> None:
        self._request("BYE", line, line.target, 2)

    def handle(self) -> None:
        """Reads one message and does what it asks for."""
        text = self.sock.recv(65535).decode()
        head, _, body = text.partition("\r\n\r\n")
        first, _, fields = head.partition("\r\n")
        call_id = _field(fields, "Call-ID")
        if first.startswith("SIP/2.0 200") and "INVITE" in _field(fields, "CSeq"):
            line = self.lines[call_id]
            line.audio, line.to = _audio(body), _field(fields, "To")
            line.target = _uri(_field(fields, "Contact"))
            self._request("ACK", line, line.target, 1)
        elif first.startswith("INVITE "):
            line = self.lines.get(call_id) or self._line(call_id)
            line.audio = _audio(body)
            self._reply("180 Ringing", fields, line)
            self._reply("200 OK", fields, line, self._sdp(line.port))
        elif first.startswith("BYE "):
            self._reply("200 OK", fields, self.lines.pop(call_id))

    def _reply(self, status: str, fields: str, line: Line, body: str = "") -> None:
        copied = re.findall(r"^(?:Via|From|Call-ID|CSeq): .*$", fields.replace("\r", ""), re.M)
        to = _field(fields, "To")
        tagged = to if ";tag=" in to else f"{to};tag={line.port}"
        self._send(f"SIP/2.0 {status}", "\r\n".join([*copied, f"To: {tagged}"]) + "\r\n", body)


def _field(fields: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r?$", fields, re.M)
    return found[1] if found else ""


def _uri(text: str) -> str:
    found = re.search(r"<([^>]+)>", text)
    return found[1] if found else text


def _audio(body: str) -> Address:
    found = re.search(r"c=IN IP4 (\S+).*?m=audio (\d+)", body, re.S)
    assert found, body
    return found[1], int(found[2])


def serve(agents: list[Agent], until: Callable[[], bool], seconds: float) -> None:
    """Lets the agents work until something is true; AssertionError when it is not in time."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        for sock in select.select([a.sock for a in agents], [], [], 0.02)[0]:
            next(a for a in agents if a.sock is sock).handle()
