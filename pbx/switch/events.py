"""Facts: what happened, told to whoever listens (records, console, metrics).  Frozen; nobody's answer is
awaited.

Times here are wall-clock seconds since 1970, for people and records.
"""

from dataclasses import dataclass, field

from pbx.sip.flow import Flow
from pbx.wire.media import Counters


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a call as people know it.  `kind`: "extension", "trunk" or "service" (the echo test …).

    `line` is the trunk's name, "" for all others.
    """

    number: str
    name: str = ""
    kind: str = "extension"
    line: str = ""


@dataclass(frozen=True, slots=True)
class LegView:
    """One leg now, or as it ended: `state` is trying, ringing, answered, held or ended; `cause` a
    `Cause.slug`.

    `counters` are the audio's final figures, None while the leg lives or when the media process could not
    tell.  `call_id` is the Call-ID of its dialog.
    """

    leg: str
    party: Party
    direction: str
    address: str
    user_agent: str
    state: str
    codec: str = ""
    cause: str = ""
    counters: Counters | None = None
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class CallView:
    """A call now, or its record when `ended` is set.

    `state`: new, ringing, active, held, transferring or ended.  `cause` is a `Cause.slug` and `cause_text`
    its words, "" while it lives; `ended_by`: caller, callee or switch.  `callee` is who was called, once that
    is known; `transferred` says by whom and to whom last, "1001 to 1003".
    """

    call: str
    state: str
    caller: Party
    dialled: str
    callee: Party
    started: float
    ringing: float | None = None
    answered: float | None = None
    ended: float | None = None
    cause: str = ""
    cause_text: str = ""
    ended_by: str = ""
    legs: tuple[LegView, ...] = ()
    transferred: str = ""


@dataclass(frozen=True, slots=True)
class BindingView:
    """One registered phone: extension `aor` is reachable at `contact` over `flow`.

    `since` and `expires` are wall-clock seconds.  Everything here is what the registrar needs to take the
    binding up again after a restart (RFC 3261 §10.3 keeps Call-ID and CSeq with it).
    """

    aor: str
    contact: str
    flow: Flow
    user_agent: str
    since: float
    expires: float
    q: float = 1.0
    call_id: str = ""
    cseq: int = 0
    path: tuple[str, ...] = ()
    params: str = ""
    instance: str = ""
    reg_id: int = 0

    @property
    def slot(self) -> str:
        """What an extension has one of: a flow of a phone (RFC 5626 §6), or a contact."""
        return f"{self.reg_id} {self.instance}" if self.reg_id else self.contact


@dataclass(frozen=True, slots=True)
class BanView:
    """An account that cannot be used from an address for so many seconds, after wrong passwords."""

    address: str
    account: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TrunkView:
    """A trunk now.  `state`: up, trying, down or unknown (not found), as measured; `text` says it in words.

    `address` is where it was found, `calls` how many it carries of `channels` (0 = no limit).  `delay` is its
    last answer's to OPTIONS in seconds, `heard` when that was (wall clock, 0 = never).
    """

    name: str
    kind: str
    state: str
    text: str
    address: str
    calls: int
    channels: int
    delay: float
    heard: float


@dataclass(frozen=True, slots=True)
class TrunkChanged:
    """It came up, went down, or carries on somewhere else."""

    trunk: TrunkView


@dataclass(frozen=True, slots=True)
class CallStarted:
    call: CallView


@dataclass(frozen=True, slots=True)
class CallChanged:
    """Its state, a leg or its audio changed."""

    call: CallView


@dataclass(frozen=True, slots=True)
class CallEnded:
    """Told once per call, last: this is the call record."""

    call: CallView


@dataclass(frozen=True, slots=True)
class PhoneRegistered:
    """A new binding, or a refreshed one (`refresh`)."""

    binding: BindingView
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class PhoneUnregistered:
    """`why`: "expired", "unregistered", "replaced", "extension deleted" or "password changed"."""

    binding: BindingView
    why: str


@dataclass(frozen=True, slots=True)
class TextView:
    """A text message that waits for extension `number`.  `text` is its own name; `kind` its media type;
    `body` its bytes as Latin-1; `sent` in wall-clock seconds."""

    text: str
    number: str
    sender: str
    name: str
    kind: str
    body: str = field(repr=False)
    sent: float


@dataclass(frozen=True, slots=True)
class TextKept:
    """Nobody was there to take it."""

    text: TextView


@dataclass(frozen=True, slots=True)
class TextGone:
    """It was delivered, or waited for too long."""

    text: str


@dataclass(frozen=True, slots=True)
class SignInFailed:
    """A wrong password or unknown account over SIP.  `banned` = seconds of the ban it caused, 0 = none."""

    account: str
    address: str
    banned: float = 0.0


@dataclass(frozen=True, slots=True)
class MessageRejected:
    """A SIP message was refused or dropped; `status` 0 = dropped in silence.  `reason` is a short slug
    for metrics."""

    reason: str
    status: int
    address: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something an admin should read: `slug` for metrics and tests, `text` says what is wrong and what to
    do."""

    slug: str
    text: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class SetupTimed:
    """Seconds from the caller's INVITE to the first ringing we told it."""

    call: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DirectoryChanged:
    """The configuration was saved: the snapshot of this revision is in use."""

    revision: int


Fact = (
    TrunkChanged
    | CallStarted
    | CallChanged
    | CallEnded
    | PhoneRegistered
    | PhoneUnregistered
    | TextKept
    | TextGone
    | SignInFailed
    | MessageRejected
    | Trouble
    | SetupTimed
    | DirectoryChanged
)
