"""What the sessions of one stack share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from pbx.sip.events import Event
from pbx.sip.faces import Faces
from pbx.sip.flow import Flow
from pbx.sip.identifiers import Identifiers
from pbx.sip.message import Request
from pbx.sip.settings import Settings
from pbx.sip.timers import Timers
from pbx.sip.transaction import ServerTransaction
from pbx.sip.transaction_layer import TransactionLayer
from pbx.sip.uri import format_host

if TYPE_CHECKING:
    from pbx.sip.dialog import Dialog


class DialogUser(Protocol):
    """What answers the requests of a dialog: a session, a subscription.  `dialog` None = it is not yet."""

    @property
    def dialog(self) -> Dialog | None: ...

    def owns(self, request: Request, host: str) -> bool:
        """Whether a request with our tag, coming from `host`, is of this dialog (§12.2.2)."""

    def take(self, request: Request, source: Flow, now: float) -> None:
        """A request of this dialog that repeats no earlier one; an ACK too."""


Taker = Callable[[Any, ServerTransaction, float], None]


@dataclass(slots=True)
class Core:
    """The user agent core (RFC 3261 §6): `dialogs` finds who takes a request by our tag.

    `takes` says who answers a method inside a session: (session, transaction, now).
    `touched` holds the tags of confirmed sessions whose dialog is not as it was when somebody last looked.
    `wall` turns `now` into seconds since 1970, None = nobody told.
    """

    settings: Settings
    random: Random
    identifiers: Identifiers
    timers: Timers
    transactions: TransactionLayer
    outbox: list[tuple[bytes, Flow]]
    events: deque[Event]
    faces: Faces
    touched: set[str]
    takes: dict[str, Taker] = field(default_factory=dict)
    dialogs: dict[str, DialogUser] = field(default_factory=dict)
    wall: float | None = None

    def close(self, flow: Flow) -> None:
        """Close the connection of `flow` once everything before is sent: that is what no bytes say."""
        if flow.transport != "udp":
            self.outbox.append((b"", flow))

    def contact(self, user: str | None, flow: Flow) -> str:
        """Our Contact on `flow` (§8.1.1.8); `user` escaped as in a URI."""
        where = format_host(*self.faces.of(flow))
        if flow.transport != "udp":
            where += f";transport={flow.transport}"
        return f"<sip:{user}@{where}>" if user else f"<sip:{where}>"
