"""Text messages between extensions: to every phone that is there, kept for who is not (RFC 3428)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import partial

from pbx.sip.client import Answer
from pbx.sip.events import TextCame
from pbx.sip.registrar import Binding
from pbx.switch.desk import Desk
from pbx.switch.events import Party, TextGone, TextKept, TextView
from pbx.switch.identity import name_of

PATIENCE = 5.0
"""Seconds that a phone has to answer: the sender's own transaction ends after 32."""

KEPT = 7 * 86400.0
"""Seconds after which a message that nobody fetched is forgotten."""

MOST = 100
"""Messages kept for one extension."""

AGAIN = 600.0
"""Seconds until a phone that did not take a kept message is asked again."""

_FLEETING = "application/im-iscomposing"
"""That somebody is typing is no message: it is never kept (RFC 3994 §4)."""

Done = Callable[[int, float], None]


class Texts:
    """`kept` are the messages that wait, by extension, the oldest first."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: dict[str, dict[str, TextView]] = {}
        self._asked: dict[str, float] = {}  # who is being given its messages, and until when nobody is asked

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    def restore(self, kept: Iterable[TextView]) -> None:
        """Messages from before a restart."""
        for text in kept:
            self._kept.setdefault(text.number, {})[text.text] = text

    # -- a new one

    def came(self, event: TextCame, now: float) -> None:
        """Try every phone of the extension; if none takes it, keep it."""
        directory = self._desk.stack.directory
        if event.number not in directory.extensions:
            event.answer(404, now)
            return
        text = TextView(
            text=self._desk.name(),
            number=event.number,
            sender=event.sender,
            name=directory.extensions[event.sender].name,
            kind=event.kind,
            body=event.body.decode("latin-1"),
            sent=self._desk.wall(now),
        )
        ways = self._desk.stack.registrar.ways(event.number)
        if ways:
            _Spread(len(ways), partial(self._tried, event, text)).begin(self, text, ways, now)
        else:
            self._keep(event, text, now)

    def _tried(self, event: TextCame, text: TextView, status: int, now: float) -> None:
        if status < 300:
            event.answer(200, now)
        elif status in (405, 415, 488, 501, 603, 606):  # no later delivery can change that
            event.answer(status, now)
        else:
            self._keep(event, text, now)

    def _keep(self, event: TextCame, text: TextView, now: float) -> None:
        waiting = self._kept.setdefault(text.number, {})
        if text.kind.lower().startswith(_FLEETING) or len(waiting) >= MOST:
            event.answer(480, now)
            return
        waiting[text.text] = text
        self._desk.tell(TextKept(text))
        event.answer(202, now)

    # -- those that waited

    def there(self, number: str, now: float) -> None:
        """A phone of the extension registered: give it what waits, one after the other."""
        if number in self._kept and self._asked.get(number, 0.0) <= now:
            self._next(number, now)

    def _next(self, number: str, now: float) -> None:
        waiting, ways = self._kept.get(number), self._desk.stack.registrar.ways(number)
        if not waiting:
            self._kept.pop(number, None)
            self._asked.pop(number, None)
            return
        text = next(iter(waiting.values()))
        if self._desk.wall(now) - text.sent > KEPT or number not in self._desk.stack.directory.extensions:
            self._forget(text)
            self._next(number, now)
        elif ways:
            self._asked[number] = now + AGAIN
            _Spread(len(ways), partial(self._given, text)).begin(self, text, ways, now, late=True)

    def _given(self, text: TextView, status: int, now: float) -> None:
        if status < 300:
            self._forget(text)
            self._next(text.number, now)
        elif status in (408, 480, 503):
            self._asked.pop(text.number, None)  # it went away again

    def _forget(self, text: TextView) -> None:
        self._kept.get(text.number, {}).pop(text.text, None)
        self._desk.tell(TextGone(text.text))

    # -- out

    def send(self, text: TextView, phone: tuple[Binding, ...], late: bool, done: Done, now: float) -> None:
        """One phone, by the best of its flows."""
        stack, first = self._desk.stack, phone[0]
        domain = stack.directory.domain
        sender = name_of(Party(text.sender, text.name), domain)
        to = name_of(Party(text.number, ""), domain)
        headers = [
            *(("Route", str(hop)) for hop in first.path),
            *([("Date", formatdate(text.sent, usegmt=True))] if late else []),
            ("Content-Type", text.kind),
        ]

        def heard(answer: Answer, then: float) -> None:
            done(answer.response.status if answer.response is not None else 408, then)

        flows = [binding.flow for binding in phone]
        body = text.body.encode("latin-1")
        stack.ask("MESSAGE", first.contact, flows, sender, to, headers, heard, now, PATIENCE, body=body)


class _Spread:
    """One message on its way to all phones of an extension; `done` hears once: the first success, or when all
    are through the answer that tells most."""

    def __init__(self, phones: int, done: Done) -> None:
        self._left, self._done = phones, done
        self._statuses: list[int] = []
        self._over = False

    def begin(
        self, texts: Texts, text: TextView, ways: list[tuple[Binding, ...]], now: float, late: bool = False
    ) -> None:
        for phone in ways:
            texts.send(text, phone, late, self._answered, now)

    def _answered(self, status: int, now: float) -> None:
        self._left -= 1
        self._statuses.append(status)
        if not self._over and (status < 300 or not self._left):
            self._over = True
            # A phone that was not reached may be later, so it counts more than one that cannot read it.
            unreached = [each for each in self._statuses if each in (408, 480, 503)]
            self._done(status if status < 300 else (unreached or self._statuses)[0], now)
