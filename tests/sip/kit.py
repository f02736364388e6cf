"""A stack in virtual time, phones that say what a test tells them, and a line that loses what it is told."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from hashlib import md5, sha256
from typing import TypeVar

from pbx.directory import Account, Directory, Extension, Trunk
from pbx.sip.events import Event
from pbx.sip.flow import Address, Flow
from pbx.sip.headers import Auth, NameAddr
from pbx.sip.message import Message, Request, Response, parse
from pbx.sip.sdp import Description
from pbx.sip.session import Session
from pbx.sip.settings import Settings
from pbx.sip.stack import Stack
from pbx.sip.uri import Uri

DOMAIN = "pbx.test"
PASSWORD = "Rig-secret-2026"
SERVER = Address("10.0.0.1", 5060)
TRUNK = Address("10.0.0.9", 5060)
ANNA = Address("10.0.0.11", 5060)
BOB = Address("10.0.0.12", 5070)

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.11\r\ns=-\r\nc=IN IP4 10.0.0.11\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
ANSWER = OFFER.replace(b"10.0.0.11", b"10.0.0.12")

E = TypeVar("E")


def sdp(data: bytes = OFFER) -> Description:
    return Description.parse(data)


def account(number: str, password: str = PASSWORD) -> Account:
    text = f"{number}:{DOMAIN}:{password}".encode()
    return Account(number, number, {"MD5": md5(text).hexdigest(), "SHA-256": sha256(text).hexdigest()})


def office(*numbers: str, trunks: tuple[Trunk, ...] = (Trunk("trunk", "ip", TRUNK.host),)) -> Directory:
    numbers = numbers or ("1001", "1002")
    extensions = {number: Extension(number, f"Phone {number}") for number in numbers}
    return Directory(DOMAIN, 1, extensions, {number: account(number) for number in numbers}, trunks)


class Rig:
    """The stack under test.  `said` collects (time, message, flow) of all that it ever sent."""

    def __init__(self, directory: Directory | None = None, seed: int = 7, **settings: object) -> None:
        self.stack = Stack(
            Settings(DOMAIN, **settings),  # type: ignore[arg-type]
            directory or office(),
            random.Random(seed),
        )
        self.now = 100.0
        self.said: list[tuple[float, Message, Flow]] = []

    def hear(self, data: bytes, source: Address) -> list[Message]:
        """One datagram from `source`; what the stack sends at once."""
        before = len(self.said)
        self.stack.receive(data, Flow("udp", SERVER, source), self.now)
        return self.drain(before)

    def drain(self, before: int | None = None) -> list[Message]:
        start = len(self.said) if before is None else before
        self.said += [(self.now, parse(data), flow) for data, flow in self.stack.outbox]
        self.stack.outbox.clear()
        return [message for _, message, _ in self.said[start:]]

    def wait(self, seconds: float) -> list[Message]:
        """Let the time pass, from deadline to deadline; what the stack sends meanwhile."""
        before, end = len(self.said), self.now + seconds
        while (deadline := self.stack.deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.stack.advance(self.now)
            self.drain()
        self.now = end
        return self.drain(before)

    def events(self) -> list[Event]:
        events = list(self.stack.events)
        self.stack.events.clear()
        return events

    def event(self, kind: type[E]) -> E:
        """The only event since the last look, which must be of this kind."""
        events = self.events()
        assert [type(event) for event in events] == [kind], events
        event = events[0]
        assert isinstance(event, kind)
        return event

    def call(self, phone: Phone, offer: bytes | None = OFFER) -> Session:
        """Have the stack invite `phone`, which gets the INVITE."""
        session = self.stack.invite(
            Uri.parse(f"sip:{phone.number}@{phone.address}"),
            Flow("udp", SERVER, phone.address),
            from_=NameAddr.parse(f"<sip:1001@{DOMAIN}>"),
            to=NameAddr.parse(f"<sip:{phone.number}@{DOMAIN}>"),
            sdp=None if offer is None else sdp(offer),
            now=self.now,
        )
        (phone.invite,) = self.drain(len(self.said))
        return session

    def times(self, what: str) -> list[float]:
        """When the stack sent each message of this method or status, since the first of them, in seconds."""
        found = [when for when, message, _ in self.said if label(message) == what]
        return [round(when - found[0], 3) for when in found]


def label(message: Message) -> str:
    """The method of a request, "status method" of a response."""
    if isinstance(message, Request):
        return message.method
    assert isinstance(message, Response)
    return f"{message.status} {message.cseq.method}"


def labels(messages: Iterable[Message]) -> list[str]:
    return [label(message) for message in messages]


class Phone:
    """A phone at `address`.  It keeps its dialog by hand: tags, Call-ID, CSeq."""

    invite: Message

    def __init__(self, rig: Rig, number: str = "1001", address: Address = ANNA) -> None:
        self.rig, self.number, self.address = rig, number, address
        self.cseq = 0
        self.branches = self._branches()
        self.branch = ""
        self.call_id = f"call-{number}"
        self.tag = f"tag-{number}"
        self.remote_tag = ""
        self.credentials = ""

    def _branches(self) -> Iterator[str]:
        count = 0
        while True:
            count += 1
            yield f"z9hG4bK-{self.number}-{count}"

    # -- requests -------------------------------------------------------------------------------------------

    def build(
        self,
        method: str,
        *,
        uri: str = "",
        to: str = "",
        headers: Iterable[str] = (),
        body: bytes = b"",
        cseq: int | None = None,
        branch: str = "",
        max_forwards: int = 70,
    ) -> bytes:
        """The next request as bytes.  An ACK or CANCEL keeps the CSeq, a CANCEL the branch too."""
        if cseq is None:
            self.cseq += method not in ("ACK", "CANCEL")
            cseq = self.cseq
        if method != "CANCEL":
            self.branch = branch or next(self.branches)
        to_tag = f";tag={self.remote_tag}" if self.remote_tag and method != "CANCEL" else ""
        lines = [
            f"{method} {uri or f'sip:1002@{DOMAIN}'} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};rport;branch={branch or self.branch}",
            f"Max-Forwards: {max_forwards}",
            f"From: <sip:{self.number}@{DOMAIN}>;tag={self.tag}",
            f"To: <{to or uri or f'sip:1002@{DOMAIN}'}>{to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.number}@{self.address}>",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        if any(line.startswith("Contact:") for line in headers):
            lines = [line for line in lines if line != f"Contact: <sip:{self.number}@{self.address}>"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def say(self, method: str, **how: object) -> list[Message]:
        """Send the next request; what comes back at once."""
        return self.rig.hear(self.build(method, **how), self.address)  # type: ignore[arg-type]

    def again(self, data: bytes) -> list[Message]:
        """Send these bytes (again)."""
        return self.rig.hear(data, self.address)

    def authorized(
        self, method: str, password: str = PASSWORD, algorithm: str = "MD5", **how: object
    ) -> list[Message]:
        """Send a request, take the challenge, send it again with credentials; what comes back then."""
        (challenge,) = self.say(method, **how)
        assert label(challenge) == f"401 {method}", challenge
        if method == "INVITE":
            self.say("ACK", **{name: value for name, value in how.items() if name == "uri"})
        headers = [
            *how.pop("headers", ()),
            self.authorize(challenge, method, str(how.get("uri", "")), password, algorithm),
        ]  # type: ignore[misc]
        return self.say(method, headers=headers, **how)

    def authorize(
        self,
        challenge: Message,
        method: str,
        uri: str = "",
        password: str = PASSWORD,
        algorithm: str = "MD5",
        nc: str = "00000001",
        username: str = "",
    ) -> str:
        """The Authorization header that answers a 401."""
        offers = [Auth.parse(text) for text in challenge.all("WWW-Authenticate")]
        auth = next(offer for offer in offers if offer.get("algorithm") == algorithm)
        uri, username = uri or f"sip:1002@{DOMAIN}", username or self.number

        def h(text: str) -> str:
            return (md5 if algorithm == "MD5" else sha256)(text.encode()).hexdigest()

        nonce = auth.get("nonce")
        secret, what = h(f"{username}:{DOMAIN}:{password}"), h(f"{method}:{uri}")
        response = h(f"{secret}:{nonce}:{nc}:c0:auth:{what}")
        self.credentials = (
            f'Authorization: Digest username="{username}", realm="{DOMAIN}", nonce="{nonce}", uri="{uri}", '
            f'algorithm={algorithm}, qop=auth, nc={nc}, cnonce="c0", response="{response}"'
        )
        return self.credentials

    def register(self, *contacts: str, expires: int | None = 300, **how: object) -> list[Message]:
        headers = [f"Contact: {contact}" for contact in contacts]
        headers += [] if expires is None else [f"Expires: {expires}"]
        headers += list(how.pop("headers", ()))  # type: ignore[call-overload]
        uri = f"sip:{DOMAIN}"
        how = {"uri": uri, "to": f"sip:{self.number}@{DOMAIN}", "headers": headers, **how}
        return self.authorized("REGISTER", **how)  # type: ignore[arg-type]

    def dial(self, number: str = "1002", body: bytes = OFFER) -> list[Message]:
        """INVITE through the challenge."""
        self.remote_tag = ""
        return self.authorized("INVITE", uri=f"sip:{number}@{DOMAIN}", body=body)

    # -- answers --------------------------------------------------------------------------------------------

    def answer(
        self,
        request: Message,
        status: int,
        *,
        tag: str = "",
        contact: str = "",
        headers: Iterable[str] = (),
        body: bytes = b"",
    ) -> list[Message]:
        """Answer a request that the stack sent us."""
        assert isinstance(request, Request)
        to = request.get("To") or ""
        if request.to.tag is None:
            to += f";tag={tag or self.tag}"
        lines = [
            f"SIP/2.0 {status} Word",
            *[f"Via: {value}" for value in request.all("Via")],
            f"From: {request.get('From')}",
            f"To: {to}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.get('CSeq')}",
            f"Contact: <{contact or f'sip:{self.number}@{self.address}'}>",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return self.rig.hear("\r\n".join([*lines, "", ""]).encode() + body, self.address)

    def take_call(self, session: Session, offer: bytes = OFFER) -> None:
        """After `Rig.call`: our dialog is that of `self.invite`, from now on."""
        request = self.invite
        self.remote_tag, self.call_id = request.from_.tag or "", request.call_id


class Line:
    """Two stacks on one lossy link in virtual time: `lose` numbers the datagrams that vanish, from 0."""

    def __init__(self, near: Rig, far: Rig, lose: Iterable[int] = ()) -> None:
        self.near, self.far, self.lost = near, far, set(lose)
        self.count = 0
        self.seen: list[str] = []
        self.addresses = {id(near): TRUNK, id(far): SERVER}

    def run(self, seconds: float) -> None:
        """Deliver everything, at once, for so long."""
        end = self.near.now + seconds
        while True:
            self._deliver()
            due = [d for rig in (self.near, self.far) if (d := rig.stack.deadline()) is not None and d <= end]
            if not due:
                break
            for rig in (self.near, self.far):
                rig.now = max(rig.now, min(due))
                rig.stack.advance(rig.now)
        self.near.now = self.far.now = end

    def _deliver(self) -> None:
        while self.near.stack.outbox or self.far.stack.outbox:
            for rig, other in ((self.near, self.far), (self.far, self.near)):
                sent = list(rig.stack.outbox)
                rig.stack.outbox.clear()
                for data, _ in sent:
                    self._carry(data, rig, other)

    def _carry(self, data: bytes, rig: Rig, other: Rig) -> None:
        lost = self.count in self.lost
        self.count += 1
        self.seen.append(("lost " if lost else "") + label(parse(data)))
        if not lost:
            here, there = self.addresses[id(other)], self.addresses[id(rig)]
            other.stack.receive(data, Flow("udp", here, there), other.now)
