"""Who watches whom: lamps, presence and messages waiting, told to those who subscribed."""

from __future__ import annotations

from collections.abc import Callable

from pbx.sip.events import Subscribed, Unsubscribed
from pbx.sip.outgoing import OutgoingSession
from pbx.sip.session import Session
from pbx.sip.subscription import Subscription
from pbx.switch import bodies
from pbx.switch.bodies import LampDialog
from pbx.switch.call import Call
from pbx.switch.call_state import CallState
from pbx.switch.desk import Desk
from pbx.switch.leg import Leg, LegState

PACKAGES = {"dialog": bodies.DIALOG, "presence": bodies.PRESENCE, "message-summary": bodies.MESSAGES}
"""What may be subscribed to, and the type of its bodies."""

_STATES = {LegState.TRYING: "trying", LegState.RINGING: "early", LegState.ANSWERED: "confirmed"}


class Presence:
    """An extension of the office may watch every line of it; only its own messages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watchers: dict[str, dict[str, Subscription]] = {}  # by number, then by subscription
        self._mailboxes: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._watchers.values()))

    # -- subscriptions

    def subscribed(self, event: Subscribed, now: float) -> None:
        """A new one, a refreshed one, or one whose state is to be told again."""
        subscription = event.subscription
        number, directory = subscription.resource, self._desk.stack.directory
        if number not in directory.extensions:
            subscription.terminate("noresource", now)
        elif subscription.package == "message-summary" and number != subscription.subscriber:
            subscription.terminate("rejected", now)
        else:
            if not event.fetch:
                self._watchers.setdefault(number, {})[subscription.id] = subscription
                self._desk.watched.add(number)
            subscription.told = None
            self._tell(subscription, now, "timeout" if event.fetch else "")

    def unsubscribed(self, event: Unsubscribed, now: float) -> None:
        number = event.subscription.resource
        watchers = self._watchers.get(number, {})
        watchers.pop(event.subscription.id, None)
        if not watchers and number in self._watchers:
            del self._watchers[number]
            self._desk.watched.discard(number)

    # -- what happens

    def mailbox(self, number: str, new: int, old: int, now: float) -> None:
        """So many messages are there for an extension."""
        if self._mailboxes.get(number, (0, 0)) != (new, old):
            self._mailboxes[number] = new, old
            self._tell_all(number, ("message-summary",), now)

    def stirred(self, now: float) -> None:
        """Something happened to the lines that somebody watches (`Desk.stirred`)."""
        numbers = sorted(self._desk.stirred)
        self._desk.stirred.clear()
        for number in numbers:
            self._tell_all(number, ("dialog", "presence"), now)

    def _tell_all(self, number: str, packages: tuple[str, ...], now: float) -> None:
        for subscription in list(self._watchers.get(number, {}).values()):
            if subscription.package in packages:
                self._tell(subscription, now)

    def _tell(self, subscription: Subscription, now: float, ends: str = "") -> None:
        """Unless that is what it was told last."""
        state, make = self._state(subscription)
        if subscription.told != state:
            subscription.told = state
            subscription.notify(make, PACKAGES[subscription.package], now, ends)

    def _state(self, subscription: Subscription) -> tuple[object, Callable[[int], bytes]]:
        """How it is at this moment, and the body that says so."""
        number, domain = subscription.resource, self._desk.stack.directory.domain
        if subscription.package == "dialog":
            dialogs = tuple(_lamp(call, leg) for call, leg in self._legs(number))
            return dialogs, lambda version: bodies.dialog_info(number, domain, dialogs, version)
        if subscription.package == "presence":
            there = bool(self._desk.stack.registrar.bindings(number))
            body = bodies.pidf(number, domain, there, bool(self._legs(number)))
        else:
            body = bodies.message_summary(number, domain, *self._mailboxes.get(number, (0, 0)))
        return body, lambda version: body

    def _legs(self, number: str) -> list[tuple[Call, Leg]]:
        return [
            (call, leg)
            for call in self._desk.calls.values()
            for leg in call.legs
            if leg.alive and leg.party.number == number and leg.party.kind == "extension"
        ]


def _lamp(call: Call, leg: Leg) -> LampDialog:
    session, mine = leg.session, leg is call.caller
    party = call.callee if mine else call.caller.party
    state = _STATES[leg.state]
    if mine and leg.state is LegState.TRYING and call.state is CallState.RINGING:
        state = "early"
    held = leg.talking and leg.audio is not None and leg.audio.direction != "sendrecv"
    theirs = peer_tag(session)
    return LampDialog(
        leg.id, session.call_id, theirs, session.id, mine, state, party.number, party.name, held
    )


def peer_tag(session: Session) -> str:
    """The phone's own tag, "" before it said one."""
    if session.dialog is not None:
        return session.dialog.remote.tag or ""
    return session.early_tag if isinstance(session, OutgoingSession) else ""
