"""What an earlier process of this boot left in the journal, read again."""

import logging
from collections.abc import Mapping

from pbx.net.journal import Journal
from pbx.switch.journal import CALL
from pbx.switch.kept import Kept
from pbx.switch.switch import Switch
from pbx.wire.codec import decode

log = logging.getLogger("warden.server")


def adopt_calls(journal: Journal, left: Mapping[str, bytes], switch: Switch, now: float) -> None:
    """Go on with the calls in the journal.  One that cannot be understood is lost and said, not the start."""
    for key, value in left.items():
        if key.startswith(CALL):
            try:
                switch.adopt([decode(value, Kept)], now)
            except Exception:
                log.exception("a call from before the restart cannot be taken up")
                journal.write([(key, None)])
