"""The SIP stack: bytes and the time in; datagrams, events and the next deadline out (RFC 3261)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from pbx.directory import Directory
from pbx.sip.events import Event
from pbx.sip.flow import Flow
from pbx.sip.session import Session
from pbx.sip.settings import Settings

if TYPE_CHECKING:
    from pbx.sip.headers import NameAddr
    from pbx.sip.registrar import Binding, Registrar
    from pbx.sip.sdp import Description
    from pbx.sip.uri import Uri


class Stack:
    """One user agent, registrar included.  `now` is monotonic seconds and never runs backwards.

    After every method call drain `outbox` (datagrams to send, in order) and `events`.  `random` should be
    `random.SystemRandom()`: tags, branches and nonces must not be guessable.
    """

    directory: Directory
    registrar: Registrar
    outbox: list[tuple[bytes, Flow]]
    events: deque[Event]

    def __init__(self, settings: Settings, directory: Directory, random: Random, now: float = 0.0) -> None:
        raise NotImplementedError

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One datagram from `flow.remote` came in at `flow.local`.  Raises on no input whatever."""
        raise NotImplementedError

    def advance(self, now: float) -> None:
        """Run everything that is due at `now`."""
        raise NotImplementedError

    def deadline(self) -> float | None:
        """When `advance` has work next; None = nothing is waiting."""
        raise NotImplementedError

    def use(self, directory: Directory, now: float) -> None:
        """Read this directory from now on; bindings of extensions that it lacks go ("extension deleted")."""
        raise NotImplementedError

    def restore(self, binding: Binding, now: float) -> None:
        """Take up a binding from before a restart, silently; dropped if it expired or its extension is gone."""
        raise NotImplementedError

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
    ) -> Session:
        """Send an INVITE for `target` over `flow`.  `sdp` None = the 2xx is to carry the peer's offer.

        `from_` and `to` get their tags here; `headers` are added as they are; `route` is the first route set (Path).
        """
        raise NotImplementedError

    @property
    def idle(self) -> bool:
        """No transaction and no session is left (bindings may be)."""
        raise NotImplementedError

    @property
    def counts(self) -> dict[str, int]:
        """Sizes of all growing tables, for leak tests and metrics: transactions, sessions, bindings, timers …"""
        raise NotImplementedError
