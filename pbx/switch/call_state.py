"""The states of a call, and from which it may go to which."""

from enum import Enum


class CallState(Enum):
    NEW = "new"
    RINGING = "ringing"
    ACTIVE = "active"
    HELD = "held"
    TRANSFERRING = "transferring"
    ENDED = "ended"


MOVES = {
    CallState.NEW: {CallState.RINGING, CallState.ACTIVE, CallState.ENDED},
    CallState.RINGING: {CallState.ACTIVE, CallState.ENDED},
    CallState.ACTIVE: {CallState.HELD, CallState.TRANSFERRING, CallState.ENDED},
    CallState.HELD: {CallState.ACTIVE, CallState.TRANSFERRING, CallState.ENDED},
    CallState.TRANSFERRING: {CallState.ACTIVE, CallState.HELD, CallState.ENDED},
    CallState.ENDED: set[CallState](),
}
