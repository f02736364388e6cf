"""Subscriptions of peers to what happens here: the notifier's side of RFC 6665."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pbx.directory import Account, Trunk
from pbx.sip.core import Core
from pbx.sip.dialog import Dialog
from pbx.sip.events import Rejected, Subscribed, Unsubscribed
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.inspect import Headers, Refusal
from pbx.sip.message import Request, Response, build_response
from pbx.sip.timers import Timer
from pbx.sip.transaction import ClientTransaction, ServerTransaction
from pbx.sip.uri import Uri, aor

MIN_EXPIRES, DEFAULT_EXPIRES, MAX_EXPIRES = 60, 3600, 3600
"""Seconds that a subscription may last."""

_SKIP = 1000
"""How far CSeq and version go on after a restart: beyond all that was sent and not written down."""

_ENDS = frozenset((404, 405, 410, 416, 481, 489, 501, 604))
"""Answers to a NOTIFY that say that nobody wants any more of them (RFC 5057 §5.2)."""

Make = Callable[[int], bytes]
"""Builds a body of the version given."""


@dataclass(frozen=True, slots=True)
class KeptSubscription:
    """A subscription as plain values; `expires_at` is monotonic seconds."""

    id: str
    package: str
    event: str
    resource: str
    subscriber: str
    call_id: str
    local: str
    remote: str
    local_cseq: int
    remote_cseq: int
    target: str
    route_set: tuple[str, ...]
    source: Flow
    expires_at: float
    version: int


class Subscription:
    """`subscriber` is an extension, `resource` the user part of what it wants to know of; `id` our tag.

    One NOTIFY is on its way at a time; the newest state waits for its answer and replaces what waited before.
    """

    __slots__ = (
        *("_busy", "_core", "_event", "_failures", "_owner", "_timer", "_waiting"),
        *("dialog", "expires_at", "id", "package", "resource", "subscriber", "told", "version"),
    )

    def __init__(
        self, core: Core, tag: str, package: str, event: str, resource: str, subscriber: str,
        dialog: Dialog, expires_at: float, owner: Subscriptions,
    ) -> None:  # fmt: skip
        self._core, self._event, self._owner = core, event, owner
        self.id, self.package, self.resource, self.subscriber = tag, package, resource, subscriber
        self.dialog, self.expires_at, self.version = dialog, expires_at, 0
        self.told: object = None  # the notifier's note of what it told last
        self._busy = False
        self._failures = 0
        self._waiting: tuple[Make, str, str] | None = None
        self._timer: Timer = core.timers.set(expires_at, self._expired)
        core.dialogs[tag] = self

    @property
    def over(self) -> bool:
        return self.id not in self._core.dialogs

    # -- verbs ---------------------------------------------------------------------------------------------

    def notify(self, make: Make, content_type: str, now: float, ends: str = "") -> None:
        """Tell the full state, of the version that `make` is given.  `ends` = why it is the last."""
        if self.over:
            return
        if self._busy:
            self._waiting = make, content_type, ends
        else:
            self._send(make, content_type, ends, now)

    def terminate(self, reason: str, now: float) -> None:
        """Say that there is no more (RFC 6665 §4.1.3: noresource, deactivated, timeout …)."""
        self.notify(lambda version: b"", "", now, ends=reason)

    # -- messages ------------------------------------------------------------------------------------------

    def owns(self, request: Request, host: str) -> bool:
        dialog = self.dialog
        same = dialog.call_id == request.call_id and dialog.remote.tag == request.from_.tag
        return same and dialog.expects_from(host)

    def take(self, request: Request, source: Flow, now: float) -> None:
        """A SUBSCRIBE again: longer, or not any more."""
        if request.method == "ACK":
            return
        transaction = self._core.transactions.serve(request, source, now)
        if request.method != "SUBSCRIBE":
            self._reject(transaction, Refusal(405, "method", (("Allow", "SUBSCRIBE"),)), now)
            return
        if request.cseq.number <= self.dialog.remote_cseq:
            self._reject(transaction, Refusal(500, "cseq", (), "CSeq Out of Order"), now)
            return
        seconds = wanted(request)
        if 0 < seconds < MIN_EXPIRES:
            self._reject(transaction, Refusal(423, "too_brief", (("Min-Expires", str(MIN_EXPIRES)),)), now)
            return
        self.dialog.remote_cseq = request.cseq.number
        self.dialog.heard_from(source)
        self.dialog.refresh(request)
        self._respond(transaction, 200, now, (("Expires", str(seconds)), ("Contact", self._contact())))
        self.prolong(seconds, now)

    def prolong(self, seconds: int, now: float) -> None:
        self._timer.cancel()
        self.expires_at = now + seconds
        self._timer = self._core.timers.set(self.expires_at, self._expired)
        self._owner.changed[self.id] = self
        self._core.events.append(Subscribed(self, fetch=not seconds))

    def _send(self, make: Make, content_type: str, ends: str, now: float) -> None:
        self.version += 1
        body = make(self.version)
        left = max(0, round(self.expires_at - now))
        state = f"terminated;reason={ends}" if ends else f"active;expires={left}"
        headers = [("Event", self._event), ("Subscription-State", state), ("Contact", self._contact())]
        if body:
            headers.append(("Content-Type", content_type))
        request = self.dialog.request("NOTIFY", headers, body)
        self._busy, self._waiting = True, None

        def heard(transaction: ClientTransaction, response: Response | None, now: float) -> None:
            self._heard(response, ends, now)

        self._core.transactions.request(request, self.dialog.flow, now, heard)
        if ends:
            self.forget()

    def _heard(self, response: Response | None, ends: str, now: float) -> None:
        if (response is not None and response.status < 200) or ends or self.over:
            return
        self._busy = False
        if response is not None and response.status in _ENDS:
            self.forget()
        elif response is None or response.status >= 300:
            self._failures += 1
            if self._failures > 1:  # a lost answer may be chance, two are not
                self.forget()
            else:
                self._core.events.append(Subscribed(self))  # ask for the state to be told again
        else:
            self._failures = 0
            if self._waiting is not None:
                make, content_type, end = self._waiting
                self._send(make, content_type, end, now)

    def _expired(self, now: float) -> None:
        self._busy = False  # nobody refreshed it: whatever was on its way, this is the last word
        self.terminate("timeout", now)

    def forget(self) -> None:
        if self.over:
            return
        self._timer.cancel()
        del self._core.dialogs[self.id]
        self._owner.forgotten(self)

    def _contact(self) -> str:
        return self._core.contact(self.resource, self.dialog.source)

    def _reject(self, transaction: ServerTransaction, refusal: Refusal, now: float) -> None:
        host = transaction.flow.remote.host
        self._core.events.append(Rejected(refusal.slug, refusal.status, host, refusal.reason))
        self._respond(transaction, refusal.status, now, refusal.headers)

    def _respond(
        self, transaction: ServerTransaction, status: int, now: float, headers: Headers = ()
    ) -> None:
        told = (*headers, ("Server", self._core.settings.user_agent))
        transaction.respond(build_response(transaction.request, status, None, told, to_tag=self.id), now)

    def keep(self) -> KeptSubscription:
        dialog = self.dialog
        return KeptSubscription(
            *(self.id, self.package, self._event, self.resource, self.subscriber, dialog.call_id),
            *(str(dialog.local), str(dialog.remote), dialog.local_cseq, dialog.remote_cseq),
            *(str(dialog.target), tuple(map(str, dialog.route_set)), dialog.source),
            *(self.expires_at, self.version),
        )


def wanted(request: Request) -> int:
    asked = request.expires
    return DEFAULT_EXPIRES if asked is None else min(asked, MAX_EXPIRES)


class Subscriptions:
    """All of them.  `packages` says which there are, and what their bodies are.

    `changed` collects those that whoever takes over must know, and the ids of those that are gone.
    """

    def __init__(self, core: Core, packages: Mapping[str, str]) -> None:
        self._core, self._packages = core, packages
        self._of: Counter[str] = Counter()  # by subscriber
        self.changed: dict[str, Subscription | None] = {}

    def __len__(self) -> int:
        return self._of.total()

    def begin(self, request: Request, flow: Flow, caller: Account | Trunk, now: float) -> None:
        """A SUBSCRIBE outside a dialog, by a proven sender."""
        transaction = self._core.transactions.serve(request, flow, now)
        refusal = self._refusal(request, caller)
        if refusal is not None:
            self._core.events.append(Rejected(refusal.slug, refusal.status, flow.remote.host, refusal.reason))
            self._answer(transaction, refusal.status, self._core.identifiers.tag(), now, refusal.headers)
            return
        assert isinstance(caller, Account)
        core, tag, seconds = self._core, self._core.identifiers.tag(), wanted(request)
        event = request.get("Event") or ""
        subscription = Subscription(
            *(core, tag, _package(event), event, aor(request.uri), caller.extension),
            *(Dialog.of_request(request, tag, flow), now + seconds, self),
        )
        self._of[caller.extension] += 1
        self.changed[tag] = subscription
        contact = core.contact(subscription.resource, flow)
        self._answer(transaction, 200, tag, now, (("Expires", str(seconds)), ("Contact", contact)))
        core.events.append(Subscribed(subscription, fetch=not seconds))

    def _refusal(self, request: Request, caller: Account | Trunk) -> Refusal | None:
        package = _package(request.get("Event") or "")
        kind = self._packages.get(package)
        accepted = {each.partition(";")[0].strip().lower() for each in request.all("Accept")}
        seconds = wanted(request)
        limit = self._core.settings
        if kind is None:
            return Refusal(489, "event", (("Allow-Events", ", ".join(self._packages)),))
        if not isinstance(caller, Account) or aor(request.from_.uri) != caller.extension:
            return Refusal(403, "not_your_number")
        if accepted and not accepted & {kind, "*/*", "application/*"}:
            return Refusal(406, "accept", (("Accept", kind),))
        if 0 < seconds < MIN_EXPIRES:
            return Refusal(423, "too_brief", (("Min-Expires", str(MIN_EXPIRES)),))
        if not request.contacts:
            return Refusal(400, "contact", (), "Contact Missing")
        many = self._of[caller.extension] >= limit.max_subscriptions_of_one
        if many or len(self) >= limit.max_subscriptions:
            return Refusal(503, "too_many_subscriptions", (("Retry-After", "60"),))
        return None

    def _answer(
        self, transaction: ServerTransaction, status: int, tag: str, now: float, headers: Headers
    ) -> None:
        told = (*headers, ("Server", self._core.settings.user_agent))
        transaction.respond(build_response(transaction.request, status, None, told, to_tag=tag), now)

    def forgotten(self, subscription: Subscription) -> None:
        self._of[subscription.subscriber] -= 1
        if not self._of[subscription.subscriber]:
            del self._of[subscription.subscriber]
        self.changed[subscription.id] = None
        self._core.events.append(Unsubscribed(subscription))

    def adopt(self, kept: KeptSubscription, now: float) -> None:
        """Go on with one of an earlier process; its state is told anew soon, not all at once."""
        if kept.expires_at <= now or kept.package not in self._packages:
            self.changed[kept.id] = None
            return
        routes = tuple(map(NameAddr.parse, kept.route_set))
        local, remote = NameAddr.parse(kept.local), NameAddr.parse(kept.remote)
        dialog = Dialog(kept.call_id, local, remote, Uri.parse(kept.target), routes, kept.source)
        dialog.local_cseq, dialog.remote_cseq = kept.local_cseq + _SKIP, kept.remote_cseq
        subscription = Subscription(
            *(self._core, kept.id, kept.package, kept.event, kept.resource, kept.subscriber),
            *(dialog, kept.expires_at, self),
        )
        subscription.version = kept.version + _SKIP
        self._of[kept.subscriber] += 1
        self.changed[kept.id] = subscription
        soon = now + self._core.random.random() * min(10.0, 0.02 * len(self))
        self._core.timers.set(soon, lambda then: self._core.events.append(Subscribed(subscription)))


def _package(event: str) -> str:
    return event.partition(";")[0].strip().lower()

