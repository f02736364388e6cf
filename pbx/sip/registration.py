"""Our registration at a registrar of a carrier: a machine as a table (RFC 3261 §10.2, RFC 3608, RFC 5626
§4.4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pbx.sip.client import Answer, Inquiry, Line
from pbx.sip.core import Core
from pbx.sip.credentials import WRONG, Header, Login
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Request, Response
from pbx.sip.outside import learn, rewritten
from pbx.sip.timers import Timer
from pbx.sip.uri import Uri, format_host
from pbx.sip.views import lifetime

KEEP_ALIVE = 25.0
"""Seconds between two signs of life that keep a NAT's door open (RFC 5626 §4.4.1)."""
PING = b"\r\n\r\n"

SOONEST, LATEST = 5.0, 300.0
"""Seconds to wait after nobody answered: the first time, and at most."""
REFUSED_SOONEST, REFUSED_LATEST = 30.0, 1800.0
"""The same after a refusal: whoever asks too often with a wrong password is locked out."""
LONGEST = 86_400

MARK = "line"
"""The parameter of our Contact's URI: a registrar calls us at the whole URI (§10.3, §16.6)."""


class State(StrEnum):
    IDLE = "unregistered"
    ASKING = "registering"
    UP = "registered"
    RENEWING = "renewing"
    WAITING = "waiting"
    LEAVING = "leaving"
    OVER = "over"


class Input(StrEnum):
    START = "start"
    GRANTED = "2xx"
    BRIEF = "423"
    REFUSED = "another final response"
    SILENT = "no answer"
    DUE = "time is up"
    MOVED = "our address, the peer's or the connection changed"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is registered where: `uri` is the registrar, `me` the address of record, `user` the user part of
    our Contact, `mark` a parameter of it by which calls to it are known; `external` is our address outside,
    "" = what the registrar sees."""

    uri: Uri
    me: NameAddr
    user: str
    expires: int
    external: str = ""
    mark: str = ""


class Registration:
    """`told(now)` is called after every change of `state` or `why`; `flow` is where it is registered, `route`
    the way from there (RFC 3608)."""

    def __init__(self, core: Core, wish: Wish, login: Login, told: Callable[[float], None]) -> None:
        self._core, self.wish, self.login, self._told = core, wish, login, told
        self._line = Line(core, wish.me, wish.me)
        self.state = State.IDLE
        self.why = ""
        self.status = 0
        self.flows: tuple[Flow, ...] = ()
        self.flow: Flow | None = None
        self.route: tuple[NameAddr, ...] = ()
        self.until = 0.0
        self.meddled = ""
        self._expires = wish.expires
        self._failures = self._moves = 0
        self._bound = ""
        self._sent = ""
        self._answer: Answer | None = None
        self._inquiry: Inquiry | None = None
        self._timer: Timer | None = None
        self._pulse: Timer | None = None

    def start(self, flows: tuple[Flow, ...], now: float) -> None:
        """Register at the first of `flows` that answers; again when they changed."""
        changed, self.flows = set(flows) != set(self.flows), flows
        if self.state is State.IDLE:
            self._feed(Input.START, now)
        elif changed and self.state is State.ASKING and self._inquiry is not None:
            self._inquiry.widen(flows, now)
        elif changed and (self.flow not in flows or self.state is State.WAITING):
            self._feed(Input.MOVED, now)

    def stop(self, now: float) -> None:
        """Unregister, if it may be registered."""
        self._feed(Input.STOP, now)

    def broken(self, flow: Flow, now: float) -> None:
        """A connection ended."""
        if self.flow is not None and (flow.transport, flow.remote) == (self.flow.transport, self.flow.remote):
            self._feed(Input.MOVED, now)

    @property
    def registered(self) -> bool:
        return self.state in (State.UP, State.RENEWING)

    # -- what goes out

    def ask(self, now: float) -> None:
        self._quiet(now)
        self._answer = None
        first = (self.flow,) if self.flow in self.flows and self.flow is not None else ()
        flows = (*first, *(flow for flow in self.flows if flow not in first))
        if not flows:
            self._feed(Input.SILENT, now)
            return
        self._inquire(flows, now)

    def _inquire(self, flows: tuple[Flow, ...], now: float) -> None:
        self._inquiry = Inquiry(
            *(self._core, self._line, "REGISTER", self.wish.uri, flows, self._headers, self._heard, now),
            login=self.login,
            seen=self._seen,
        )

    def _headers(self, flow: Flow) -> list[Header]:
        gone = self.state is State.LEAVING
        self._sent = contact = self._contact(flow)
        contacts = [contact] if not gone else [f"{contact};expires=0"]
        if self._bound and self._bound != contact:
            contacts.append(f"{self._bound};expires=0")
        return [
            *(("Contact", each) for each in contacts),
            ("Expires", "0" if gone else f"{self._expires}"),
            ("Supported", "path"),
        ]

    def _contact(self, flow: Flow) -> str:
        contact = self._core.contact(self.wish.user, flow)
        return contact.replace(">", f";{MARK}={self.wish.mark}>") if self.wish.mark else contact

    def leave(self, now: float) -> None:
        self._quiet(now)
        if self.flow is None:
            self._feed(Input.SILENT, now)
        else:
            self._inquire((self.flow,), now)

    def ping(self, now: float) -> None:
        if self.flow is not None:
            self._core.outbox.append((PING, self.flow))
            self._pulse = self._core.timers.set(now + KEEP_ALIVE, self.ping)

    # -- what comes back

    def _seen(self, response: Response, request: Request, flow: Flow, now: float) -> None:
        self.meddled = self.meddled or rewritten(request, response, self.wish.user)
        learn(self._core, response, flow, self.wish.external)

    def _heard(self, answer: Answer, now: float) -> None:
        self._inquiry, self._answer = None, answer
        response = answer.response
        self.status = 0 if response is None else response.status
        if response is None:
            self._feed(Input.SILENT, now)
        elif response.status < 300:
            self._feed(Input.GRANTED, now)
        elif response.status == 423 and self._expires < (least := _least(response)) <= LONGEST:
            self._expires = least
            self._feed(Input.BRIEF, now)
        else:
            self._feed(Input.REFUSED, now)

    def keep(self, now: float) -> None:
        """§10.2.4: refresh in good time what was granted."""
        answer = self._answer
        assert answer is not None
        assert answer.response is not None
        self._failures, self.why, self.flow = 0, "", answer.flow
        granted = _granted(answer.response, self.wish.user, self._expires)
        self.until = now + granted
        self._bound = self._sent
        self.route = _service_route(answer.response)
        self._timer = self._core.timers.set(
            now + max(SOONEST, granted * self._core.random.uniform(0.5, 0.75)), self._due
        )
        if self._pulse is None:
            self._pulse = self._core.timers.set(now + KEEP_ALIVE, self.ping)
        if self._contact(answer.flow) == self._bound:
            self._moves = 0
            return
        # It saw us at another address: at once, but not for ever where a NAT gives a new port each time.
        self._moves += 1
        self._timer.cancel()
        self._timer = self._core.timers.set(now + (KEEP_ALIVE if self._moves > 1 else 0.0), self._due)

    def back_off(self, now: float) -> None:
        """RFC 5626 §4.5: twice as long each time, and never all at once; at least as long as the peer
        asks."""
        answer, self._failures = self._answer, self._failures + 1
        response = None if answer is None else answer.response
        refused = response is not None and response.status != 503
        soonest, latest = (REFUSED_SOONEST, REFUSED_LATEST) if refused else (SOONEST, LATEST)
        wait = min(latest, soonest * 2 ** min(self._failures - 1, 20)) * self._core.random.uniform(0.75, 1.0)
        if response is not None:
            wait = max(wait, _retry_after(response))
        self.why = _words(answer)
        self.flow = self.flow if now < self.until else None
        self._stop_pulse()
        self._timer = self._core.timers.set(now + wait, self._due)

    def end(self, now: float) -> None:
        self._quiet(now)
        self._stop_pulse()
        self.flow, self.until, self.route = None, 0.0, ()

    # -- the machine

    def _due(self, now: float) -> None:
        self._timer = None
        self._feed(Input.DUE, now)

    def _quiet(self, now: float) -> None:
        if self._inquiry is not None:
            self._inquiry.stop(now)
            self._inquiry = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_pulse(self) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None

    def _feed(self, event: Input, now: float) -> None:
        step = TABLE.get((self.state, event))
        if step is None:
            return
        self.state, action = step
        action(self, now)
        self._told(now)


def _least(response: Response) -> int:
    text = response.get("Min-Expires") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _retry_after(response: Response) -> float:
    """§20.33; no longer than a day."""
    digits = (response.get("Retry-After") or "").split("(")[0].split(";")[0].strip()
    return float(min(int(digits), LONGEST)) if digits.isascii() and digits.isdigit() else 0.0


def _granted(response: Response, user: str, asked: int) -> int:
    """§10.2.4: our Contact's own expires, else the header's, else what we asked for."""
    for contact in response.contacts:
        text = contact.param("expires")
        if contact.uri.user == user and text:
            return max(1, lifetime(text))
    return max(1, response.expires or asked)


def _service_route(response: Response) -> tuple[NameAddr, ...]:
    try:
        return tuple(NameAddr.parse(text) for text in response.all("Service-Route"))[:8]
    except RemoteProtocolError:
        return ()


def _words(answer: Answer | None) -> str:
    if answer is None:
        return "its address is not known"
    where = format_host(*answer.flow.remote)
    if answer.response is None:
        return f"{where} does not answer"
    if answer.why == WRONG or (answer.response.status in (401, 403, 407) and not answer.why):
        return f"{where} refused us: {WRONG} ({answer.response.status} {answer.response.reason[:60]})"
    why = f": {answer.why}" if answer.why else ""
    return f"{where} said {answer.response.status} {answer.response.reason[:60]}{why}"


# -- the table -----------------------------------------------------------------------------------------------

Action = Callable[[Registration, float], None]


def ask(registration: Registration, now: float) -> None:
    registration.ask(now)


def keep(registration: Registration, now: float) -> None:
    registration.keep(now)


def back_off(registration: Registration, now: float) -> None:
    registration.back_off(now)


def leave(registration: Registration, now: float) -> None:
    registration.leave(now)


def end(registration: Registration, now: float) -> None:
    registration.end(now)


TABLE: Mapping[tuple[State, Input], tuple[State, Action]] = MappingProxyType(
    {
        (State.IDLE, Input.START): (State.ASKING, ask),
        (State.IDLE, Input.STOP): (State.OVER, end),
        (State.ASKING, Input.GRANTED): (State.UP, keep),
        (State.ASKING, Input.BRIEF): (State.ASKING, ask),
        (State.ASKING, Input.REFUSED): (State.WAITING, back_off),
        (State.ASKING, Input.SILENT): (State.WAITING, back_off),
        (State.ASKING, Input.STOP): (State.LEAVING, leave),
        (State.UP, Input.DUE): (State.RENEWING, ask),
        (State.UP, Input.MOVED): (State.RENEWING, ask),
        (State.UP, Input.STOP): (State.LEAVING, leave),
        (State.RENEWING, Input.GRANTED): (State.UP, keep),
        (State.RENEWING, Input.BRIEF): (State.RENEWING, ask),
        (State.RENEWING, Input.REFUSED): (State.WAITING, back_off),
        (State.RENEWING, Input.SILENT): (State.WAITING, back_off),
        (State.RENEWING, Input.STOP): (State.LEAVING, leave),
        (State.WAITING, Input.DUE): (State.ASKING, ask),
        (State.WAITING, Input.MOVED): (State.ASKING, ask),
        (State.WAITING, Input.STOP): (State.LEAVING, leave),
        (State.LEAVING, Input.GRANTED): (State.OVER, end),
        (State.LEAVING, Input.BRIEF): (State.OVER, end),
        (State.LEAVING, Input.REFUSED): (State.OVER, end),
        (State.LEAVING, Input.SILENT): (State.OVER, end),
    }
)
"""What is not here changes nothing."""
