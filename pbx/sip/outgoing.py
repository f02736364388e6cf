"""A session that we begin: our side is the UAC of the INVITE (RFC 3261 §13.2, §9.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from pbx.sip.body import readable
from pbx.sip.core import Core
from pbx.sip.credentials import CHALLENGED, Login
from pbx.sip.dialog import Dialog, plain
from pbx.sip.events import Answered, Rang, Refused
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Request, Response, build_request
from pbx.sip.refresh import follow, least_of
from pbx.sip.reliable import MAX_EARLY, Early, prack, rseq
from pbx.sip.sdp import Description
from pbx.sip.session import Session
from pbx.sip.session_state import LEGAL, State
from pbx.sip.status import reason_phrase
from pbx.sip.timers import T64
from pbx.sip.transaction import ClientTransaction
from pbx.sip.transaction import State as Step
from pbx.sip.uri import Uri

MAX_FORKS = 8
"""So many further dialogs of one INVITE are closed properly; the 2xx of any more are ignored."""

MAX_TRIES = 4
"""So often an INVITE is sent again in other words, or another way."""

PATIENCE = 3.0
"""Seconds in which a phone with several flows must say something on one of them."""

FLOW_FAILED = 430

_OTHER_MEDIA = frozenset((415, 488, 606))
"""Refusals of what was offered, not of the call."""

_TOLD = ("Retry-After", "Warning", "Reason")


class Way(NamedTuple):
    """How a phone is reached: one of its flows (RFC 5626)."""

    target: Uri
    flow: Flow
    route: tuple[NameAddr, ...] = ()


class OutgoingSession(Session):
    """CALLING, RINGING, perhaps CANCELLING, then CONFIRMED, then ENDED."""

    __slots__ = (
        *("_ack", "_cancel_reason", "_cancel_sent", "_early", "_early_dialogs"),
        *("_transaction", "_tries", "_unwanted", "_ways", "login", "other", "why"),
    )

    def __init__(
        self,
        core: Core,
        tag: str,
        request: Request,
        flow: Flow,
        now: float,
        branch: str | None = None,
        login: Login | None = None,
        ways: Sequence[Way] = (),
    ) -> None:
        """`branch` only for an INVITE that was sent before: the peer takes it for a repetition.  `ways` are
        tried when none of this phone's answers comes back by `flow`."""
        super().__init__(core, tag, request, flow, State.CALLING, outgoing=True)
        self.user = request.from_.uri.user
        self.login, self.why = login, ""  # who we are there; why its challenge was not answered
        self.other: Callable[[], Description | None] | None = None  # what else could be offered
        self._cancel_reason = ""
        self._cancel_sent = False
        self._tries = 0
        self._early: dict[str, Description | None] = {}  # what was said in each early dialog, newest last
        self._early_dialogs: dict[str, Early] = {}
        self._ack: tuple[bytes, Flow] | None = None
        self._unwanted: dict[str, tuple[bytes, Flow]] = {}
        self._transaction = core.transactions.request(request, flow, now, self._heard, branch)
        self._ways = tuple(ways)
        self._wait(now)

    @property
    def unheard(self) -> bool:
        """Not even a 100 came so far."""
        return self._transaction.state is Step.CALLING

    @property
    def sent(self) -> bytes:
        """The INVITE as it went out."""
        return self._transaction.data

    def cancel(self, now: float, reason: str = "") -> None:
        if self.state in (State.CANCELLING, State.ENDED):
            return
        self._check("cancel", self.state in LEGAL["cancel"])
        self.move(State.CANCELLING)
        self._cancel_reason = reason
        # Before any provisional response a CANCEL could overtake its INVITE (§9.1).
        if self._transaction.state is Step.PROCEEDING:
            self._send_cancel(now)

    @property
    def early_tag(self) -> str:
        return next(reversed(self._early), "")

    def has_peer(self, tag: str) -> bool:
        return super().has_peer(tag) or tag in self._early

    def _heard(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        if response is None:
            if not self._elsewhere(now):
                self._refused(408, reason_phrase(408), None)
        elif response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._success_came(response, now)
        elif not self._tried_again(response, now):
            self._refused(response.status, response.reason, response)

    def _tried_again(self, response: Response, now: float) -> bool:
        """Whether the INVITE went out once more, because the peer said what it must be like."""
        if self.state not in LEGAL["cancel"] or self._tries >= MAX_TRIES:
            return False
        if response.status == FLOW_FAILED:
            return self._elsewhere(now)
        if response.status == 422 and (least := least_of(response)) > self.core.settings.session_expires:
            self._try_again([("Session-Expires", f"{least}"), ("Min-SE", f"{least}")], now)
            return True
        if response.status in _OTHER_MEDIA and self.other is not None and (sdp := self.other()) is not None:
            self.said = sdp
            self._try_again((), now, sdp.encode())
            return True
        return response.status in CHALLENGED and self._challenged(response, now)

    def _challenged(self, response: Response, now: float) -> bool:
        """§22.2, §22.3: once more, with credentials; later requests of the dialog carry them too."""
        if self.login is None:
            return False
        credentials = self.login.answer(self.request, response)
        if credentials:
            self._try_again(credentials, now)
        else:
            self.why = self.login.why
        return bool(credentials)

    def _elsewhere(self, now: float) -> bool:
        """Whether the INVITE went out by the phone's next flow (RFC 5626 §7)."""
        if not self._ways or self.state not in LEGAL["cancel"]:
            return False
        way, *rest = self._ways
        self._ways, self._source = tuple(rest), way.flow
        route = [("Route", str(hop)) for hop in way.route]
        contact = ("Contact", self.core.contact(self.user, way.flow))
        self._try_again([contact, *route], now, uri=str(plain(way.target)))
        self._wait(now)
        return True

    def _wait(self, now: float) -> None:
        """Not for the whole of Timer B while there is another way."""
        if self._ways:
            self.core.timers.set(now + PATIENCE, partial(self._unheard_of, self._transaction))

    def _unheard_of(self, transaction: ClientTransaction, now: float) -> None:
        if transaction is self._transaction and self.unheard and self._elsewhere(now):
            transaction.terminate(now)

    def _try_again(
        self, changes: Sequence[tuple[str, str]], now: float, body: bytes = b"", uri: str = ""
    ) -> None:
        """§8.1.3.5: the same From, To and Call-ID, the next CSeq, in a transaction of its own."""
        self._tries += 1
        old = self.request
        replaced = {"Via", "CSeq", *(["Route"] if uri else []), *(name for name, _ in changes)}
        headers = [(name, value) for name, value in old.headers if name not in replaced]
        headers += [("CSeq", f"{old.cseq.number + 1} INVITE"), *changes]
        self.request = build_request("INVITE", uri or old.raw_uri, headers, body or old.body)
        self._early_dialogs.clear()
        self._transaction = self.core.transactions.request(self.request, self._source, now, self._heard)

    def _provisional(self, response: Response, now: float) -> None:
        if self.state is State.CANCELLING:
            if not self._cancel_sent:
                self._send_cancel(now)
        elif response.status > 100 and self._in_order(response, now):
            self.move(State.RINGING)
            self._note_peer(response)
            tag, sdp = response.to.tag or "", readable(response)
            if tag in self._early or len(self._early) < MAX_EARLY:
                self._early[tag] = sdp or self._early.get(tag)
            self.core.events.append(Rang(self, response.status, sdp))

    def _in_order(self, response: Response, now: float) -> bool:
        """Acknowledge a reliable response; False: it came before, or before its turn (RFC 3262 §4)."""
        number, tag = rseq(response), response.to.tag
        if number is None:
            return True
        if tag is None or (tag not in self._early_dialogs and len(self._early_dialogs) >= MAX_EARLY):
            return False
        if tag not in self._early_dialogs:
            self._early_dialogs[tag] = Early(self._dialog_of(response))
        early = self._early_dialogs[tag]
        if not early.takes(number):
            return False
        request = prack(early.dialog, response, number)
        self.core.transactions.request(request, early.dialog.flow, now, _ignore)
        return True

    def _dialog_of(self, response: Response) -> Dialog:
        """The dialog that a 2xx makes; an early one goes on with its count of requests (§12.1.2)."""
        dialog = Dialog.of_response(self.request, response, self._source)
        early = self._early_dialogs.get(response.to.tag or "")
        if early is not None:
            dialog.local_cseq = early.dialog.local_cseq
        dialog.known_by(self.login, self.request)
        return dialog

    def _success_came(self, response: Response, now: float) -> None:
        """The first 2xx makes the dialog, a repeated one is ACKed, another fork's hung up (§13.2.2.4)."""
        tag = response.to.tag or ""
        if self.dialog is not None and tag == (self.dialog.remote.tag or ""):
            if self._ack is not None:
                self.core.outbox.append(self._ack)
        elif tag in self._unwanted:
            self.core.outbox.append(self._unwanted[tag])
        elif self.dialog is not None or self.over:
            self._hang_up_fork(response, now)
        elif self.state is State.CANCELLING:
            self._hang_up_fork(response, now)
            self._refused(487, reason_phrase(487), None)
        else:
            self._establish(response, now)

    def _establish(self, response: Response, now: float) -> None:
        # Some gateways say the answer once, in the 183 of this dialog; it is the same answer (§13.2.1).
        said = self._early.get(response.to.tag or "") if self.request.body else None
        sdp = readable(response) or said
        if sdp is None:
            self._hang_up_fork(response, now)
            self._refused(488, reason_phrase(488), None)
            return
        self._note_peer(response)
        follow(self, response, now)
        self.dialog = self._dialog_of(response)
        self._early_dialogs.clear()
        self.move(State.CONFIRMED)
        self.touch()
        if self.request.body:
            self.acknowledge(self.request.cseq.number, now)
        else:
            self.owed = partial(self.acknowledge, self.request.cseq.number)
        self.core.events.append(Answered(self, sdp))

    def acknowledge(self, cseq: int, now: float, sdp: Description | None = None) -> bytes:
        data = super().acknowledge(cseq, now, sdp)
        if cseq == self.request.cseq.number:
            self._ack = (data, self.flow)
        return data

    def _hang_up_fork(self, response: Response, now: float) -> None:
        if len(self._unwanted) >= MAX_FORKS:
            return
        dialog = self._dialog_of(response)
        ack = self.core.transactions.stateless(dialog.ack(response.cseq.number), dialog.flow)
        self._unwanted[response.to.tag or ""] = (ack, dialog.flow)
        self.core.transactions.request(dialog.request("BYE"), dialog.flow, now, _ignore)

    def _refused(self, status: int, reason: str, response: Response | None) -> None:
        if self.over:
            return
        self.move(State.ENDED)
        self._forget()
        headers: list[tuple[str, str]] = []
        contacts: list[str] = []
        if response is not None:
            self._note_peer(response)
            headers = [(name, value) for name in _TOLD for value in response.all(name)]
            contacts = [str(each.uri) for each in response.contacts] if status < 400 else []
        self.core.events.append(Refused(self, status, reason, tuple(headers), tuple(contacts)))

    def _send_cancel(self, now: float) -> None:
        """§9.1: same branch, Request-URI, Call-ID, From, To, Route and CSeq number as the INVITE."""
        self._cancel_sent = True
        invite = self.request
        request = build_request(
            "CANCEL",
            invite.uri,
            [
                ("Max-Forwards", "70"),
                *[("Route", route) for route in invite.all("Route")],
                ("From", invite.get("From") or ""),
                ("To", invite.get("To") or ""),
                ("Call-ID", invite.call_id),
                ("CSeq", f"{invite.cseq.number} CANCEL"),
                *([("Reason", self._cancel_reason)] if self._cancel_reason else []),
            ],
        )
        core = self.core
        way = self._transaction.flow
        core.transactions.request(request, way, now, _ignore, branch=invite.via.branch)
        core.timers.set(now + T64, self._cancel_overdue)

    def _cancel_overdue(self, now: float) -> None:
        """No final response 64*T1 after the CANCEL: the INVITE counts as cancelled (§9.1)."""
        if not self.over:
            self._transaction.terminate(now)
            self._refused(487, reason_phrase(487), None)

    def _note_peer(self, response: Response) -> None:
        self.allowed = response.allow or self.allowed
        self.remote_user_agent = (
            response.get("Server") or response.get("User-Agent") or self.remote_user_agent
        )[:200]


def _ignore(transaction: ClientTransaction, response: Response | None, now: float) -> None:
    """Whatever comes back to a CANCEL, or to the BYE of an unwanted fork, changes nothing."""
