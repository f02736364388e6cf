"""The bindings: which extension is reachable where, and until when (RFC 3261 §10, RFC 5626, RFC 5627)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote as escape

from pbx.sip.events import Event, Registered, Unregistered
from pbx.sip.flow import Address, Flow
from pbx.sip.grammar import Params
from pbx.sip.headers import NameAddr
from pbx.sip.reach import direct
from pbx.sip.settings import Settings
from pbx.sip.timers import Timer, Timers
from pbx.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Binding:
    """Extension `aor` is reachable at `contact`, the URI as the phone gave it.

    `flow` is where requests go (see `reach`), `source` where the REGISTER came from.  `contact_params` are
    echoed in responses.  `expires_at` and `since` are monotonic seconds.  `instance` is the phone's
    +sip.instance, "" if none.  `reg_id` not 0 = one of the phone's flows (RFC 5626): who registered it is
    reached by it and by nothing else.
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
    contact_params: Params = ()
    reg_id: int = 0

    @property
    def slot(self) -> tuple[object, ...]:
        """What there is one of: a flow of a phone, or a contact."""
        return (self.aor, self.instance, self.reg_id) if self.reg_id else (self.aor, self.contact)

    @property
    def gruu(self) -> str:
        """The `gr` of the phone's public GRUU, "" = it can have none (RFC 5627 §5.1)."""
        urn = self.instance
        return escape(urn[1:-1], safe=":+$/-_.!~*'()") if urn.startswith("<urn:") and urn[-1] == ">" else ""

    def renewed_by(self, other: Binding) -> bool:
        """Whether `other` is this again: the same flow (RFC 5626 §6), or an equivalent contact (§19.1.4)."""
        if self.reg_id and other.reg_id:
            return self.slot == other.slot
        return self.reaches(other.contact)

    def replaced_by(self, other: Binding) -> bool:
        """Whether `other` takes its place: a phone without several flows has one contact."""
        if self.instance and self.instance == other.instance and not (self.reg_id and other.reg_id):
            return True
        return self.renewed_by(other)

    def reaches(self, contact: Uri) -> bool:
        """Whether this is the binding to `contact`, or an equivalent spelling of it."""
        return self.contact == contact or self.contact.equivalent(contact)


class Registrar:
    """All bindings of the office, at most `settings.max_contacts` for an extension."""

    __slots__ = ("_bindings", "_connected", "_events", "_hosts", "_max", "_timers", "_waiting")

    def __init__(self, settings: Settings, timers: Timers, events: deque[Event]) -> None:
        self._max, self._timers, self._events = settings.max_contacts, timers, events
        self._bindings: dict[str, tuple[Binding, ...]] = {}
        self._waiting: dict[tuple[object, ...], Timer] = {}
        self._hosts: Counter[str] = Counter()  # where they registered from
        self._connected: dict[tuple[str, Address], list[Binding]] = {}  # by connection

    def __len__(self) -> int:
        return len(self._waiting)

    def bindings(self, aor: str) -> tuple[Binding, ...]:
        """The live bindings of an extension, highest q first, then the most recently registered."""
        return self._bindings.get(aor, ())

    def all(self) -> tuple[Binding, ...]:
        """Every live binding."""
        return tuple(self)

    def __iter__(self) -> Iterator[Binding]:
        return (binding for bindings in self._bindings.values() for binding in bindings)

    def knows(self, host: str) -> bool:
        """Whether somebody is registered from there."""
        return host in self._hosts

    def phones(self, host: str) -> int:
        """How many are registered from there."""
        return self._hosts.get(host, 0)

    def ways(self, aor: str) -> list[tuple[Binding, ...]]:
        """The phones of an extension, each with its flows, the best first (RFC 5626 §7)."""
        phones: dict[object, tuple[Binding, ...]] = {}
        for binding in self.bindings(aor):
            phone = binding.instance if binding.reg_id else binding.slot
            phones[phone] = (*phones.get(phone, ()), binding)
        return list(phones.values())

    def find(self, wanted: Binding) -> Binding | None:
        """The binding that `wanted` renews."""
        return next((binding for binding in self.bindings(wanted.aor) if binding.renewed_by(wanted)), None)

    def put(self, binding: Binding) -> None:
        """Add a binding, or prolong the one it replaces; tells `Registered`."""
        refresh = False
        for old in self.bindings(binding.aor):
            if not old.replaced_by(binding):
                continue
            self._drop(old)
            if old.renewed_by(binding):
                refresh = True
            else:
                self._events.append(Unregistered(old, "replaced"))
        self._make_room(binding.aor)
        self._keep(binding)
        self._events.append(Registered(binding, refresh))

    def restore(self, binding: Binding) -> None:
        """Take up a binding again, silently."""
        for old in self.bindings(binding.aor):
            if old.replaced_by(binding):
                self._drop(old)
        if len(self.bindings(binding.aor)) < self._max:
            self._keep(binding)

    def remove(self, binding: Binding, why: str) -> None:
        """Remove a binding; tells `Unregistered`."""
        self._drop(binding)
        self._events.append(Unregistered(binding, why))

    def broken(self, flow: Flow, taken: bool = False) -> None:
        """A connection is gone: who registered over it is reachable at its contact if that is its own port,
        as long as our connections there are `taken`; else not at all until it comes back (RFC 5626 §5.3)."""
        for binding in self._connected.pop((flow.transport, flow.remote), ()):
            self._drop(binding)
            there = None if binding.reg_id else direct(binding.contact, binding.source)
            if there is None or (there.remote == flow.remote and not taken):
                self._events.append(Unregistered(binding, "connection lost"))
            else:
                self._keep(replace(binding, flow=there))

    def _make_room(self, aor: str) -> None:
        # Phones that come with a new port after every start leave their old contacts behind; the freshest
        # ones count.
        while len(bindings := self.bindings(aor)) >= self._max:
            self.remove(min(bindings, key=lambda binding: binding.expires_at), "replaced")

    def _keep(self, binding: Binding) -> None:
        both = (*self.bindings(binding.aor), binding)
        self._bindings[binding.aor] = tuple(sorted(both, key=lambda each: (-each.q, -each.since)))
        self._waiting[binding.slot] = self._timers.set(binding.expires_at, partial(self._expire, binding))
        self._hosts[binding.source.remote.host] += 1
        if binding.flow.transport != "udp":
            self._connected.setdefault((binding.flow.transport, binding.flow.remote), []).append(binding)

    def _drop(self, binding: Binding) -> None:
        self._waiting.pop(binding.slot).cancel()
        host = binding.source.remote.host
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
        connection = binding.flow.transport, binding.flow.remote
        if binding in (same := self._connected.get(connection, [])):
            same.remove(binding)
            if not same:
                del self._connected[connection]
        left = tuple(each for each in self.bindings(binding.aor) if each is not binding)
        if left:
            self._bindings[binding.aor] = left
        else:
            del self._bindings[binding.aor]

    def _expire(self, binding: Binding, now: float) -> None:
        self.remove(binding, "expired")
