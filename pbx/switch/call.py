"""A call: all that one attempt gives rise to.  It relays call events from leg to leg, guards its states."""

from collections.abc import Iterable

from pbx.sip.audio import SUPPORTED, Codec, is_webrtc, mirror
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.sdp import Description
from pbx.sip.timers import Timer
from pbx.switch.bridge import SENDS, Bridge
from pbx.switch.call_state import MOVES, CallState
from pbx.switch.causes import Cause, most_telling, of_carrier, of_status, relayed
from pbx.switch.desk import Desk
from pbx.switch.early import EarlyAnswer, early_audio, final_answer
from pbx.switch.events import (
    CallChanged,
    CallEnded,
    CallStarted,
    CallView,
    LegView,
    Party,
    SetupTimed,
    Trouble,
)
from pbx.switch.identity import Move, meet
from pbx.switch.leg import Leg, LegState, relayable
from pbx.switch.outbound import Outbound, dial_out
from pbx.switch.record import view_of
from pbx.switch.renegotiation import Renegotiation
from pbx.switch.ring import ring
from pbx.switch.route import CallInfo, Route
from pbx.switch.router import route
from pbx.switch.transfer import Transfer
from pbx.wire.media import Counters

OUTSIDE_RING = 180.0
"""Seconds that a call to the outside may ring: the far end has its own ideas of when to stop."""


class Call:
    """`caller` is the leg that came in; the others are parties that we called for it."""

    def __init__(
        self,
        desk: Desk,
        name: str,
        caller: Leg,
        dialled: str,
        max_forwards: int,
        now: float,
        wanted: str | None = None,
    ) -> None:
        """`wanted` is the target if it is not what was `dialled`: the extension behind a carrier's number."""
        self.id = name
        self.wanted = dialled if wanted is None else wanted
        self.desk = desk
        self.caller = caller
        self.legs = [caller]
        self.dialled = dialled
        self.callee = Party(dialled)
        self.bridge = Bridge()
        self.state = CallState.NEW
        self.cause: Cause | None = None
        self.times: dict[str, float] = {"started": desk.wall(now)}
        self._began = now
        self.max_forwards = max_forwards
        self._no_answer: Timer | None = None
        self._passed_on: set[tuple[int, bool]] = set()
        self.early: EarlyAnswer | None = None
        self.renegotiation: Renegotiation | None = None
        self.past: tuple[LegView, ...] = ()  # legs that ended before a restart, or went to another call
        self.transfer: Transfer | None = None
        self.outbound: Outbound | None = None
        self.ended_by = self.transferred = self.reason = ""  # `reason` is the one that a party gave
        self.moves: list[Move] = []  # how it came from what was wanted to who rings

    # -- setting up

    def begin(self, sdp: Description | None, now: float) -> None:
        """The INVITE came and was authenticated: find out where it goes, and go there."""
        self.desk.tell(CallStarted(self.view()))
        where = self.route_of(self.caller.party, self.wanted, now)
        if where.refuse is not None:
            self.end(where.refuse, now)
        elif not self._understand(sdp):
            self.end(Cause.WEBRTC if sdp is not None and is_webrtc(sdp) else Cause.NO_CODEC, now)
        elif where.application is not None:
            self.desk.catalogue.applications[where.application](self, now)
        elif where.outward:
            dial_out(self, where.target, where.trunks, now)
            self._await_answer(where.ring or OUTSIDE_RING, now)
        else:
            self._ring(where.target, where.ring or self.desk.settings.ring, now)

    def route_of(self, caller: Party, dialled: str, now: float) -> Route:
        """Where it goes when `caller` dials that."""
        info = CallInfo(caller, dialled, self.desk.wall(now))
        return route(self.desk.stack.directory, info, self.desk.catalogue.on_route)

    def _understand(self, sdp: Description | None) -> bool:
        """True when the caller offers a format that we pass on.  No offer at all is fine: then we
        make it (§13.2.1)."""
        if sdp is None:
            return True
        try:
            return bool(relayable(self.caller.negotiation.take_offer(sdp).codecs))
        except RemoteProtocolError:
            return False

    def _ring(self, number: str, seconds: float, now: float) -> None:
        extension = self.desk.stack.directory.extensions[number]
        self.callee = Party(extension.number, extension.name)
        legs, cause = ring(self, self.callee, self.caller, now)
        if not legs:
            self.end(cause, now)
        else:
            self._await_answer(seconds, now)

    def _await_answer(self, seconds: float, now: float) -> None:
        if self.state is CallState.ENDED:
            return
        self._no_answer = self.desk.timers.set(now + seconds, self._nobody)
        self.restate()
        self.note()

    def answer_alone(self, now: float, name: str) -> None:
        """The office itself takes the call, and the caller hears itself."""
        self.callee = Party(self.dialled, name, "service")
        self.bridge = Bridge([self.caller], echo=True)
        audio = self.caller.audio
        codecs = relayable(audio.codecs) if audio else SUPPORTED
        self.answer_caller(codecs, mirror(audio.direction) if audio else "sendrecv", None, now)

    def answer_caller(self, codecs: Iterable[Codec], direction: str, ptime: int | None, now: float) -> None:
        caller = self.caller
        sdp = final_answer(self, codecs, direction, ptime)
        meet(caller, self.callee, self.desk.stack.directory.domain)
        caller.session.answer(sdp, now)
        caller.state = LegState.ANSWERED
        self.times["answered"] = self.desk.wall(now)
        self._move(CallState.ACTIVE)  # also when the parties agree on silence at once: on hold comes after
        self.settle(now)

    # -- call events from the legs

    def rang(self, leg: Leg, status: int, sdp: Description | None, now: float) -> None:
        """A phone rings (180), or tells of progress, perhaps with sound (183 with an SDP)."""
        if self.transfer is not None and leg in self.transfer.legs:
            self.transfer.rang(leg, now)
            return
        if not leg.alive:
            return
        leg.state = LegState.RINGING
        early = early_audio(self, leg, sdp)
        if sdp is not None and early is None:
            status = 180  # a phone that is told of sound and gets none would leave its user in silence
        if self.state is CallState.NEW:
            self._move(CallState.RINGING)
            self.times["ringing"] = self.desk.wall(now)
            self.desk.tell(SetupTimed(self.id, now - self._began))
        if (status, early is not None) not in self._passed_on:
            self._passed_on.add((status, early is not None))
            self.caller.session.ring(now, status, early)
        self.changed()

    def answered(self, leg: Leg, sdp: Description | None, now: float) -> None:
        """A phone took the call: the others stop ringing, and the two can talk."""
        if self.transfer is not None and leg in self.transfer.legs:
            self.transfer.answered(leg, sdp, now)
            return
        leg.state = LegState.ANSWERED
        if sdp is not None:
            try:
                leg.negotiation.take_answer(sdp)
            except RemoteProtocolError:
                self.end(Cause.NO_CODEC, now)
                return
        if leg.audio is None:
            self.end(Cause.NO_CODEC, now)
            return
        for other in self.legs[1:]:
            if other is not leg:
                other.hang_up(Cause.ANSWERED_ELSEWHERE, now)
        self.callee = leg.party
        self.bridge = Bridge([self.caller, leg])
        self.answer_caller(leg.audio.codecs, leg.audio.direction, leg.audio.ptime, now)

    def refused(self, leg: Leg, status: int, now: float) -> None:
        """A phone said no, or never answered our messages (408).  6xx speaks for all of them (§21.6)."""
        if not leg.alive:
            return
        if self.transfer is not None and leg in self.transfer.legs:
            self.transfer.refused(leg, status, now)
            return
        if self.outbound is not None and self.outbound.refused(leg, status, now):
            self.restate()
            self.note()
            return
        leg.status = relayed(status)
        leg.ended(of_carrier(status) if self.outbound is not None else of_status(status))
        called = self.legs[1:]
        if any(other.alive for other in called) and status < 600:
            self.changed()
            return
        causes = [each.cause for each in called if each.cause]
        cause = of_status(status) if status >= 600 else most_telling(causes)
        telling = next((each.status for each in called if each.cause is cause), 0)
        self.end(cause, now, by="callee", status=telling)

    def gone(self, leg: Leg, cause: Cause, now: float) -> None:
        """A party hung up, gave up or vanished."""
        leg.ended(cause)
        if self.transfer is not None and self.transfer.gone(leg, now):
            return
        if leg in self.bridge.legs or (leg is self.caller and "answered" not in self.times):
            self.end(cause, now, by="caller" if leg is self.caller else "callee")

    def settle(self, now: float) -> None:
        """The parties agreed on their audio: state it, and whether somebody is on hold."""
        if self.state is CallState.ENDED:
            return
        held = CallState.HELD if self.bridge.held else CallState.ACTIVE
        self._move(held if self.transfer is None else CallState.TRANSFERRING)
        self.restate()
        self.note()
        self.changed()

    # -- audio

    def restate(self) -> None:
        """Tells the media process the whole wanted media, if it changed."""
        quiet = self.desk.settings.quiet
        legs = tuple(leg.media(quiet) for leg in self.legs if leg.alive)
        self.desk.media.want(self.id, legs, self.bridge.pairs())

    def silent(self, leg: Leg, now: float) -> None:
        """No packet for long.  One quiet party may be mute; when nobody who should sends, the call is
        dead."""
        leg.silent = True
        senders = [each for each in self.bridge.legs if each.audio and each.audio.direction in SENDS]
        if senders and all(each.silent for each in senders):
            self.end(Cause.AUDIO_LOST, now)

    def no_port(self, leg: Leg, port: int, why: str, now: float) -> None:
        """The media process could not open the leg's port."""
        self.desk.tell(Trouble("port_failed", f"audio port {port} could not be opened: {why}", self.id))
        self.end(Cause.MEDIA_FAILED, now)

    # -- the end

    def _nobody(self, now: float) -> None:
        """The time to ring is over; a phone that never even said that it rings was not reached."""
        called = self.legs[1:]
        if any(leg.state is LegState.RINGING for leg in called):
            self.end(Cause.NO_ANSWER, now)
        else:
            self.end(most_telling(leg.cause or Cause.UNREACHABLE for leg in called), now)

    def end(self, cause: Cause, now: float, by: str = "switch", status: int = 0) -> None:
        """Ends every leg, then counts the audio, then tells the record.  `status` refuses the caller
        with it."""
        if self.state is CallState.ENDED:
            return
        for under_way in (self.transfer, self.outbound):
            if under_way is not None:
                under_way.stop()
        self._move(CallState.ENDED)
        self.cause, self.ended_by = cause, by
        self.times["ended"] = self.desk.wall(now)
        for leg in self.legs:
            leg.hang_up(cause, now, status if leg is self.caller else 0, self.reason)
        self.changed()
        self.note()
        self.desk.media.close(self.id, self._counted, now)
        if self.id in self.desk.calls:
            late = now + self.desk.settings.count
            self.desk.timers.set(late, lambda then: self.desk.media.closed(self.id, None, then))

    def _counted(self, now: float, counters: tuple[Counters, ...] | None) -> None:
        figures = {each.leg: each for each in counters or ()}
        for leg in self.legs:
            leg.counters = figures.get(leg.id)
        self.desk.detach(self)
        self.desk.tell(CallEnded(self.view()))

    # -- parties that come and go

    def give(self, leg: Leg) -> None:
        """`leg` goes to another call, with its dialog and its port."""
        self.past += (leg.view(),)
        self.legs.remove(leg)
        self.bridge = Bridge([each for each in self.bridge.legs if each is not leg])
        self.restate()

    def take(self, leg: Leg) -> None:
        """`leg` comes from another call."""
        self.legs.append(leg)
        self.desk.legs[leg.session.id] = (self, leg)

    # -- what outlives a restart

    def note(self) -> None:
        """Have what this call is now written down."""
        self.desk.changed[self.id] = self

    # -- seen from outside

    def _move(self, state: CallState) -> None:
        """Only along the table: anything else is our own bug, and loud."""
        if state is self.state:
            return
        if state not in MOVES[self.state]:
            raise RuntimeError(f"call {self.id}: no way from {self.state.value} to {state.value}")
        self.state = state
        if state in (CallState.ACTIVE, CallState.ENDED) and self._no_answer is not None:
            self._no_answer.cancel()

    def changed(self) -> None:
        if self.state is not CallState.NEW:
            if self.desk.listened:
                self.desk.tell(CallChanged(self.view()))
            if self.desk.watched:
                self.desk.stir(*(leg.party.number for leg in self.legs))

    def view(self) -> CallView:
        return view_of(self)
