"""The live event stream: facts as server-sent events (WHATWG HTML §9.2), one stream a signed-in console."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from pbx.api import views
from pbx.api.services import Exchange, Subscription

PING_SECONDS = 15.0
"""A comment this often keeps proxies from closing the stream, and finds out when the client has gone."""

RETRY_MILLISECONDS = 2000


class EventStream(Iterator[bytes]):
    """The body of the answer.

    It ends at `until` (monotonic seconds), when the client's token expires; the client comes back with a
    fresh one.  It ends too when the client was too slow.  What was missed is read anew through the REST API:
    `hello` tells the sequence that the stream starts after.

    A class and no generator, because `close` must also end a subscription that nobody has read from yet.
    """

    def __init__(
        self, exchange: Exchange, subscription: Subscription, until: float, monotonic: Callable[[], float]
    ) -> None:
        self._exchange = exchange
        self._subscription = subscription
        self._until = until
        self._monotonic = monotonic
        self._ping_at = 0.0
        self._greeted = False

    def __next__(self) -> bytes:
        if not self._greeted:
            self._greeted = True
            sequence = self._subscription.sequence
            hello = _event("hello", sequence, {"sequence": sequence})
            return self._said(b"retry: %d\n" % RETRY_MILLISECONDS + hello)
        while not self._subscription.lost:
            now = self._monotonic()
            if now >= self._until:
                break
            if now >= self._ping_at:
                return self._said(b": ping\n\n")
            told = self._subscription.get(min(self._ping_at, self._until) - now)
            shown = told and views.event(told[1], self._exchange.directory)
            if told and shown:
                return self._said(_event(shown[0], told[0], shown[1]))
        self.close()
        raise StopIteration

    def close(self) -> None:
        """WSGI calls this when the answer is over, for whatever reason (PEP 3333)."""
        self._subscription.close()

    def _said(self, chunk: bytes) -> bytes:
        self._ping_at = self._monotonic() + PING_SECONDS
        return chunk


def _event(name: str, sequence: int, data: Any) -> bytes:
    """JSON escapes line breaks, so `data` is always one line."""
    line = json.dumps(data, separators=(",", ":"))
    return f"event: {name}\nid: {sequence}\ndata: {line}\n\n".encode("ascii")
