"""What the sessions of one stack share."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from pbx.sip.events import Event
from pbx.sip.flow import Flow
from pbx.sip.identifiers import Identifiers
from pbx.sip.settings import Settings
from pbx.sip.timers import Timers
from pbx.sip.transaction_layer import TransactionLayer
from pbx.sip.uri import format_host

if TYPE_CHECKING:
    from pbx.sip.session import Session


@dataclass(slots=True)
class Core:
    """The user agent core (RFC 3261 §6): `sessions` finds the dialog of a request by our tag."""

    settings: Settings
    random: Random
    identifiers: Identifiers
    timers: Timers
    transactions: TransactionLayer
    outbox: list[tuple[bytes, Flow]]
    events: deque[Event]
    sessions: dict[str, Session] = field(default_factory=dict)


def contact_of(user: str | None, flow: Flow) -> str:
    """Our Contact on `flow` (§8.1.1.8); `user` escaped as in a URI."""
    where = format_host(flow.local.host, flow.local.port)
    return f"<sip:{user}@{where}>" if user else f"<sip:{where}>"
