"""The bindings: which extension is reachable where, and until when (RFC 3261 §10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbx.sip.flow import Flow

if TYPE_CHECKING:
    from pbx.sip.headers import NameAddr
    from pbx.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Binding:
    """Extension `aor` is reachable at `contact`, the URI as the phone gave it.

    `flow` is where requests go (never a third party: the contact's own address only if the REGISTER came from that
    host, else the REGISTER's source), `source` where the REGISTER came from.  `contact_params` are echoed in
    responses.  `expires_at` and `since` are monotonic seconds.
    """

    aor: str
    contact: Uri
    flow: Flow
    source: Flow
    expires_at: float
    since: float
    call_id: str
    cseq: int
    q: float = 1.0
    user_agent: str = ""
    path: tuple[NameAddr, ...] = ()
    instance: str = ""
    contact_params: tuple[tuple[str, str | None], ...] = ()


class Registrar:
    """All bindings of the office."""

    def bindings(self, aor: str) -> tuple[Binding, ...]:
        """The live bindings of an extension, highest q first, then the most recently registered."""
        raise NotImplementedError

    def all(self) -> tuple[Binding, ...]:
        """Every live binding."""
        raise NotImplementedError
