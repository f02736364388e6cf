"""What the API needs of the rest of the program.  `pbx.server` fulfils it; nothing here imports `pbx.net`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pbx.directory import Directory
from pbx.sip.flow import Address
from pbx.switch.events import BanView, BindingView, CallView, Fact, TrunkView
from pbx.telemetry import Telemetry

if TYPE_CHECKING:
    from pbx.store import Store

T = TypeVar("T")


class Subscription(Protocol):
    """One listener's bounded queue of facts."""

    @property
    def sequence(self) -> int:
        """The number of the newest fact that was told before this subscription began; 0 = none yet."""

    @property
    def lost(self) -> bool:
        """True once the listener was too slow for its queue, or the program stops: nothing more will come."""

    def get(self, timeout: float) -> tuple[int, Fact] | None:
        """The next (sequence, fact), waiting at most `timeout` seconds; None when none came or `lost`."""

    def close(self) -> None:
        """End it.  Idempotent."""


class Exchange(Protocol):
    """The switch, as the driver offers it to other greenlets.  None of these wait for I/O."""

    @property
    def directory(self) -> Directory:
        """The snapshot in use."""

    def calls(self) -> tuple[CallView, ...]: ...

    def phones(self) -> tuple[BindingView, ...]: ...
    def trunks(self) -> tuple[TrunkView, ...]: ...

    def trace(self, call: CallView) -> object | None:
        """A dataclass of what was said in a call; None = it is not kept any more."""

    def trace_text(self, call: CallView) -> str: ...
    def capture(self, call: CallView) -> bytes | None: ...
    def bans(self) -> tuple[BanView, ...]: ...
    def lift(self, address: str, account: str) -> bool: ...

    def refused(self) -> object:
        """A dataclass of who was refused lately, and why."""

    def ports(self) -> tuple[int, int]:
        """Audio ports (used, total)."""

    def hang_up(self, call: str) -> bool:
        """False when there is no such live call."""

    def use(self, directory: Directory) -> None:
        """Swap the snapshot, then tell subscribers `DirectoryChanged(directory.revision)`."""

    def subscribe(self) -> Subscription: ...


class Offload(Protocol):
    """Work that must not run on the hub.  The calling greenlet waits; what `fn` raised is raised here."""

    def store(self, fn: Callable[..., T], *args: Any) -> T:
        """On the one store thread: every `Store` method goes through here."""

    def cpu(self, fn: Callable[..., T], *args: Any) -> T:
        """On a native thread pool: bcrypt and other work of 1 ms or more."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the health page.

    `status`: "ok", "warning" or "failed".  `text` says what was seen and, when not ok, what to do.  `since`
    is when it got this status, in seconds since 1970.
    """

    slug: str
    title: str
    status: str
    text: str
    since: float


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the API is built from.

    `sip` is the bound SIP address (its host may be 0.0.0.0 or ::).  `names` gives the machine's own addresses
    and host names, the one that phones can reach first.  `clock` is the wall clock and `monotonic` the
    monotonic one, both in seconds.  `dashboard` is the built console's folder, None without one.
    """

    store: "Store"
    exchange: Exchange
    offload: Offload
    telemetry: Telemetry
    health: Callable[[], tuple[Check, ...]]
    sip: Address
    names: Callable[[], tuple[str, ...]]
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    version: str
    dashboard: Path | None = None
