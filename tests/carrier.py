"""A carrier in virtual time: registrar and far end at an address of its own, and the DNS that finds it."""

import re
from dataclasses import replace

from pbx.directory import OutboundRoute, Trunk
from pbx.sip.flow import Address, Flow
from pbx.sip.message import Request
from pbx.switch.outbox import Lookup
from tests.journalled import Journalled
from tests.world import PBX, Phone, md5

REALM, NONCE = "carrier.test", "cafe"

MAIN = Trunk(
    "Main", "register", "sip.carrier.test", username="493012345", password="carrier-secret",
    numbers=(("*", "1001"),), caller_id="+493012345600",
)  # fmt: skip
SPARE = Trunk("Spare", "ip", "198.51.100.77")
OUT = OutboundRoute("Out", "0X.", ("Main", "Spare"), strip=1)
OUTSIDE = "203.0.113.5"


class Office(Journalled):
    """`dns` says where hosts are; what it lacks is not found, what is `slow` when it is `looked_up`."""

    def __init__(self, *numbers: str) -> None:
        self.dns: dict[str, list[Address]] = {}
        self.slow: dict[str, list[Lookup]] = {}
        super().__init__(*numbers)

    def _perform(self) -> None:
        lookups = list(self.switch.outbox.lookups)
        self.switch.outbox.lookups.clear()
        super()._perform()
        for lookup in lookups:
            if lookup.host in self.slow:
                self.slow[lookup.host].append(lookup)
            else:
                self._found(lookup)

    def _found(self, lookup: Lookup) -> None:
        flows = tuple(Flow("udp", PBX, address) for address in self.dns.get(lookup.host, []))
        self.switch.located(lookup.token, flows, self.now)
        self._perform()

    def looked_up(self, host: str) -> None:
        """DNS answers at last."""
        for lookup in self.slow.pop(host):
            self._found(lookup)

    def configure(self, *trunks: Trunk, routes: tuple[OutboundRoute, ...] = (), **outside: str) -> None:
        """From now on the office has these trunks."""
        directory = self.switch._stack.directory
        extensions = {
            number: replace(each, outside=outside.get(f"x{number}", ""))
            for number, each in directory.extensions.items()
        }
        changed = replace(
            directory, revision=directory.revision + 1, trunks=trunks, routes=routes, extensions=extensions
        )
        self.switch.use(changed, self.now)
        self._perform()
        self.run(0)

    @property
    def states(self) -> dict[str, str]:
        return {view.name: view.state for view in self.switch.trunks(self.now)}

    def words(self, name: str) -> str:
        return next(view.text for view in self.switch.trunks(self.now) if view.name == name)


class Carrier(Phone):
    """Registers whoever knows `secret`; challenges INVITEs if it is to.  `seen` are the requests it took."""

    def __init__(self, office: Office, host: str, name: str = "sip.carrier.test") -> None:
        super().__init__(office, "493012345", Address(host, 5060))
        office.phones[self.address] = self
        office.dns.setdefault(name, []).append(self.address)
        self.secret = "carrier-secret"
        self.granted = 600
        self.refuse: dict[str, int] = {}
        self.challenges: set[str] = {"REGISTER"}
        self.headers = ""
        self.silent = False
        self.seen: list[Request] = []
        self.contact = ""

    def _request(self, request: Request) -> None:
        if self.silent:
            return
        self.seen.append(request)
        method, to = request.method, request.get("To") or ""
        to += "" if request.to.tag else ";tag=carrier"
        if method in self.refuse:
            self.answer(request, self.refuse[method], to, f"{self.headers}Content-Length: 0\r\n\r\n")
        elif method in self.challenges and not self._knows(request):
            status, name = (401, "WWW") if method == "REGISTER" else (407, "Proxy")
            digest = f'Digest realm="{REALM}", nonce="{NONCE}", algorithm=MD5, qop="auth"'
            challenge = f"{name}-Authenticate: {digest}"
            self.answer(request, status, to, f"{challenge}\r\nContent-Length: 0\r\n\r\n")
        elif method == "REGISTER":
            self.contact = request.get("Contact") or ""
            self._grant(request, to)
        elif method == "OPTIONS":
            self.answer(request, 404, to, "Content-Length: 0\r\n\r\n")
        else:
            super()._request(request)

    def receive(self, data: bytes) -> None:
        if data.strip():  # else it is a sign of life for the router in between
            super().receive(data)

    def _grant(self, request: Request, to: str) -> None:
        told = f"Contact: {self.contact};expires={self.granted}\r\n{self.headers}"
        self.answer(request, 200, to, f"{told}Content-Length: 0\r\n\r\n")

    def answer(self, request: Request, status: int, to: str, tail: str) -> None:
        """As a phone does, but a registrar has no Contact of its own."""
        if request.method != "REGISTER":
            super().answer(request, status, to, tail)
            return
        copied = "".join(f"Via: {value}\r\n" for value in request.all("Via"))
        self.send(
            f"SIP/2.0 {status} Word\r\n{copied}From: {request.get('From')}\r\nTo: {to}\r\n"
            f"Call-ID: {request.call_id}\r\nCSeq: {request.get('CSeq')}\r\n{tail}"
        )

    def _knows(self, request: Request) -> bool:
        text = request.get("Authorization") or request.get("Proxy-Authorization") or ""
        pieces = [piece for piece in text.removeprefix("Digest ").split(",") if "=" in piece]
        parts = dict(piece.strip().split("=", 1) for piece in pieces)
        parts = {name: value.strip('"') for name, value in parts.items()}
        if not parts:
            return False
        ha1, ha2 = md5(f"{self.number}:{REALM}:{self.secret}"), md5(f"{request.method}:{request.raw_uri}")
        right = md5(f"{ha1}:{NONCE}:{parts['nc']}:{parts['cnonce']}:auth:{ha2}")
        return parts["response"] == right

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.seen)


class Beyond(Carrier):
    """A carrier beyond our router, which shows us at OUTSIDE.  `wire` is all that it ever got."""

    def __init__(self, office: Office, host: str = "198.51.100.1") -> None:
        super().__init__(office, host)
        self.wire: list[bytes] = []

    def receive(self, data: bytes) -> None:
        self.wire.append(data)
        super().receive(data)

    def answer(self, request: Request, status: int, to: str, tail: str) -> None:
        via = (request.get("Via") or "").replace(";rport", f";rport=1024;received={OUTSIDE}", 1)
        request.set("Via", via)
        super().answer(request, status, to, tail)

    def leaks(self) -> list[str]:
        """Lines with our inside address."""
        inside = re.compile(rf"{re.escape(PBX.host)}(?![0-9])")
        return [line for data in self.wire for line in data.decode().splitlines() if inside.search(line)]
