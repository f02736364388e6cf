"""The hub's pulse: how late a greenlet that wants to run every 0.1 s does run, and the wall clock's steps."""

import time
from collections import deque
from collections.abc import Callable

import gevent

BEAT = 0.1  # seconds
_MINUTE = round(60 / BEAT)
_STEP = 0.5  # seconds that the wall clock must jump to be worth telling


class Pulse:
    """Tells `late(seconds)` every beat, and `stepped(now, wall)` when somebody set the wall clock."""

    def __init__(self, late: Callable[[float], None], stepped: Callable[[float, float], None]) -> None:
        self._late, self._stepped = late, stepped
        self._recent: deque[float] = deque(maxlen=_MINUTE)
        self._greenlet: gevent.Greenlet | None = None

    @property
    def worst(self) -> float:
        """The greatest lateness of the last minute, in seconds."""
        return max(self._recent, default=0.0)

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill()

    def _run(self) -> None:
        offset = time.time() - time.monotonic()
        while True:
            due = time.monotonic() + BEAT
            gevent.sleep(BEAT)
            now, wall = time.monotonic(), time.time()
            late = max(0.0, now - due)
            self._recent.append(late)
            self._late(late)
            if abs(wall - now - offset) > _STEP:
                offset = wall - now
                self._stepped(now, wall)
