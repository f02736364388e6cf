"""Calls as plain values: what a switch writes down so that the next one can go on with its calls.

`Pending` is a call that still rings, `KeptCall` one that is talked in, `Finished` one that is over and waits
for its audio to be counted.  The key in the outbox is the call's name, so each replaces the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

from pbx.sip.audio import Codec
from pbx.sip.flow import Address
from pbx.sip.kept import KeptInvite, KeptSession
from pbx.sip.offer import KeptNegotiation
from pbx.switch.events import CallView, LegView, Party


@dataclass(frozen=True, slots=True)
class Pending:
    """`caller` waits for our answer to its INVITE, `called` for our word that they may stop ringing."""

    view: CallView
    caller: KeptInvite
    called: tuple[KeptInvite, ...]


@dataclass(frozen=True, slots=True)
class KeptLeg:
    """A party that talks.  `asked`: it was asked for other media, and what it says to that is not known."""

    leg: str
    party: Party
    local: Address
    sources: tuple[str, ...]
    codecs: tuple[Codec, ...]
    negotiation: KeptNegotiation
    session: KeptSession
    asked: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class KeptCall:
    """The caller's leg is the first; all of them are in the bridge.  `gone` are legs that ended before.

    Times are wall-clock seconds; `max_forwards` is the caller's.
    """

    call: str
    dialled: str
    callee: Party
    legs: tuple[KeptLeg, ...]
    gone: tuple[LegView, ...]
    echo: bool
    times: dict[str, float]
    max_forwards: int
    transferred: str = ""
    called: tuple[KeptInvite, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The record, but for the audio's figures; `sessions` are hung up once more, for a BYE may be lost."""

    view: CallView
    sessions: tuple[KeptSession, ...]


@dataclass(frozen=True, slots=True)
class KeptNonce:
    """How often a nonce was used, under the nonce itself; under "nonces" the key they are made with."""

    count: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class KeptBan:
    """`until` is monotonic seconds: the journal does not outlive the machine's uptime."""

    address: str
    account: str
    until: float
    bans: int


Kept = Pending | KeptCall | Finished
