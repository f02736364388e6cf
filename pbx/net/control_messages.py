"""What the command line and the running office say to each other over DIR/run/control.sock.

A link carries one request and its answers: any number of items, then `Done` or `Refused`.  Longer texts (an
office to import or export) go in `Text` parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pbx.sip.flow import Flow
from pbx.store import Change
from pbx.switch.events import BanView, CallView, TrunkView

PART = 15_000
"""Characters in a `Text`: at worst twelve bytes each as JSON, which still fits a message."""


@dataclass(frozen=True, slots=True)
class Status:
    """Asks for `StatusReply`."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Asks for a `CallView` of each call that is up."""


@dataclass(frozen=True, slots=True)
class HangUp:
    call: str


@dataclass(frozen=True, slots=True)
class Trunks:
    """Asks for a `TrunkView` of each trunk."""


@dataclass(frozen=True, slots=True)
class Bans:
    """Asks for a `BanView` of each ban."""


@dataclass(frozen=True, slots=True)
class Lift:
    """End the ban of an account at an address; `account` "" = all bans there."""

    address: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """Followed by the document in `Text` parts and `Done`.  Answered by `Imported`."""

    allow_weak: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Asks for the office as `Text` parts."""


@dataclass(frozen=True, slots=True)
class Admin:
    """Make an administrator, or give one a new password."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Asks for `Traced` for each SIP message until the client leaves; only those naming `number` if given."""

    number: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    part: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; see `pbx.store.Change`."""

    revision: int | None
    created: tuple[str, ...]
    updated: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: tuple[str, ...]
    passwords: dict[str, str]


@dataclass(frozen=True, slots=True)
class StatusReply:
    """Seconds running, and how many phones and calls there are."""

    pid: int
    version: str
    uptime: float
    phones: int
    calls: int
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """One SIP message; `at` is seconds since 1970, `lost` how many were left out before it."""

    at: float
    sent: bool
    flow: Flow
    text: str
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    text: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done; each problem is a sentence."""

    problems: tuple[str, ...]


Request = Status | Calls | HangUp | Trunks | Bans | Lift | Import | Export | Admin | Trace
Answer = StatusReply | CallView | TrunkView | BanView | Imported | Text | Traced | Done | Refused


def parts(text: str) -> Iterator[Text]:
    for start in range(0, len(text), PART):
        yield Text(text[start : start + PART])


def imported(change: Change) -> Imported:
    return Imported(
        change.revision,
        change.created,
        change.updated,
        change.deleted,
        change.unchanged,
        dict(change.passwords),
    )
