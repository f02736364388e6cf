"""What an earlier process of this boot left in the journal, read again."""

import logging
from collections.abc import Mapping

from pbx.net.journal import Journal
from pbx.sip.subscription import KeptSubscription
from pbx.switch.journal import BAN, CALL, NONCE, NONCES, SUBSCRIPTION
from pbx.switch.kept import Kept, KeptBan, KeptNonce
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


def adopt_nonces(left: Mapping[str, bytes], switch: Switch) -> None:
    """What phones were challenged with stays good, and what they used up stays used up."""
    spent, key = {}, ""
    for name, value in left.items():
        if name == NONCES:
            key = decode(value, KeptNonce).key
        elif name.startswith(NONCE):
            spent[name.removeprefix(NONCE)] = decode(value, KeptNonce).count
    switch.adopt_nonces(key, spent)


def adopt_bans(left: Mapping[str, bytes], switch: Switch, now: float) -> None:
    """A crash frees nobody."""
    switch.adopt_bans([decode(value, KeptBan) for key, value in left.items() if key.startswith(BAN)], now)


def adopt_subscriptions(journal: Journal, left: Mapping[str, bytes], switch: Switch, now: float) -> None:
    """Who had a lamp keeps it."""
    for key, value in left.items():
        if key.startswith(SUBSCRIPTION):
            try:
                switch.adopt_subscriptions([decode(value, KeptSubscription)], now)
            except Exception:
                log.exception("a subscription from before the restart cannot be taken up")
                journal.write([(key, None)])
