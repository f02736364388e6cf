"""Who may begin something: requests outside a dialog, inspected, authenticated, and let in or refused (§8.2,
§22).

Strangers cost no memory: whatever we refuse before we know the peer is answered statelessly (§8.2.7,
§26.3.2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from functools import lru_cache, partial
from hashlib import md5, sha256
from ipaddress import ip_address, ip_network

from pbx.directory import Account, Directory, Trunk
from pbx.sip import roaming
from pbx.sip.auth import Authenticator, Outcome, Verdict
from pbx.sip.body import description
from pbx.sip.core import Core
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.events import AuthFailed, Invited, Rejected
from pbx.sip.flow import SECURE, Flow
from pbx.sip.incoming import IncomingSession
from pbx.sip.inspect import CAPABILITIES, Headers, Refusal, body_refusal, head_refusal
from pbx.sip.lockout import Lockout
from pbx.sip.message import Request, Response, build_response
from pbx.sip.nonce import Nonces
from pbx.sip.refer import replaced
from pbx.sip.refresh import too_small
from pbx.sip.register import register
from pbx.sip.registrar import Registrar
from pbx.sip.registration import MARK
from pbx.sip.strangers import Purses, is_near, is_scanner
from pbx.sip.transaction import ServerTransaction
from pbx.sip.transaction_layer import answer_flow
from pbx.sip.uri import aor

Caller = Account | Trunk
Service = Callable[[Request, Flow, Caller, float], None]


class Gatekeeper:
    """Reads the directory; tells `Invited`, `AuthFailed` and `Rejected`."""

    def __init__(self, core: Core, registrar: Registrar, directory: Directory) -> None:
        self._core, self._registrar = core, registrar
        self._auth = Authenticator(core.settings, core.random)
        self.purses = Purses(registrar.phones)
        self._delayed: set[ServerTransaction] = set()
        self.carriers: Mapping[str, Trunk] = {}  # where trunks that we register at were found
        self.marks: Mapping[str, Trunk] = {}  # by the mark of the Contact that we registered there
        self._services: dict[str, Service] = {"REGISTER": self._register, "INVITE": self._invite}
        core.transactions.detour.may = self.listens
        self.use(directory)

    def serve(self, method: str, service: Service) -> None:
        """From now on `service` takes the requests of `method` outside a dialog, whose sender is proven."""
        self._services[method] = service

    def use(self, directory: Directory) -> None:
        self.directory = directory
        self._trunks = {trunk.address: trunk for trunk in directory.trunks if trunk.kind == "ip"}
        self._networks = [(ip_network(each), trunk) for trunk in directory.trunks for each in trunk.sources]
        self._logins = {trunk.username: trunk for trunk in directory.trunks if trunk.kind == "account"}
        accounts = {name: _account_of(trunk, directory.domain) for name, trunk in self._logins.items()}
        everybody = {**accounts, **directory.accounts}
        self._judged = replace(directory, accounts=everybody) if accounts else directory

    @property
    def lockout(self) -> Lockout:
        return self._auth.lockout

    @property
    def nonces(self) -> Nonces:
        return self._auth.nonces

    @property
    def counts(self) -> dict[str, int]:
        return {
            "delayed": len(self._delayed),
            "nonces": len(self._auth.nonces),
            "suspects": len(self._auth.lockout),
            "purses": len(self.purses),
        }

    # -- the gate ------------------------------------------------------------------------------------------

    def admit(self, request: Request, flow: Flow, now: float) -> None:
        """A request outside any dialog and in no transaction yet; never an ACK or a CANCEL."""
        if (why := self._unwelcome(request, flow)) != "":
            self._core.events.append(Rejected(why, 0, flow.remote.host))
            self._core.close(flow)
            return
        refusal = self._refusal(request, flow.transport in SECURE)
        if refusal is not None:
            self.reject(request, flow, refusal, now)
        elif request.method == "OPTIONS":
            self.reject(request, flow, Refusal(200, "", CAPABILITIES), now)
        elif (service := self._services.get(request.method)) is None:
            self.reject(request, flow, Refusal(481, "no_dialog"), now)
        elif (caller := self._caller(request, flow, now)) is not None:
            service(request, flow, caller, now)

    def _unwelcome(self, request: Request, flow: Flow) -> str:
        """Why a request is not even answered, "" = it is: an answer tells a scanner that somebody is here.

        From beyond our own network nobody calls without credentials but who is known there.
        """
        agent = request.get("User-Agent")
        if agent is not None and is_scanner(agent):
            return "scanner"
        host = flow.remote.host
        if request.method != "INVITE" or is_near(host) or request.get("Authorization") is not None:
            return ""
        known = self._carrier(request, host) is not None or self._registrar.knows(host)
        return "" if known else "stranger"

    def _refusal(self, request: Request, secure: bool) -> Refusal | None:
        if any(self._core.identifiers.is_ours(via.branch) for via in request.vias):
            return Refusal(482, "loop")
        refusal = head_refusal(request, secure)
        if refusal is not None:
            return refusal
        if self._core.transactions.is_merged(request):
            return Refusal(482, "merged")
        return None if request.method == "OPTIONS" else self.crowded()

    def crowded(self) -> Refusal | None:
        """503 when there is no room for another transaction."""
        full = len(self._core.transactions) >= self._core.settings.max_transactions
        return Refusal(503, "too_busy", (("Retry-After", "10"),)) if full else None

    def cancel(self, request: Request, flow: Flow, now: float) -> None:
        """§9.2: the INVITE is found by its branch; the CANCEL must come from the host that sent it."""
        transaction = self._core.transactions.match(request, "INVITE")
        if transaction is None or transaction.flow.remote.host != flow.remote.host:
            self.reject(request, flow, Refusal(481, "no_transaction"), now)
            return
        session = transaction.user
        if isinstance(session, IncomingSession):
            self.reply(request, flow, 200, to_tag=session.id)
            session.cancelled(request, now)
        else:
            self.reply(request, flow, 200)
            if transaction in self._delayed:
                self._delayed.discard(transaction)
                self._finish(transaction, Refusal(487, "cancelled"), now)

    # -- who is it -----------------------------------------------------------------------------------------

    def _caller(self, request: Request, flow: Flow, now: float) -> Caller | None:
        """Who sends a request; None when it was answered here.  A trunk is known by its address, but one that
        has an account."""
        trunk = self._carrier(request, flow.remote.host) if request.method != "REGISTER" else None
        return trunk if trunk and trunk.kind != "account" else self._account(request, flow, now)

    def _carrier(self, request: Request, host: str) -> Trunk | None:
        """The trunk that a source address is of, or that alone knows the Contact which is called.

        Carriers call from more addresses than they register at.
        """
        found = self._trunks.get(host) or self.carriers.get(host)
        if found is None and self.marks and (mark := request.uri.param(MARK)):
            found = self.marks.get(mark)
        if found is None and self._networks:
            address = ip_address(host)
            return next((trunk for network, trunk in self._networks if address in network), None)
        return found

    def _knows(self, host: str) -> bool:
        """Whether an address is a trunk's, or a registered phone's."""
        return self._registrar.knows(host) or self._is_carrier(host)

    def _is_carrier(self, host: str) -> bool:
        if host in self._trunks or host in self.carriers:
            return True
        return any(ip_address(host) in network for network, _ in self._networks)

    def listens(self, host: str) -> bool:
        """Whether a connection to a host's SIP port could be taken: a phone beyond our network is behind a
        router."""
        return is_near(host) or self._is_carrier(host)

    def _account(self, request: Request, flow: Flow, now: float) -> Caller | None:
        """The account behind a request; None when it was answered here."""
        host = flow.remote.host
        try:
            verdict = self._auth.check(request, host, self._judged, now)
        except RemoteProtocolError as error:
            self.reject(request, flow, Refusal(error.status, "credentials", (), error.reason), now)
            return None
        if verdict.outcome is Outcome.GRANTED:
            self.purses.give_back(host)
            return self._logins.get(verdict.username) or verdict.account
        if not self.purses.take(host, now, verdict.proven):
            self._core.events.append(Rejected("too_many_challenges", 0, host))
            return None
        if verdict.outcome is Outcome.CHALLENGE:
            challenge = self._auth.challenge(request, self.directory.domain, host, now, verdict.stale)
            self.reply(request, flow, 401, challenge)
            return None
        if verdict.new_ban or verdict.outcome is Outcome.WRONG:
            self._core.events.append(AuthFailed(verdict.username, host, verdict.banned))
        if verdict.outcome is Outcome.BANNED:
            wait = (("Retry-After", str(int(verdict.banned) + 1)),)
            self.reject(request, flow, Refusal(403, "banned", wait), now)
        else:
            self._challenge_later(request, flow, verdict, now)
        return None

    def _challenge_later(self, request: Request, flow: Flow, verdict: Verdict, now: float) -> None:
        """Let a wrong guess wait.  Its transaction absorbs the retransmissions meanwhile."""
        core = self._core
        if len(self._delayed) >= core.settings.max_delayed:
            self.reject(request, flow, Refusal(503, "too_many_guesses", (("Retry-After", "10"),)), now)
            return
        transaction = core.transactions.serve(request, flow, now)
        self._delayed.add(transaction)
        core.timers.set(now + verdict.delay, partial(self._challenge_now, transaction, flow))

    def _challenge_now(self, transaction: ServerTransaction, flow: Flow, now: float) -> None:
        if transaction in self._delayed:
            self._delayed.discard(transaction)
            request, host = transaction.request, flow.remote.host
            challenge = self._auth.challenge(request, self.directory.domain, host, now)
            self._finish(transaction, Refusal(401, "wrong_password", challenge), now)
            self._core.transactions.allow_retry(transaction)

    # -- what it may begin ---------------------------------------------------------------------------------

    def _register(self, request: Request, flow: Flow, caller: Caller, now: float) -> None:
        transaction = self._core.transactions.serve(request, flow, now)
        number = caller.extension if isinstance(caller, Account) else ""
        if aor(request.to.uri) != number or aor(request.from_.uri) != number:
            self._finish(transaction, Refusal(403, "not_your_number"), now)
        elif number not in self.directory.extensions:
            self._finish(transaction, Refusal(404, "no_extension"), now)
        else:
            self._bind(transaction, number, flow, now)

    def _bind(self, transaction: ServerTransaction, number: str, flow: Flow, now: float) -> None:
        request, core = transaction.request, self._core
        result = register(request, number, flow, self._registrar, core.settings, now)
        if isinstance(result, Refusal):
            self._finish(transaction, result, now)
            return
        if core.wall is not None:  # many phones take their time from it
            result = (*result, ("Date", _date(int(now + core.wall))))
        transaction.respond(self._response(request, 200, result), now)
        if flow.transport != "udp":
            for binding in self._registrar.bindings(number):
                if binding.source == flow:
                    roaming.found(core, binding)

    def _invite(self, request: Request, flow: Flow, caller: Caller, now: float) -> None:
        core = self._core
        transaction = core.transactions.serve(request, flow, now)
        if isinstance(caller, Account) and aor(request.from_.uri) != caller.extension:
            self._finish(transaction, Refusal(403, "not_your_number"), now)
        elif len(core.dialogs) >= core.settings.max_sessions:
            self._finish(transaction, Refusal(503, "too_many_sessions", (("Retry-After", "10"),)), now)
        else:
            self._open(transaction, flow, caller, now)

    def _open(self, transaction: ServerTransaction, flow: Flow, caller: Caller, now: float) -> None:
        request, least = transaction.request, self._core.settings.min_se
        if too_small(request, least):
            self._finish(transaction, Refusal(422, "session_expires", (("Min-SE", f"{least}"),)), now)
            return
        try:
            sdp = description(request)
        except RemoteProtocolError as error:
            self._finish(transaction, body_refusal(error.status, error.reason), now)
            return
        other, status = replaced(self._core, request)
        if status:
            self._finish(transaction, Refusal(status, "replaces"), now)
            return
        transaction.respond(build_response(request, 100), now)
        session = IncomingSession(self._core, transaction, flow, delayed=sdp is None)
        if request.expires:
            session.expire(now + request.expires)
        self._core.events.append(Invited(session, caller, sdp, aor(request.uri), other))

    # -- answers -------------------------------------------------------------------------------------------

    def reject(self, request: Request, flow: Flow, refusal: Refusal, now: float) -> None:
        """Answer statelessly, and tell.

        A datagram's sender may be forged, and an answer is longer than what it answers.  So from beyond our
        own network, where nobody is known, answers over UDP cost a coin too: we are no amplifier.
        """
        host = flow.remote.host
        free = flow.transport != "udp" or is_near(host) or self._knows(host)
        if not free and not self.purses.take(host, now):
            self._core.events.append(Rejected("too_many_answers", 0, host, refusal.slug))
            return
        if refusal.slug:
            self._told(refusal, flow.remote.host)
        self.reply(request, flow, refusal.status, refusal.headers, refusal.reason)

    def reply(
        self,
        request: Request,
        flow: Flow,
        status: int,
        headers: Headers = (),
        reason: str = "",
        to_tag: str = "",
    ) -> None:
        """Answer statelessly."""
        response = self._response(request, status, headers, reason, to_tag)
        self._core.outbox.append((response.encode(), answer_flow(request, flow)))

    def _finish(self, transaction: ServerTransaction, refusal: Refusal, now: float) -> None:
        request = transaction.request
        self._told(refusal, transaction.flow.remote.host)
        response = self._response(request, refusal.status, refusal.headers, refusal.reason)
        transaction.respond(response, now)

    def _told(self, refusal: Refusal, host: str) -> None:
        self._core.events.append(Rejected(refusal.slug, refusal.status, host, refusal.reason))

    def _response(
        self, request: Request, status: int, headers: Headers, reason: str = "", to_tag: str = ""
    ) -> Response:
        tag = to_tag or self._core.identifiers.stateless_tag(request)
        told = (*headers, ("Server", self._core.settings.user_agent))
        return build_response(request, status, reason or None, told, to_tag=tag)


@lru_cache(4)
def _date(second: int) -> str:
    """§20.17: as HTTP writes it."""
    return formatdate(second, usegmt=True)


def _account_of(trunk: Trunk, realm: str) -> Account:
    """What the digest of a trunk that has an account here is checked against."""
    secret = f"{trunk.username}:{realm}:{trunk.password}".encode()
    ha1 = {"MD5": md5(secret, usedforsecurity=False).hexdigest(), "SHA-256": sha256(secret).hexdigest()}
    return Account(trunk.username, "", ha1)
