"""What the stack tells its user (the switch): past facts about sessions, bindings and refused messages.

Each session tells exactly one of these stories, in this order, and nothing after its last line:

- UAS: `Invited`, then `Cancelled` (over) or, after `Session.answer`, `Confirmed` and re-INVITEs, then
  `Ended`. `Ended` may come without `Confirmed`: a BYE can overtake the ACK, and a lost ACK ends the session
  ("no_ack").
- UAC: any number of `Rang`, then `Refused` (over) or `Answered` and re-INVITEs, then `Ended`.
  After `Session.cancel` the last line is always `Refused`, also when a 200 crossed the CANCEL.
- After our own `Session.refuse` or `Session.bye` nothing more is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbx.directory import Account, Trunk
    from pbx.sip.refer import Referral
    from pbx.sip.registrar import Binding
    from pbx.sip.sdp import Description
    from pbx.sip.session import Session
    from pbx.sip.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Invited:
    """An authenticated INVITE outside a dialog; 100 is sent.

    `sdp` None = delayed offer: `Session.answer` then sends our offer, `Confirmed` brings the answer.
    `dialled` is the user part of the Request-URI, unescaped.  `replaces` is the session whose place the new
    one is to take (RFC 3891).
    """

    session: Session
    caller: Account | Trunk
    sdp: Description | None
    dialled: str
    replaces: Session | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller gave up before an answer (§9.2); 200 to the CANCEL and 487 to the INVITE are sent.  Session
    over.

    `reason` is the CANCEL's Reason header (RFC 3326), "" when absent.
    """

    session: Session
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The ACK to our 2xx came (§13.3.1.4).  `sdp` is the answer when our 2xx carried the offer, else None."""

    session: Session
    sdp: Description | None


@dataclass(frozen=True, slots=True)
class Rang:
    """A 101-199 response to our INVITE.  `sdp` describes early media; None when absent or unreadable."""

    session: Session
    status: int
    sdp: Description | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A 2xx to our INVITE.  `sdp` is the answer to our offer (the ACK is sent), or the peer's offer when we
    made none.

    In the second case `Session.accept` must give the answer: it goes into the ACK (§13.2.2.4).
    """

    session: Session
    sdp: Description | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The final 300-699 response to our INVITE; session over.

    408 also when the peer never answered, 487 also when a 200 crossed our CANCEL, 488 also when the 2xx was
    unusable (the dialog is closed by the stack).  `headers` are the response's Retry-After, Warning and
    Reason values; `contacts` the URIs of a 3xx.
    """

    session: Session
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offered:
    """A re-INVITE (§14.2): answer it with `Session.accept` or `Session.decline`.  `sdp` None = the peer wants
    our offer in the 2xx; its answer then comes as `OfferAnswered`."""

    session: Session
    sdp: Description | None


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The peer's answer to our offer in a re-INVITE, or in the 2xx to an empty one.  The ACK is done.

    After a re-INVITE of ours without an offer: the peer's offer, which waits for `Session.accept`.
    """

    session: Session
    sdp: Description | None


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """Our re-INVITE was refused with `status`; the session goes on as it was (§14.1).

    491 is told only when the retry became pointless, because the peer made an offer of its own meanwhile.
    """

    session: Session
    status: int


@dataclass(frozen=True, slots=True)
class Informed:
    """An INFO that brings a pressed key, in one of the two usual forms (`inside.DIGITS`)."""

    session: Session
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Referred:
    """A REFER (RFC 3515): the peer wants the other party of its call to talk to somebody else.

    Answer it with the verbs of `referral`.
    """

    session: Session
    referral: Referral


@dataclass(frozen=True, slots=True)
class Ended:
    """The dialog is over.  `why`: "bye" (the peer hung up), "no_ack" (64*T1 without an ACK; BYE sent), "gone"
    (481 or 408 to a request of ours), "timeout" (no answer at all to a request of ours) or "expired" (nobody
    refreshed the session; BYE sent).  `reason`: its Reason header."""

    session: Session
    why: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """A new binding, or an old one prolonged (`refresh`)."""

    binding: Binding
    refresh: bool


@dataclass(frozen=True, slots=True)
class Unregistered:
    """`why`: "expired", "unregistered", "replaced", "extension deleted", "password changed" or "connection
    lost"."""

    binding: Binding
    why: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A peer wants to know, or goes on wanting to, and 200 is sent: answer with `Subscription.notify` or
    `terminate`.  `fetch` = it wants to know once."""

    subscription: Subscription
    fetch: bool = False


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A subscription is over, whoever ended it."""

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class TextCame:
    """An extension writes to a number: `answer(status, now)` is due within 30 seconds.  `kind` is the
    Content-Type as it came."""

    sender: str
    number: str
    kind: str
    body: bytes
    answer: Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class AuthFailed:
    """Wrong credentials with a nonce that was issued to `address`.  `banned`: seconds of ban caused, or 0."""

    account: str
    address: str
    banned: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message was refused with `status`, or dropped in silence (0).  `reason` is a slug for metrics."""

    reason: str
    status: int
    address: str
    detail: str = ""


SessionEvent = (
    Cancelled
    | Confirmed
    | Rang
    | Answered
    | Refused
    | Offered
    | OfferAnswered
    | OfferRefused
    | Informed
    | Referred
    | Ended
)
"""What happens to a session after its beginning."""

Event = (
    Invited
    | SessionEvent
    | Registered
    | Unregistered
    | Subscribed
    | Unsubscribed
    | TextCame
    | AuthFailed
    | Rejected
)
