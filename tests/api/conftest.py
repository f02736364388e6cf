"""An API around a real store in a temporary folder; only the switch is a small one in memory."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from falcon import testing

from pbx.api.app import make_app
from pbx.api.auth import Tokens
from pbx.api.services import Check, Services
from pbx.directory import Directory
from pbx.sip.flow import Address, Flow
from pbx.store import Store
from pbx.switch.events import BanView, BindingView, CallView, DirectoryChanged, Fact, Party, TrunkView
from pbx.telemetry import Telemetry

PASSWORD = "correct horse 42"
CHEAP_HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
LAN = "192.0.2.50"
START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Queue:
    """A subscription: what was told since.  `get` lets the virtual time pass instead of waiting."""

    def __init__(self, clock: Clock, sequence: int) -> None:
        self.clock, self.sequence, self.lost, self.closed = clock, sequence, False, False
        self.facts: deque[tuple[int, Fact]] = deque()

    def get(self, timeout: float) -> tuple[int, Fact] | None:
        if self.facts:
            return self.facts.popleft()
        self.clock.now += timeout
        return None

    def close(self) -> None:
        self.closed = True


@dataclass
class Said:
    """What was said in a call, as far as the API cares."""

    verdict: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    address: str
    reason: str
    count: int


@dataclass(frozen=True)
class Refused:
    items: tuple[Refusal, ...]
    totals: dict[str, int]


@dataclass
class Exchange:
    """The switch as the API knows it, with calls and phones that a test puts there."""

    clock: Clock
    directory: Directory
    live: dict[str, CallView] = field(default_factory=dict)
    registered: list[BindingView] = field(default_factory=list)
    traces: dict[str, Said] = field(default_factory=dict)
    banned: list[BanView] = field(default_factory=list)
    lines: list[TrunkView] = field(default_factory=list)
    queues: list[Queue] = field(default_factory=list)
    told: int = 0

    def calls(self) -> tuple[CallView, ...]:
        return tuple(self.live.values())

    def bans(self) -> tuple[BanView, ...]:
        return tuple(self.banned)

    def lift(self, address: str, account: str) -> bool:
        before = len(self.banned)
        self.banned = [ban for ban in self.banned if (ban.address, ban.account) != (address, account)]
        return len(self.banned) < before

    def refused(self) -> Refused:
        return Refused((Refusal("203.0.113.9", "scanner", 3),), {"scanner": 3})

    def trace(self, call: CallView) -> Said | None:
        return self.traces.get(call.call)

    def trace_text(self, call: CallView) -> str:
        return "said" if call.call in self.traces else ""

    def capture(self, call: CallView) -> bytes | None:
        return b"pcap" if call.call in self.traces else None

    def trunks(self) -> tuple[TrunkView, ...]:
        return tuple(self.lines)

    def phones(self) -> tuple[BindingView, ...]:
        return tuple(self.registered)

    def ports(self) -> tuple[int, int]:
        return 2 * len(self.live), 10_000

    def hang_up(self, call: str) -> bool:
        return self.live.pop(call, None) is not None

    def use(self, directory: Directory) -> None:
        self.directory = directory
        self.tell(DirectoryChanged(directory.revision))

    def subscribe(self) -> Queue:
        self.queues.append(Queue(self.clock, self.told))
        return self.queues[-1]

    def tell(self, fact: Fact) -> None:
        self.told += 1
        for queue in self.queues:
            queue.facts.append((self.told, fact))


@dataclass
class Offload:
    """Runs everything at once, and remembers what the CPU was asked for."""

    asked: list[tuple[Callable[..., Any], tuple[Any, ...]]] = field(default_factory=list)

    def store(self, fn: Callable[..., Any], *args: Any) -> Any:
        return fn(*args)

    def cpu(self, fn: Callable[..., Any], *args: Any) -> Any:
        self.asked.append((fn, args))
        return fn(*args)


class Api:
    """The application and what surrounds it, as a browser on the LAN meets it."""

    def __init__(self, store: Store, clock: Clock, dashboard: Path | None = None) -> None:
        self.clock, self.store = clock, store
        self.exchange = Exchange(clock, store.directory())
        self.offload, self.telemetry = Offload(), Telemetry("0.1.0")
        self.checks = [Check("sip", "SIP", "ok", "Answered in 3 ms.", START)]
        self.services = Services(
            store, self.exchange, self.offload, self.telemetry, lambda: tuple(self.checks),
            sip=Address("0.0.0.0", 5060), names=lambda: ("192.0.2.10", "pbx-box"),
            clock=clock, monotonic=clock, version="0.1.0", dashboard=dashboard,
        )
        self.client = testing.TestClient(make_app(self.services))
        self.token = Tokens(store.secret("access-token"), clock).issue("ada", "admin")

    def anonymous(self, method: str, path: str, **more: Any) -> testing.Result:
        headers = {"Host": "192.0.2.10:9000", **more.pop("headers", {})}
        more = {"remote_addr": LAN, **more}
        return self.client.simulate_request(method, path, headers=headers, **more)

    def __call__(self, method: str, path: str, **more: Any) -> testing.Result:
        """As an administrator."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.anonymous(method, path, headers=headers, **more)

    def sign_in(self, username: str = "ada", password: str = PASSWORD, **more: Any) -> testing.Result:
        given = {"username": username, "password": password}
        return self.anonymous("POST", "/api/auth/sign-in", json=given, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    store = Store.open(tmp_path / "data", clock)
    store.ensure_site("pbx.example.org")
    yield store
    store.close()


@pytest.fixture
def fresh(store: Store, clock: Clock) -> Api:
    """Nobody has claimed it yet."""
    return Api(store, clock)


@pytest.fixture
def api(fresh: Api) -> Api:
    """Claimed by ada."""
    fresh.store.add_admin("ada", CHEAP_HASH)
    return fresh


@pytest.fixture
def binding() -> BindingView:
    flow = Flow("udp", Address("192.0.2.10", 5060), Address("192.0.2.77", 40012))
    return BindingView("1001", "sip:1001@192.0.2.77:40012", flow, "Linphone/5", START, START + 600)


@pytest.fixture
def call() -> CallView:
    return CallView("c-1", "ringing", Party("1001", "Anna Adams"), "1002", Party("1002", "Bob Brown"), START)


@pytest.fixture
def record(call: CallView) -> CallView:
    return replace(
        call, state="ended", answered=START + 2, ended=START + 62, cause="normal", cause_text="hung up",
        ended_by="caller",
    )
