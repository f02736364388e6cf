"""A dialog: two tags, two counters, a route and a target, and the requests they make (RFC 3261 §12)."""

from __future__ import annotations

from collections.abc import Iterable

from pbx.sip.credentials import CHALLENGED, Header, Login
from pbx.sip.flow import Flow
from pbx.sip.headers import NameAddr
from pbx.sip.message import Message, Request, Response, build_request
from pbx.sip.reach import is_address, reach
from pbx.sip.uri import Uri

FIRST_CSEQ = 1

_CREDENTIALS = frozenset(header for _, header in CHALLENGED.values())
_OWN = frozenset(("Via", "Max-Forwards", "Route", "From", "To", "Call-ID", "CSeq")) | _CREDENTIALS


class Dialog:
    """`local` and `remote` carry the tags.  `source` is the flow on which the peer is heard, `login` what it
    knows us by, when it challenges."""

    __slots__ = (
        *("_shown", "call_id", "local", "local_cseq", "login"),
        *("remote", "remote_cseq", "route_set", "source", "target"),
    )

    def __init__(
        self,
        call_id: str,
        local: NameAddr,
        remote: NameAddr,
        target: Uri,
        route_set: tuple[NameAddr, ...],
        source: Flow,
    ) -> None:
        self.call_id, self.local, self.remote = call_id, local, remote
        self.target, self.route_set, self.source = target, route_set, source
        self.local_cseq = FIRST_CSEQ
        self.remote_cseq = 0
        self.login: Login | None = None
        self._shown: list[Header] = []

    @classmethod
    def of_request(cls, request: Request, tag: str, source: Flow) -> Dialog:
        """The callee's side (§12.1.1).  Without a Contact, which §8.1.1.8 demands, the From must do."""
        contacts = request.contacts
        target = contacts[0].uri if contacts else request.from_.uri
        routes = tuple(request.record_routes)
        dialog = cls(request.call_id, request.to.with_tag(tag), request.from_, target, routes, source)
        dialog.remote_cseq = request.cseq.number
        return dialog

    @classmethod
    def of_response(cls, request: Request, response: Response, source: Flow) -> Dialog:
        """The caller's side (§12.1.2)."""
        contacts = response.contacts
        target = contacts[0].uri if contacts else request.uri
        routes = tuple(reversed(response.record_routes))
        dialog = cls(request.call_id, request.from_, response.to, target, routes, source)
        dialog.local_cseq = request.cseq.number
        return dialog

    @property
    def flow(self) -> Flow:
        """Where the next request goes: towards the first route, or the target."""
        return reach(self.route_set[0].uri if self.route_set else self.target, self.source)

    def refresh(self, message: Message) -> None:
        """A re-INVITE or its 2xx may move the target (§12.2)."""
        contacts = message.contacts
        if contacts:
            self.target = contacts[0].uri

    def heard_from(self, source: Flow) -> None:
        """A request of this dialog came by `source`: behind a NAT the peer's port may have changed."""
        same_host = source.remote.host == self.source.remote.host
        if same_host and self.target.host != source.remote.host and is_address(self.target.host):
            self.source = source

    def expects_from(self, host: str) -> bool:
        """Whether a request of this dialog may come from `host`: its flow's, or its target's."""
        return host == self.source.remote.host or host == self.target.host

    def known_by(self, login: Login | None, invite: Request) -> None:
        """Our requests carry what `login` knows; the ACK to `invite` what that carried (§22.1)."""
        self.login = login
        if login is not None:
            self._shown = [(name, value) for name, value in invite.headers if name in _CREDENTIALS]

    def request(self, method: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Request:
        """The next request (§12.2.1.1), without its Via; counts up our CSeq."""
        if self.login is not None:
            shown = self.login.ahead(method, str(self._path()[0]))
            return self._authorized(method, headers, body, shown)
        self.local_cseq += 1
        return self._build(method, self.local_cseq, headers, body)

    def again(self, request: Request, response: Response | None) -> Request | None:
        """`request` once more, with the credentials that `response` asks for (§22.2).

        None when it asks for none, or we have none, or it did not like them.
        """
        if self.login is None or response is None or response.status not in CHALLENGED:
            return None
        shown = self.login.answer(request, response)
        headers = [(name, value) for name, value in request.headers if name not in _OWN]
        return self._authorized(request.method, headers, request.body, shown) if shown else None

    def _authorized(
        self, method: str, headers: Iterable[Header], body: bytes, shown: list[Header]
    ) -> Request:
        if method == "INVITE":
            self._shown = shown
        self.local_cseq += 1
        return self._build(method, self.local_cseq, [*headers, *shown], body)

    def ack(self, cseq: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Request:
        """The ACK to a 2xx (§13.2.2.4): the INVITE's CSeq number, and its credentials (§22.1)."""
        return self._build("ACK", cseq, [*headers, *self._shown], body)

    def _build(self, method: str, cseq: int, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
        target, routes = self._path()
        return build_request(
            method,
            target,
            [
                ("Max-Forwards", "70"),
                *[("Route", route) for route in routes],
                ("From", str(self.local)),
                ("To", str(self.remote)),
                ("Call-ID", self.call_id),
                ("CSeq", f"{cseq} {method}"),
                *headers,
            ],
            body,
        )

    def _path(self) -> tuple[Uri, list[str]]:
        """Request-URI and Route values; a first hop without lr is a strict router, and is the Request-URI."""
        target = plain(self.target)
        if not self.route_set:
            return target, []
        first, *rest = self.route_set
        if first.uri.param("lr") is not None:
            return target, [str(route) for route in self.route_set]
        return plain(first.uri), [*map(str, rest), f"<{target}>"]


def plain(uri: Uri) -> Uri:
    """What may be a Request-URI of `uri` (Table 1 of §19.1.1): no headers and no method parameter."""
    if not uri.headers and all(name != "method" for name, _ in uri.params):
        return uri
    params = tuple((name, value) for name, value in uri.params if name != "method")
    return Uri(uri.scheme, uri.user, uri.host, uri.port, params, "", uri.password, uri.opaque)


def reason_of(request: Request) -> str:
    """The Reason header of a BYE or CANCEL (RFC 3326), cut to a sane length."""
    return ", ".join(request.all("Reason"))[:200]
