"""The lines to carriers: found, registered, probed, and told of in words."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import blake2b
from itertools import count, takewhile
from typing import TYPE_CHECKING

from pbx.directory import Account, Directory, Trunk
from pbx.sip.client import Answer, Inquiry
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Request, Response
from pbx.sip.registration import Registration, Wish
from pbx.sip.registration import State as Step
from pbx.sip.timers import Timer
from pbx.sip.uri import Uri, aor
from pbx.switch.causes import Cause
from pbx.switch.diagnosis import alg
from pbx.switch.events import Trouble, TrunkChanged, TrunkView
from pbx.switch.outbox import Lookup

_SEPARATORS = str.maketrans("", "", " -.()/")

if TYPE_CHECKING:
    from pbx.switch.desk import Desk

LOOK_AGAIN = 300.0
"""Seconds between two looks where a carrier is; DNS answers are cached by their own time to live."""

NOT_FOUND_PAUSE = 30.0
"""The same while it is not found."""


class Line:
    """One trunk while it is configured.  `flows` are where it was found, the best first."""

    def __init__(self, desk: Desk, trunk: Trunk) -> None:
        self._desk, self.trunk = desk, trunk
        self.flows: tuple[Flow, ...] = ()
        self._found: dict[int, tuple[Flow, ...]] = {}
        self._timer: Timer | None = None
        self._probe: Timer | None = None
        self._inquiry: Inquiry | None = None
        self._said: TrunkView | None = None
        self.answers: bool | None = None  # to OPTIONS; None = not asked yet
        self.delay = 0.0
        self.heard_at = 0.0
        self._meddled = ""  # what a router made of our messages
        name = trunk.auth_username or trunk.username
        self.login = desk.stack.login(name, trunk.password) if trunk.password else None
        self.registration = self._registration() if trunk.kind == "register" else None

    @property
    def domain(self) -> str:
        """The host part of what we say there."""
        return self.trunk.domain or _host(self.trunk.address)

    @property
    def usable(self) -> bool:
        """A call may be tried: it was found, and we are registered if that is what it takes."""
        up = self.registration is None or self.registration.registered
        return bool(self.flows) and up

    @property
    def calls(self) -> int:
        """How many it carries."""
        calls = self._desk.calls.values()
        return sum(leg.alive and leg.party.line == self.trunk.name for call in calls for leg in call.legs)

    @property
    def full(self) -> bool:
        """It carries as many as it may."""
        return 0 < self.trunk.channels <= self.calls

    def _registration(self) -> Registration:
        trunk, domain = self.trunk, self.domain
        assert self.login is not None
        me = NameAddr("", Uri("sip", trunk.username, domain))
        wish = Wish(Uri("sip", None, domain), me, trunk.username, trunk.expires, trunk.external, _mark(trunk))
        return self._desk.stack.registration(wish, self.login, self._standing)

    # -- its life

    def start(self, now: float) -> None:
        self._look(now)
        if self.trunk.probe:
            self._probe = self._desk.timers.set(now + 1.0, self._ask)
        self.tell(now)

    def stop(self, now: float) -> None:
        for timer in (self._timer, self._probe):
            if timer is not None:
                timer.cancel()
        if self._inquiry is not None:
            self._inquiry.stop(now)
        if self.registration is not None:
            self.registration.stop(now)
        for flow in self.flows:
            self._desk.stack.faces.hide(flow.remote.host)

    def broken(self, flow: Flow, now: float) -> None:
        """A connection ended."""
        if self.registration is not None:
            self.registration.broken(flow, now)

    def _standing(self, now: float) -> None:
        """The registration went a step."""
        if self.registration is not None:
            self._notice(self.registration.meddled)
            if self.registration.state is Step.WAITING:
                self._look_soon(now)
        self.tell(now)

    def _notice(self, what: str) -> None:
        if what and not self._meddled:
            self._desk.tell(Trouble("sip_alg", alg(self.trunk.name, what)))
        self._meddled = self._meddled or what

    def _look(self, now: float) -> None:
        for index, place in enumerate(self.trunk.places):
            host, port = _split(place)
            self._desk.lookups.append(Lookup(f"{index} {self.trunk.name}", host, port, self.trunk.transport))
        self._timer = self._desk.timers.set(now + NOT_FOUND_PAUSE, self._look)

    def _look_soon(self, now: float) -> None:
        """It does not answer where it was found: it may have moved."""
        if self._timer is not None and self._timer.when > now + NOT_FOUND_PAUSE:
            self._timer.cancel()
            self._timer = self._desk.timers.set(now + NOT_FOUND_PAUSE, self._look)

    def located(self, index: int, flows: tuple[Flow, ...], now: float) -> None:
        """DNS has answered for one of its places; () = not found.

        A place counts once those before it do, or the quicker answer would choose where we register.
        """
        if flows or index not in self._found:
            self._found[index] = flows
        known = takewhile(self._found.__contains__, count())
        found = tuple(flow for place in known for flow in self._found[place])
        if self._timer is not None:
            self._timer.cancel()
        pause = LOOK_AGAIN if found else NOT_FOUND_PAUSE
        self._timer = self._desk.timers.set(now + pause, self._look)
        if found == self.flows:
            return
        self.flows = found
        if self.trunk.external:
            for flow in found:
                outside = flow.local._replace(host=self.trunk.external)
                self._desk.stack.faces.show(flow.remote.host, outside)
        if self.registration is not None and found:
            self.registration.start(found, now)
        self.tell(now)

    # -- health, as measured

    def _ask(self, now: float) -> None:
        self._probe = self._desk.timers.set(now + self.trunk.probe, self._ask)
        if not self.flows or self._inquiry is not None:
            return
        registered = self.registration.flow if self.registration is not None else None
        target, flow = Uri("sip", None, self.domain), registered or self.flows[0]
        heard = partial(self._answered, now)
        self._inquiry = self._desk.stack.options(flow, target, heard, now, self._seen)

    def _seen(self, response: Response, request: Request, flow: Flow, now: float) -> None:
        self._notice(self._desk.stack.notice(response, request, flow, self.trunk.external))

    def _answered(self, asked: float, answer: Answer, now: float) -> None:
        """Any answer is a sign of life, 4xx too."""
        self._inquiry = None
        self.answers = answer.response is not None
        if answer.response is not None:
            self.delay, self.heard_at = now - asked, self._desk.wall(now)
        else:
            self._look_soon(now)
        self.tell(now)

    # -- in words

    def tell(self, now: float) -> None:
        view = self.view(now)
        news = replace(view, delay=0.0, heard=0.0)  # a delay that scatters is none
        if self.answers:
            news = replace(news, text="")
        if self._said != news:
            self._said = news
            self._desk.tell(TrunkChanged(view))

    def view(self, now: float) -> TrunkView:
        state, text = self._words()
        flow = self.registration.flow if self.registration is not None and self.usable else None
        flow = flow or (self.flows[0] if self.flows else None)
        return TrunkView(
            self.trunk.name, self.trunk.kind, state, text, str(flow or ""), self.calls, self.trunk.channels,
            self.delay, self.heard_at,
        )  # fmt: skip

    def _words(self) -> tuple[str, str]:
        if not self.flows and len(self._found) < len(self.trunk.places):
            return "trying", f"looking for {self.trunk.address}"
        if not self.flows:
            return "unknown", f"{self.trunk.address} was not found (no answer from DNS)"
        registration = self.registration
        if registration is not None and not registration.registered:
            if registration.state is Step.WAITING or registration.why:
                return "down", f"not registered: {registration.why}"
            return "trying", "registering"
        if self.answers is False:
            return "down", "it does not answer OPTIONS"
        if self._meddled:
            return "up", f"reached, but a router rewrites our messages (SIP ALG): {self._meddled}"
        if registration is not None:
            return "up", "registered"
        if self.answers:
            return "up", f"answered within {self.delay * 1000:.0f} ms"
        return "trying", "not asked yet"


class Trunks:
    """All lines of the office."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lines: dict[str, Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def use(self, directory: Directory, now: float) -> None:
        """Follow the directory; what did not change is not touched."""
        wanted = {trunk.name: trunk for trunk in directory.trunks}
        for name, line in list(self._lines.items()):
            if wanted.get(name) != line.trunk:
                line.stop(now)
                del self._lines[name]
        for name, trunk in wanted.items():
            if name not in self._lines:
                self._lines[name] = Line(self._desk, trunk)
                self._lines[name].start(now)
        self._know()

    def stop(self, now: float) -> None:
        """The office closes: say goodbye."""
        for line in self._lines.values():
            line.stop(now)

    def located(self, token: str, flows: tuple[Flow, ...], now: float) -> None:
        index, _, name = token.partition(" ")
        line = self._lines.get(name)
        if line is not None and index.isdigit():
            line.located(int(index), flows, now)
            self._know()

    def broken(self, flow: Flow, now: float) -> None:
        """A connection ended, perhaps one of theirs."""
        for line in self._lines.values():
            line.broken(flow, now)

    def refusal(self, caller: Account | Trunk) -> Cause | None:
        """Why a call from there is not taken, None = it is."""
        line = self._lines.get(caller.name) if isinstance(caller, Trunk) else None
        if line is None or not line.full:
            return None
        text = f"a call from {line.trunk.name} was refused: all {line.trunk.channels} channels are in use"
        self._desk.tell(Trouble("trunk_full", text))
        return Cause.TRUNK_FULL

    def line(self, name: str) -> Line | None:
        return self._lines.get(name)

    def views(self, now: float) -> tuple[TrunkView, ...]:
        return tuple(line.view(now) for line in self._lines.values())

    def _know(self) -> None:
        """Calls come in from where a carrier was found."""
        lines = self._lines.values()
        hosts = {flow.remote.host: line.trunk for line in lines for flow in line.flows}
        marks = {line.registration.wish.mark: line.trunk for line in lines if line.registration is not None}
        self._desk.stack.know(hosts, marks)

    def called(self, trunk: Trunk, dialled: str, to: str) -> str:
        """Which extension a call from outside is for; "" = nobody.  Without numbers: what was dialled."""
        if not trunk.numbers:
            return dialled
        numbers = {_digits(number): extension for number, extension in trunk.numbers}
        # Some carriers put the account into the Request-URI and the number into To.
        for number in (dialled, to):
            if (found := numbers.get(_digits(number))) is not None:
                return found
        return dict(trunk.numbers).get("*", "")


def _mark(trunk: Trunk) -> str:
    """What nobody can guess, and a switch that takes over says again."""
    key = trunk.password.encode()[:64]
    return blake2b(f"{trunk.name} {trunk.username}".encode(), key=key, digest_size=8).hexdigest()


def caller_number(uri: Uri) -> str:
    """Who calls from outside, as numbers are written here: without separators and parameters."""
    text = aor(uri).partition(";")[0]
    number = text.translate(_SEPARATORS)
    return number if number.lstrip("+").isdecimal() else text or "anonymous"


def _digits(number: str) -> str:
    return number.lstrip("+")


def _split(place: str) -> tuple[str, int]:
    """Host and port, 0 where none is given."""
    host, colon, port = place.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        return place.strip("[]"), 0
    return host.strip("[]"), int(port)


def _host(place: str) -> str:
    host = _split(place)[0]
    return f"[{host}]" if ":" in host else host
