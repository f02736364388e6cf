"""The log: one plain line an event on standard error, "time level area: message"."""

import logging
import sys
import time
from collections.abc import Callable

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if code not in (9, 10)}
_CONTROL |= {0x2028: "\\u2028", 0x2029: "\\u2029"}


class _Formatter(logging.Formatter):
    """What a peer sent may be in a message: it cannot begin a line of its own or move the cursor."""

    default_time_format = "%Y-%m-%d %H:%M:%S"
    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(area)s: %(text)s")

    def format(self, record: logging.LogRecord) -> str:
        record.levelname = record.levelname.lower()
        record.area = record.name.removeprefix("warden.")
        record.text = record.getMessage().translate(_CONTROL).replace("\n", "\\n")
        return super().format(record).translate(_CONTROL)


def set_up(verbose: bool = False) -> None:
    """Log to standard error from now on.  `verbose` tells debug messages of our own code, too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("warden").setLevel(logging.DEBUG if verbose else logging.INFO)


class Throttle:
    """Lets `rate` lines a second through, for events that a stranger can cause as often as they like."""

    def __init__(self, rate: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._left, self._at = rate, clock()
        self._held = 0

    def allows(self) -> bool:
        now = self._clock()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            self._held += 1
            return False
        self._left -= 1
        return True

    def held(self) -> int:
        """How many were held back since the last asking."""
        held, self._held = self._held, 0
        return held
