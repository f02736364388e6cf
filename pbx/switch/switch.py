"""The switch: datagrams, the media process's words, commands and the time in; effects and the next deadline
out.

It is pure and runs in one thread: no method does I/O, reads a clock or yields.  After every call the driver
performs what lies in `outbox`.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, cast

from pbx.directory import Directory
from pbx.sip import events as sip
from pbx.sip.flow import Flow
from pbx.sip.stack import Stack
from pbx.sip.subscription import KeptSubscription
from pbx.switch import journal
from pbx.switch.arrival import invited
from pbx.switch.bindings import binding_of, binding_view
from pbx.switch.call_state import CallState
from pbx.switch.causes import Cause
from pbx.switch.desk import Desk, Settings
from pbx.switch.diagnosis import Listening
from pbx.switch.events import (
    BanView,
    BindingView,
    CallView,
    TextView,
    Trouble,
    TrunkView,
)
from pbx.switch.feature import Catalogue, Feature
from pbx.switch.hearing import LEG_EVENTS
from pbx.switch.kept import Kept, KeptBan, KeptNonce
from pbx.switch.media import Media, Ports
from pbx.switch.outbox import Outbox
from pbx.switch.presence import PACKAGES, Presence
from pbx.switch.texts import Texts
from pbx.switch.told import Told, fact_of
from pbx.switch.trunks import Trunks
from pbx.wire import media as wire


class Switch:
    """`random` must be unguessable in production (`random.SystemRandom()`).  `now` is monotonic seconds
    and never runs backwards; `wall` is the wall clock at `now`, seconds since 1970."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        features: Iterable[Feature],
        random: Random,
        now: float,
        wall: float,
    ) -> None:
        self.outbox = Outbox()
        self._stack = Stack(settings.sip, directory, random, now, PACKAGES)
        self._stack.tell_time(now, wall)
        ports = Ports(settings.rtp_first, settings.rtp_last, random)
        self._desk = Desk(
            settings=settings,
            stack=self._stack,
            media=Media(ports, self.outbox.media),
            catalogue=Catalogue.bind(features, self._feature_failed),
            random=random,
            tell=self.outbox.facts.append,
            wall_offset=wall - now,
        )
        self._desk.listening = Listening(self._desk)
        self._presence = Presence(self._desk)
        self._texts = Texts(self._desk)
        self._desk.trunks = Trunks(self._desk)
        self._desk.trunks.use(directory, now)
        self._drain(now)
        # Who takes which of the stack's events; all others concern a leg.
        self._takers: dict[type, Callable[[Any, float], None]] = {
            sip.Invited: lambda event, now: invited(self._desk, event, now),
            sip.Subscribed: self._presence.subscribed,
            sip.Unsubscribed: self._presence.unsubscribed,
            sip.TextCame: self._texts.came,
            **dict.fromkeys((sip.Registered, sip.Unregistered, sip.AuthFailed, sip.Rejected), self._tell),
        }

    # -- in

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """A SIP datagram came from `flow.remote`.  No input whatever raises."""
        self._stack.receive(data, flow, now)
        self._drain(now)

    def busy(self, data: bytes, flow: Flow, now: float) -> None:
        """A request that begins something came while there is too much to do."""
        self._stack.busy(data, flow, now)
        self._drain(now)

    def bans(self, now: float) -> tuple[BanView, ...]:
        """Who may not sign in for a while, and where from."""
        return tuple(BanView(*ban) for ban in self._stack.lockout.bans(now))

    def lift(self, address: str, account: str, now: float) -> bool:
        """Ends a ban; False = there is none."""
        lifted = self._stack.lockout.lift(address, account, now)
        self._drain(now)
        return lifted

    def broken(self, flow: Flow, now: float, taken: bool = False) -> None:
        """The connection of `flow` ended, or none can be made; `taken` = the peer had taken ours."""
        self._stack.broken(flow, now, taken)
        self._desk.trunks.broken(flow, now)
        self._drain(now)

    def advance(self, now: float) -> None:
        """The time is `now`: does everything that is due."""
        self._stack.advance(now)
        self._drain(now)
        self._desk.timers.run(now)
        self._drain(now)

    def deadline(self) -> float | None:
        """When `advance` has something to do next, None = nothing."""
        deadlines = [at for at in (self._stack.deadline(), self._desk.timers.deadline()) if at is not None]
        return min(deadlines, default=None)

    def heard(self, event: wire.Event, now: float) -> None:
        """The media process said something.  `Ready` makes it be told everything that is wanted."""
        match event:
            case wire.Ready():
                self._desk.media.restate(event)
            case wire.Closed(call, counters):
                self._desk.media.closed(call, counters, now)
            case (
                wire.Silent(call, leg)
                | wire.Resumed(call, leg)
                | wire.Failed(call, leg)
                | wire.Latched(call, leg)
            ):
                self._heard_of_leg(event, call, leg, now)
        self._drain(now)

    def _heard_of_leg(self, event: wire.Event, name: str, leg_name: str, now: float) -> None:
        call = self._desk.calls.get(name)
        leg = next((leg for leg in call.legs if leg.id == leg_name), None) if call else None
        if call is None or leg is None:
            return
        match event:
            case wire.Silent():
                call.silent(leg, now)
            case wire.Latched():
                leg.heard = True
            case wire.Resumed():
                leg.silent = False
            case wire.Failed(port=port, why=why):
                call.no_port(leg, port, why, now)

    def media_lost(self, now: float) -> None:
        """The media process is gone; calls live on and get their audio back with the next `Ready`."""
        self._desk.media.lost(now)
        self._drain(now)

    # -- commands

    def use(self, directory: Directory, now: float) -> None:
        """From now on this is the office.  Calls in progress are not touched."""
        self._stack.use(directory, now)
        self._desk.trunks.use(directory, now)
        self._drain(now)

    def located(self, token: str, flows: tuple[Flow, ...], now: float) -> None:
        """The answer to a `Lookup`: where it is, the best first; () = it was not found."""
        self._desk.trunks.located(token, flows, now)
        self._drain(now)

    def hang_up(self, call: str, now: float) -> bool:
        """Ends a call from the console; False when there is no such call."""
        found = self._desk.calls.get(call)
        if found is None:
            return False
        found.end(Cause.HUNG_UP_BY_ADMIN, now)
        self._drain(now)
        return True

    def shut_down(self, now: float) -> None:
        """Ends every call and takes no new one; `empty` tells when all of them are recorded."""
        self._desk.closing = True
        self._desk.trunks.stop(now)
        for call in list(self._desk.calls.values()):
            call.end(Cause.SHUTDOWN, now)
        self._drain(now)

    def restore(self, bindings: Iterable[BindingView], now: float) -> None:
        """Takes up registrations from before a restart, so that phones stay reachable."""
        for view in bindings:
            self._stack.restore(binding_of(view, self._desk.wall_offset), now)
        self._drain(now)

    def restore_texts(self, texts: Iterable[TextView]) -> None:
        """Takes up the messages that waited before a restart."""
        self._texts.restore(texts)

    def adopt_nonces(self, key: str, spent: dict[str, int]) -> None:
        """Phones may go on with the nonces that they have; `key` "" = there is none from before."""
        if key:
            self._stack.nonces.adopt(key, spent)
        self.outbox.states.append((journal.NONCES, KeptNonce(key=self._stack.nonces.key)))

    def adopt_bans(self, kept: Iterable[KeptBan], now: float) -> None:
        """Who was banned stays so."""
        for ban in kept:
            self._stack.lockout.adopt(ban.address, ban.account, ban.until, ban.bans, now)

    def mailbox(self, number: str, new: int, old: int, now: float) -> None:
        """So many messages wait for an extension: its lamp shows it."""
        self._presence.mailbox(number, new, old, now)
        self._drain(now)

    def adopt_subscriptions(self, kept: Iterable[KeptSubscription], now: float) -> None:
        """Goes on telling those who subscribed with a switch whose process is gone."""
        for each in kept:
            self._stack.subscriptions.adopt(each, now)
        self._drain(now)

    def adopt(self, kept: Iterable[Kept], now: float) -> None:
        """Goes on with the calls of a switch whose process is gone."""
        for each in kept:
            journal.adopt(self._desk, each, now)
        self._drain(now)

    def listen(self, listened: bool) -> None:
        """Whether anybody follows the changes of calls as they happen: who does not listen costs nothing."""
        self._desk.listened = listened

    def correct_clock(self, now: float, wall: float) -> None:
        """The wall clock was set: records from now on follow it."""
        self._desk.wall_offset = wall - now
        self._stack.tell_time(now, wall)

    # -- seen from outside

    @property
    def empty(self) -> bool:
        """No call is up or being recorded."""
        return not self._desk.calls

    def calls(self) -> tuple[CallView, ...]:
        return tuple(call.view() for call in self._desk.calls.values())

    def talking(self) -> list[str]:
        """The names of the calls that were answered and are up."""
        up = (call for call in self._desk.calls.values() if call.state is not CallState.ENDED)
        return [call.id for call in up if "answered" in call.times]

    def phones(self) -> tuple[BindingView, ...]:
        return tuple(binding_view(binding, self._desk.wall_offset) for binding in self._stack.registrar.all())

    def trunks(self, now: float) -> tuple[TrunkView, ...]:
        return self._desk.trunks.views(now)

    def ports(self) -> tuple[int, int]:
        """(in use, in all) RTP port pairs."""
        return self._desk.media.ports.used, self._desk.media.ports.total

    def counts(self) -> dict[str, int]:
        """Sizes of everything that grows, for leak tests and metrics."""
        return {
            **self._stack.counts,
            "calls": len(self._desk.calls),
            "legs": len(self._desk.legs),
            "ports": self._desk.media.ports.used,
            "listening": len(self._desk.listening),
            "trunks": len(self._desk.trunks),
            "texts": len(self._texts),
        }

    # -- SIP events

    def _drain(self, now: float) -> None:
        """Handles what the stack has to tell, then hands on what it has to send, in order."""
        self._hear(now)
        while self._desk.stirred:
            self._presence.stirred(now)
            self._hear(now)
        self.outbox.datagrams += self._stack.outbox
        self._stack.outbox.clear()
        stack = self._stack
        if self._desk.changed or stack.touched or stack.nonces.changed or stack.lockout.changed:
            self.outbox.states += journal.changes(self._desk)
        self.outbox.lookups += self._desk.lookups
        self._desk.lookups.clear()
        if self._stack.subscriptions.changed:
            self.outbox.states += journal.subscriptions(self._stack.subscriptions)

    def _hear(self, now: float) -> None:
        while self._stack.events:
            event = self._stack.events.popleft()
            if (taker := self._takers.get(type(event))) is not None:
                taker(event, now)
            elif (found := self._desk.legs.get(cast(sip.SessionEvent, event).session.id)) is not None:
                LEG_EVENTS[type(event)](*found, event, now)

    def _tell(self, event: Told, now: float) -> None:
        if isinstance(event, sip.Registered | sip.Unregistered):
            self._desk.stir(event.binding.aor)
        if isinstance(event, sip.Registered):
            self._texts.there(event.binding.aor, now)
        self.outbox.facts.append(fact_of(event, self._desk.wall_offset))

    def _feature_failed(self, slug: str, error: Exception) -> None:
        self._desk.tell(
            Trouble("feature_failed", f"the feature {slug} made a mistake and was skipped: {error!r}")
        )
