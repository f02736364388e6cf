"""The SIP stack: bytes and the time in; datagrams, events and the next deadline out (RFC 3261).

It reads as the RFC does: a datagram is parsed (§7), matched to its transaction (§17), then to its dialog
(§12), and what is left is inspected and authenticated as a new request (§8.2, §22) in `gatekeeper`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from types import MappingProxyType

from pbx.directory import Directory, Trunk
from pbx.sip import refresh, roaming
from pbx.sip.body import SDP
from pbx.sip.client import Heard, Inquiry, Seen, ask
from pbx.sip.core import Core, Taker
from pbx.sip.credentials import Login
from pbx.sip.dialog import plain
from pbx.sip.events import Event, Rejected
from pbx.sip.faces import Faces
from pbx.sip.flow import Flow
from pbx.sip.gatekeeper import Gatekeeper
from pbx.sip.headers import NameAddr
from pbx.sip.identifiers import Identifiers
from pbx.sip.incoming import IncomingSession
from pbx.sip.inside import take_info, take_invite, take_prack, take_update
from pbx.sip.inspect import ALLOW, CAPABILITIES, SUPPORTED, Refusal, extension_refusal, method_refusal
from pbx.sip.kept import AdoptedSession, KeptInvite, KeptSession, adopt_incoming, adopt_outgoing
from pbx.sip.lockout import Lockout
from pbx.sip.message import MalformedMessage, Request, Response, build_request, parse
from pbx.sip.nonce import Nonces
from pbx.sip.outgoing import OutgoingSession, Way
from pbx.sip.outside import learn, rewritten
from pbx.sip.refer import take_refer
from pbx.sip.registrar import Binding, Registrar
from pbx.sip.registration import Registration, Wish
from pbx.sip.sdp import Description
from pbx.sip.session import Session
from pbx.sip.settings import Settings
from pbx.sip.stun import pong
from pbx.sip.subscription import Subscriptions
from pbx.sip.texts import serve_text
from pbx.sip.timers import Timers
from pbx.sip.transaction_layer import TransactionLayer, note_source
from pbx.sip.uri import Uri

_INSIDE: Mapping[str, Taker] = {
    "BYE": lambda session, transaction, now: session.take_bye(transaction, now),
    "INVITE": take_invite,
    "UPDATE": take_update,
    "PRACK": take_prack,
    "INFO": take_info,
    "REFER": take_refer,
}
"""Who takes which request inside a dialog."""


class Stack:
    """One user agent, registrar included.  `now` is monotonic seconds and never runs backwards.

    After every method call drain `outbox` (datagrams to send, in order) and `events`.  `random` should be
    `random.SystemRandom()`: tags, branches and nonces must not be guessable.
    """

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        random: Random,
        now: float = 0.0,
        packages: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.settings = settings
        self.outbox: list[tuple[bytes, Flow]] = []
        self.events: deque[Event] = deque()
        self._timers = Timers()
        identifiers = Identifiers(random, settings.domain)
        self._can = (
            ("Allow", ALLOW),
            ("Supported", SUPPORTED),
            *refresh.offered(settings.session_expires, settings.min_se),
            ("User-Agent", settings.user_agent),
        )
        self.faces = Faces()
        self._transactions = TransactionLayer(self._timers, self.outbox, identifiers, self.faces)
        self.touched: set[str] = set()
        self._core = Core(
            *(settings, random, identifiers, self._timers, self._transactions),
            *(self.outbox, self.events, self.faces, self.touched),
        )
        self._core.takes.update(_INSIDE)
        self.ask = partial(ask, self._core)
        self.registrar = Registrar(settings, self._timers, self.events)
        self._gatekeeper = Gatekeeper(self._core, self.registrar, directory)
        self.subscriptions = Subscriptions(self._core, packages)
        self._gatekeeper.serve("SUBSCRIBE", self.subscriptions.begin)
        self._gatekeeper.serve("MESSAGE", partial(serve_text, self._core))

    @property
    def directory(self) -> Directory:
        return self._gatekeeper.directory

    # -- time ----------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Run everything that is due at `now`."""
        self._timers.run(now)

    def deadline(self) -> float | None:
        """When `advance` has work next; None = nothing is waiting."""
        return self._timers.deadline()

    def broken(self, flow: Flow, now: float, taken: bool = False) -> None:
        """The connection of `flow` ended, or none can be made; `taken` = the peer had taken ours."""
        self._transactions.broken(flow, now)
        self.registrar.broken(flow, taken)
        roaming.lost(self._core, flow)

    def tell_time(self, now: float, wall: float) -> None:
        """The wall clock says `wall`, in seconds since 1970."""
        self._core.wall = wall - now

    # -- messages in ---------------------------------------------------------------------------------------

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One datagram from `flow.remote` came in at `flow.local`.  Raises on no input whatever."""
        if not data.strip(b"\r\n\0 \t"):
            return  # a keep-alive (RFC 5626 §4.4.1, and the habits of NATed phones)
        try:
            message = parse(data)
        except MalformedMessage as error:
            self._malformed(error, data, flow, now)
            return
        if isinstance(message, Response):
            self._response(message, flow, now)
        else:
            note_source(message, flow)
            self._request(message, flow, now)

    def _malformed(self, error: MalformedMessage, data: bytes, flow: Flow, now: float) -> None:
        """Answer if there is enough to answer with; silence otherwise.

        After a head that cannot be read nobody knows what a stream means by what follows; in a WebSocket
        every message has its own frame.
        """
        known = flow.transport == "udp" and self.registrar.knows(flow.remote.host)
        if known and (answer := pong(data, flow.remote)) is not None:
            self.outbox.append((answer, flow))
        elif error.partial is None:
            self.events.append(Rejected("malformed", 0, flow.remote.host, error.reason))
        else:
            note_source(error.partial, flow)
            refusal = Refusal(error.status, "malformed", (), error.reason)
            self._gatekeeper.reject(error.partial, flow, refusal, now)
        if not error.framed and flow.transport in ("tcp", "tls"):
            self._core.close(flow)

    def _response(self, response: Response, flow: Flow, now: float) -> None:
        """§8.1.3.3 and §18.1.2: exactly one Via, and a transaction that waits for it."""
        if len(response.vias) == 1 and (
            self._transactions.response(response, now) or self._acknowledged_again(response)
        ):
            return
        self.events.append(Rejected("stray_response", 0, flow.remote.host, f"{response.status}"))

    def _acknowledged_again(self, response: Response) -> bool:
        """A 2xx to an INVITE of the stack that we took over from, repeated for want of its ACK."""
        if response.cseq.method != "INVITE" or response.status // 100 != 2:
            return False
        session = self._core.dialogs.get(response.from_.tag or "")
        return isinstance(session, AdoptedSession) and session.acknowledge_again(response)

    def _request(self, request: Request, flow: Flow, now: float) -> None:
        transaction = self._transactions.match(request)
        if transaction is not None and not transaction.receive(request, now):
            return
        # What passes is new, or the ACK to a 2xx under its INVITE's branch, as some phones send it.
        if request.method == "CANCEL":
            self._gatekeeper.cancel(request, flow, now)
        elif request.to.tag is not None:
            self._in_dialog(request, flow, now)
        elif request.method != "ACK":  # an ACK to a stateless refusal is expected, and never answered
            self._gatekeeper.admit(request, flow, now)

    def _in_dialog(self, request: Request, flow: Flow, now: float) -> None:
        session = self._core.dialogs.get(request.to.tag or "")
        if session is None or not session.owns(request, flow.remote.host):
            if request.method != "ACK":
                self._gatekeeper.reject(request, flow, Refusal(481, "no_dialog"), now)
            return
        inside = isinstance(session, Session) and request.method != "ACK"
        refusal = self._dialog_refusal(request) if inside else None
        if refusal is not None:
            self._gatekeeper.reject(request, flow, refusal, now)
        else:
            session.take(request, flow, now)

    def _dialog_refusal(self, request: Request) -> Refusal | None:
        """What needs no session to be answered, and is answered statelessly."""
        refusal = method_refusal(request) or extension_refusal(request)
        if refusal is not None or request.method == "BYE":
            return refusal
        if request.method == "OPTIONS":
            return Refusal(200, "", CAPABILITIES)
        if request.method in self._core.takes:
            return self._gatekeeper.crowded()
        return Refusal(405, "method", (("Allow", ALLOW),))

    # -- the user's side -----------------------------------------------------------------------------------

    def use(self, directory: Directory, now: float) -> None:
        """From now on this is the office.  Bindings of extensions that it lacks go ("extension deleted"), and
        those made with a password that does not count any more ("password changed")."""
        changed = _new_passwords(self.directory, directory)
        self._gatekeeper.use(directory)
        for binding in self.registrar.all():
            if binding.aor not in directory.extensions:
                self.registrar.remove(binding, "extension deleted")
            elif binding.aor in changed:
                self.registrar.remove(binding, "password changed")

    def restore(self, binding: Binding, now: float) -> None:
        """Take up a binding from before a restart, silently; not if it expired or its extension is gone."""
        if binding.expires_at > now and binding.aor in self.directory.extensions:
            self.registrar.restore(binding)

    @property
    def lockout(self) -> Lockout:
        return self._gatekeeper.lockout

    def busy(self, data: bytes, flow: Flow, now: float) -> None:
        """There is more to do than can be done: a new request is refused at the least cost (§21.5.4)."""
        try:
            request = parse(data)
        except MalformedMessage:
            return
        if isinstance(request, Request):
            note_source(request, flow)
            wait = (("Retry-After", str(self._core.random.randint(5, 20))),)
            self._gatekeeper.reject(request, flow, Refusal(503, "overload", wait), now)

    @property
    def nonces(self) -> Nonces:
        return self._gatekeeper.nonces

    def adopt(self, kept: KeptSession, now: float) -> Session:
        """Go on with a confirmed session of an earlier stack."""
        session = AdoptedSession(self._core, kept, now)
        if kept.offered is not None:
            session.refuse_offer(kept.offered, now)
        return session

    def adopt_incoming(self, kept: KeptInvite, now: float) -> IncomingSession | None:
        """The caller's INVITE that waits for a final response; None when it cannot be read."""
        return adopt_incoming(self._core, kept, now)

    def adopt_outgoing(self, kept: KeptInvite, now: float) -> OutgoingSession | None:
        """Our INVITE that waits for the peer's final response; None when it cannot be read."""
        return adopt_outgoing(self._core, kept, now)

    def invite(
        self,
        target: Uri,
        flow: Flow,
        *,
        from_: NameAddr,
        to: NameAddr,
        sdp: Description | None,
        now: float,
        max_forwards: int = 70,
        headers: Sequence[tuple[str, str]] = (),
        route: Sequence[NameAddr] = (),
        user: str = "",
        login: Login | None = None,
        ways: Sequence[Way] = (),
    ) -> OutgoingSession:
        """Send an INVITE for `target` over `flow`, else by `ways`.  `sdp` None = the 2xx carries an offer.

        `from_` gets its tag here; `headers` are added as they are; `route` is the first route set (Path);
        `user` is our Contact's user part, "" = as in From; `login` answers challenges.
        """
        core, tag, body = self._core, self._core.identifiers.tag(), b"" if sdp is None else sdp.encode()
        about = [
            ("Max-Forwards", str(max_forwards)),
            *[("Route", str(hop)) for hop in route],
            ("From", str(from_.with_tag(tag))),
            ("To", str(replace(to, params=()))),
            ("Call-ID", core.identifiers.call_id()),
            ("CSeq", "1 INVITE"),
            ("Contact", core.contact(user or from_.uri.user, flow)),
            *self._can,
            *headers,
            *(login.ahead("INVITE", str(plain(target))) if login is not None else ()),
            ("Content-Type", SDP) if body else ("Accept", SDP),
        ]
        request = build_request("INVITE", plain(target), about, body)
        session = OutgoingSession(core, tag, request, flow, now, None, login, ways)
        session.user = user or session.user
        session.said = sdp
        return session

    def know(self, hosts: Mapping[str, Trunk], marks: Mapping[str, Trunk]) -> None:
        """These hosts are carriers', beside those of the directory, and so is who calls a marked Contact."""
        self._gatekeeper.carriers, self._gatekeeper.marks = hosts, marks

    def login(self, username: str, password: str) -> Login:
        """What a peer knows us by."""
        return Login(username, password, self._core.random)

    def registration(self, wish: Wish, login: Login, told: Callable[[float], None]) -> Registration:
        """One that does not run yet."""
        return Registration(self._core, wish, login, told)

    def options(self, flow: Flow, uri: Uri, heard: Heard, now: float, seen: Seen) -> Inquiry:
        """Ask the peer of `flow` whether it is there (§11)."""
        me = NameAddr("", Uri("sip", None, self.faces.host(flow)))
        headers = [("Contact", self._core.contact(None, flow)), ("Accept", SDP)]
        return self.ask("OPTIONS", uri, (flow,), me, NameAddr("", uri), headers, heard, now, 5.0, seen)

    def notice(self, response: Response, request: Request, flow: Flow, external: str = "") -> str:
        """Learn from a response how the peer sees us; what a router made of our `request`, "" = nothing."""
        learn(self._core, response, flow, external)
        return rewritten(request, response)

    @property
    def idle(self) -> bool:
        """No transaction and no session is left (bindings may be)."""
        return not self._transactions and not self._core.dialogs

    @property
    def counts(self) -> dict[str, int]:
        """Sizes of all growing tables, for leak tests and metrics."""
        return {
            "transactions": len(self._transactions),
            "sessions": len(self._core.dialogs) - len(self.subscriptions),
            "bindings": len(self.registrar),
            "subscriptions": len(self.subscriptions),
            "timers": len(self._timers),
            **self._gatekeeper.counts,
        }


def _new_passwords(before: Directory, after: Directory) -> set[str]:
    """The extensions whose password changed.  A new realm changes every digest, but no password."""
    if before.domain != after.domain:
        return set()
    both = before.accounts.keys() & after.accounts.keys()
    return {
        after.accounts[name].extension
        for name in both
        if before.accounts[name].ha1 != after.accounts[name].ha1
    }
