"""The states of a session as tables: which verb is legal where, and what may follow what (RFC 3261 §13,
§15)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """INVITED, RINGING and ANSWERED (2xx sent, ACK awaited) are a UAS's; CALLING, RINGING, CANCELLING a
    UAC's."""

    INVITED = "invited"
    CALLING = "calling"
    RINGING = "ringing"
    CANCELLING = "cancelling"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    ENDED = "ended"


_WAITING = (State.INVITED, State.RINGING)
_ESTABLISHED = (State.ANSWERED, State.CONFIRMED)

LEGAL: Mapping[str, tuple[State, ...]] = MappingProxyType(
    {
        "ring": _WAITING,
        "answer": _WAITING,
        "refuse": _WAITING,
        "cancel": (State.CALLING, State.RINGING),
        "bye": _ESTABLISHED,
        "offer": _ESTABLISHED,
        "accept": (State.CONFIRMED,),
        "decline": (State.CONFIRMED,),
    }
)
"""Where a verb of `Session` is legal.  What a verb needs beyond the state is said at the verb."""

NEXT: Mapping[State, tuple[State, ...]] = MappingProxyType(
    {
        State.INVITED: (State.RINGING, State.ANSWERED, State.ENDED),
        State.CALLING: (State.RINGING, State.CANCELLING, State.CONFIRMED, State.ENDED),
        State.RINGING: (State.RINGING, State.CANCELLING, State.ANSWERED, State.CONFIRMED, State.ENDED),
        State.CANCELLING: (State.ENDED,),
        State.ANSWERED: (State.CONFIRMED, State.ENDED),
        State.CONFIRMED: (State.ENDED,),
        State.ENDED: (),
    }
)
