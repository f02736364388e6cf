"""A whole switch in virtual time, with phones that speak SIP as text over a wire that can lose.

The phones are small real things: they build their own messages and digests, and know nothing of the switch's
code but the parser.  `World.run(seconds)` lets everything happen that is due.
"""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from pbx.directory import Account, Directory, Extension, Trunk
from pbx.features import catalogue
from pbx.sip.flow import Address, Flow
from pbx.sip.message import Request, Response, parse
from pbx.sip.settings import Settings as SipSettings
from pbx.switch.desk import Settings
from pbx.switch.events import CallEnded, CallView, Fact
from pbx.switch.switch import Switch
from pbx.wire.media import Closed, Command, Counters, Event, Ready, Want

DOMAIN = "office.test"
PBX = Address("192.0.2.1", 5060)
WALL = 1_790_000_000.0


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def office(*numbers: str, trunks: tuple[Trunk, ...] = ()) -> Directory:
    """Extensions of these numbers, each with an account of that name and the password "secret-<number>"."""
    accounts = {}
    for number in numbers:
        a1 = f"{number}:{DOMAIN}:secret-{number}"
        accounts[number] = Account(number, number, {"MD5": md5(a1), "SHA-256": sha256(a1)})
    extensions = {number: Extension(number, f"Person {number}") for number in numbers}
    return Directory(DOMAIN, 1, extensions, accounts, trunks)


class Recorder:
    """Stands where the media process would: notes every statement and counts nothing."""

    def __init__(self) -> None:
        self.said: list[Command] = []
        self.wanted: dict[str, Want] = {}
        self.answers = True

    def hear(self, command: Command) -> list[Event]:
        self.said.append(command)
        if not isinstance(command, Want):
            return []
        if command.legs:
            self.wanted[command.call] = command
            return []
        last = self.wanted.pop(command.call, command)
        if not self.answers:
            return []
        return [Closed(command.call, tuple(Counters(leg.leg, received=50) for leg in last.legs))]


class World:
    """The switch at PBX, phones at their addresses, one wire."""

    def __init__(
        self, *numbers: str, trunks: tuple[Trunk, ...] = (), rtp: tuple[int, int] = (10000, 10099)
    ) -> None:
        self.now = 1000.0
        settings = Settings(SipSettings(DOMAIN), rtp_first=rtp[0], rtp_last=rtp[1])
        seeded = random.Random(7)
        self.switch = Switch(settings, office(*numbers, trunks=trunks), catalogue(), seeded, self.now, WALL)
        self.phones: dict[Address, Phone] = {}
        self.media = Recorder()
        self.facts: list[Fact] = []
        self.lose: Callable[[bytes], bool] = lambda data: False
        self._wire: list[tuple[bytes, Address, Address]] = []
        self.hear(Ready(1, 1))

    def phone(self, number: str, host: str, register: bool = True, transport: str = "udp") -> "Phone":
        phone = Phone(self, number, Address(host, 5060))
        phone.transport = transport
        self.phones[phone.address] = phone
        if register:
            phone.register()
            self.run()
            assert phone.registered, phone.log
        return phone

    def send(self, text: str, source: Address) -> None:
        self._wire.append((text.encode(), source, PBX))

    def hear(self, event: Event) -> None:
        self.switch.heard(event, self.now)
        self._perform()

    def run(self, seconds: float = 0.0) -> None:
        """Lets messages flow and deadlines pass until `seconds` from now."""
        end = self.now + seconds
        while True:
            while self._wire:
                self._deliver(*self._wire.pop(0))
            due = self.switch.deadline()
            if due is None or due > end:
                self.now = end
                return
            self.now = max(self.now, due)
            self.switch.advance(self.now)
            self._perform()

    def _deliver(self, data: bytes, source: Address, target: Address) -> None:
        if self.lose(data):
            return
        if target == PBX:
            phone = self.phones.get(source)
            transport = phone.transport if phone is not None else "udp"
            self.switch.receive(data, Flow(transport, PBX, source), self.now)
            self._perform()
        elif target in self.phones:
            self.phones[target].receive(data)

    def _perform(self) -> None:
        outbox = self.switch.outbox
        for data, flow in outbox.datagrams:
            self._wire.append((data, PBX, flow.remote))
        outbox.datagrams.clear()
        self.facts += outbox.facts
        outbox.facts.clear()
        commands = list(outbox.media)
        outbox.media.clear()
        for command in commands:
            for event in self.media.hear(command):
                self.hear(event)

    # -- what tests ask

    def told(self, kind: type) -> list:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    @property
    def records(self) -> list[CallView]:
        return [fact.call for fact in self.told(CallEnded)]

    @property
    def record(self) -> CallView:
        """The one call that ended."""
        (record,) = self.records
        return record

    @property
    def wanted(self) -> Want:
        """The media of the one call that is up."""
        (want,) = self.media.wanted.values()
        return want

    def nothing_left(self) -> None:
        """After the longest timers every call, leg, port, transaction and session is gone."""
        self.run(200)
        counts = self.switch.counts()
        for name in ("calls", "legs", "ports", "transactions", "sessions"):
            assert counts[name] == 0, counts
        assert not self.media.wanted


@dataclass
class PhoneCall:
    """One dialog as the phone sees it.  `log` holds statuses and methods in the order they came."""

    phone: "Phone"
    call_id: str
    local: str
    remote: str
    target: str
    cseq: int = 1
    invite: Request | None = None
    sdp: bytes = b""
    log: list[str] = field(default_factory=list)
    over: bool = False
    sent: str = ""
    auto: bool = True

    # caller

    def cancel(self) -> None:
        top = self.sent.splitlines()
        via = next(line for line in top if line.startswith("Via:"))
        to = next(line for line in top if line.startswith("To:"))
        self.phone.send(
            f"CANCEL {self.target} SIP/2.0\r\n{via}\r\nMax-Forwards: 70\r\nFrom: {self.local}\r\n{to}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.cseq} CANCEL\r\nContent-Length: 0\r\n\r\n"
        )

    # callee

    def reply(self, status: int, sdp: str = "", extra: str = "") -> None:
        assert self.invite is not None
        body = f"Content-Type: application/sdp\r\n{extra}Content-Length: {len(sdp)}\r\n\r\n{sdp}"
        self.phone.answer(
            self.invite, status, self.local, body if sdp else f"{extra}Content-Length: 0\r\n\r\n"
        )
        if status >= 300:
            self.over = True

    def ring(self) -> None:
        self.reply(180)

    def pick_up(self, sdp: str | None = None) -> None:
        self.reply(200, sdp if sdp is not None else self.phone.sdp())

    # both

    def bye(self) -> None:
        self.over = True
        self.request("BYE")

    def reinvite(self, direction: str = "sendrecv", host: str | None = None) -> None:
        self.request("INVITE", self.phone.sdp(direction=direction, host=host))

    def request(self, method: str, sdp: str = "") -> None:
        self.cseq += 1
        self.sent = self.phone.request(
            method, self.target, self.local, self.remote, self.call_id, self.cseq, sdp
        )


class Phone:
    """A phone at `address` with the account `number`.  It is quiet: tests say when it rings and answers."""

    def __init__(self, world: World, number: str, address: Address) -> None:
        self.world, self.number, self.address = world, number, address
        self.calls: list[PhoneCall] = []
        self.log: list[str] = []
        self.registered = False
        self.password = f"secret-{number}"
        self.port = 4000
        self.transport = "udp"
        self.codecs = ("0 PCMU/8000", "8 PCMA/8000", "101 telephone-event/8000")
        self._serial = 0
        self._pending: dict[str, tuple[str, PhoneCall | None]] = {}

    # -- what tests do

    def register(self, expires: int = 300, contact: str | None = None) -> None:
        contact = contact or f"<sip:{self.number}@{self.address}>"
        lines = f"Contact: {contact}\r\nExpires: {expires}\r\n"
        me = f"<sip:{self.number}@{DOMAIN}>"
        call_id = f"reg-{self.number}-{self.address.host}"
        cseq = self._serial + 1
        text = self.request("REGISTER", f"sip:{DOMAIN}", f"{me};tag=r", me, call_id, cseq, extra=lines)
        self._pending[f"{call_id} {cseq}"] = (text, None)

    def call(self, number: str, sdp: str | None = None, extra: str = "", hops: int = 70) -> PhoneCall:
        self._serial += 1
        call_id = f"call-{self._serial}@{self.address.host}"
        local, remote = f"<sip:{self.number}@{DOMAIN}>;tag=c{self._serial}", f"<sip:{number}@{DOMAIN}>"
        call = PhoneCall(self, call_id, local, remote, f"sip:{number}@{DOMAIN}")
        self.calls.append(call)
        body = self.sdp() if sdp is None else sdp
        call.sent = self.request("INVITE", call.target, local, remote, call_id, 1, body, extra, hops)
        self._pending[f"{call_id} 1"] = (call.sent, call)
        return call

    def sdp(self, direction: str = "sendrecv", host: str | None = None, codecs: tuple[str, ...] = ()) -> str:
        chosen = codecs or self.codecs
        formats = " ".join(codec.split()[0] for codec in chosen)
        maps = "".join(f"a=rtpmap:{codec}\r\n" for codec in chosen)
        host = host or self.address.host
        return (
            f"v=0\r\no=- 1 {self._serial + 1} IN IP4 {self.address.host}\r\ns=-\r\n"
            f"c=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {self.port} RTP/AVP {formats}\r\n{maps}a={direction}\r\n"
        )

    @property
    def incoming(self) -> PhoneCall:
        """The newest call that came in."""
        return next(call for call in reversed(self.calls) if call.invite is not None)

    # -- the wire

    def send(self, text: str) -> None:
        self.world.send(text, self.address)

    def request(
        self,
        method: str,
        uri: str,
        from_: str,
        to: str,
        call_id: str,
        cseq: int,
        sdp: str = "",
        extra: str = "",
        hops: int = 70,
    ) -> str:
        self._serial += 1
        body = f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
        text = (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{self.number}x{self._serial};rport\r\n"
            f"Max-Forwards: {hops}\r\nFrom: {from_}\r\nTo: {to}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:{self.number}@{self.address}>\r\nUser-Agent: Test phone\r\n{extra}"
            + (body if sdp else "Content-Length: 0\r\n\r\n")
        )
        if method == "REGISTER":
            text = text.replace(f"Contact: <sip:{self.number}@{self.address}>\r\n", "", 1)
        self.send(text)
        return text

    def answer(self, request: Request, status: int, to: str, tail: str) -> None:
        copied = "".join(f"Via: {value}\r\n" for value in request.all("Via"))
        self.send(
            f"SIP/2.0 {status} Word\r\n{copied}From: {request.get('From')}\r\nTo: {to}\r\n"
            f"Call-ID: {request.call_id}\r\nCSeq: {request.get('CSeq')}\r\n"
            f"Contact: <sip:{self.number}@{self.address}>\r\nUser-Agent: Test phone\r\n{tail}"
        )

    def receive(self, data: bytes) -> None:
        message = parse(data)
        if isinstance(message, Response):
            self._response(message)
        else:
            self._request(message)

    def _response(self, response: Response) -> None:
        method = response.cseq.method
        self.log.append(f"{response.status} {method}")
        key = f"{response.call_id} {response.cseq.number}"
        call = next((call for call in self.calls if call.call_id == response.call_id), None)
        if call is not None:
            call.log.append(f"{response.status}" if method == "INVITE" else f"{response.status} {method}")
        if method == "INVITE" and response.status >= 200 and call is not None:
            self._ack(call, response)
        if response.status == 401 and key in self._pending:
            self._again(response, *self._pending.pop(key))
        elif method == "REGISTER" and response.status == 200:
            self.registered = response.get("Contact") is not None
        if method == "INVITE" and response.status >= 300 and response.status != 401 and call is not None:
            call.over = call.over or response.cseq.number == 1 or "200" not in call.log

    def _ack(self, call: PhoneCall, response: Response) -> None:
        via = next(line for line in call.sent.splitlines() if line.startswith("Via:"))
        if response.status < 300:
            call.remote, call.sdp = response.get("To") or "", response.body or call.sdp
            call.target = str(response.contacts[0].uri)
            via = via.replace("branch=z9hG4bK", "branch=z9hG4bKack")
        if call.auto:
            self.send(
                f"ACK {call.target} SIP/2.0\r\n{via}\r\nMax-Forwards: 70\r\nFrom: {call.local}\r\n"
                f"To: {response.get('To')}\r\nCall-ID: {call.call_id}\r\nCSeq: {response.cseq.number} ACK\r\n"
                "Content-Length: 0\r\n\r\n"
            )

    def _again(self, response: Response, text: str, call: PhoneCall | None) -> None:
        """Sends the request once more with credentials for the MD5 challenge."""
        challenge = next(value for value in response.all("WWW-Authenticate") if "MD5" in value)
        parts = dict(piece.strip().split("=", 1) for piece in challenge.removeprefix("Digest ").split(","))
        nonce, realm = parts["nonce"].strip('"'), parts["realm"].strip('"')
        method, uri = text.split(" ", 2)[:2]
        ha1, ha2 = md5(f"{self.number}:{realm}:{self.password}"), md5(f"{method}:{uri}")
        digest = md5(f"{ha1}:{nonce}:00000001:c:auth:{ha2}")
        header = (
            f'Authorization: Digest username="{self.number}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'qop=auth, nc=00000001, cnonce="c", algorithm=MD5, response="{digest}"\r\n'
        )
        self._serial += 1
        number = response.cseq.number + 1
        text = text.replace("branch=z9hG4bK", f"branch=z9hG4bK{self._serial}n", 1)
        text = text.replace(f"CSeq: {response.cseq.number} ", f"CSeq: {number} ", 1)
        text = text.replace("User-Agent:", f"{header}User-Agent:", 1)
        if call is not None:
            call.cseq, call.sent = number, text
        else:
            self._serial = max(self._serial, number)
        self.send(text)

    def _request(self, request: Request) -> None:
        self.log.append(request.method)
        call = next((call for call in self.calls if call.call_id == request.call_id), None)
        if request.method == "INVITE":
            if call is None:
                to = f"{request.get('To')};tag=p{len(self.calls)}{self.number}"
                call = PhoneCall(
                    self, request.call_id, to, request.get("From") or "", str(request.contacts[0].uri)
                )
                self.calls.append(call)
            call.invite, call.sdp = request, request.body
            call.log.append("INVITE")
        elif call is not None:
            call.log.append(request.method)
            if request.method == "BYE":
                call.over = True
                self.answer(request, 200, request.get("To") or "", "Content-Length: 0\r\n\r\n")
            elif request.method == "CANCEL":
                self.answer(request, 200, call.local, "Content-Length: 0\r\n\r\n")
                call.reply(487)
