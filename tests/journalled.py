"""A world whose switch can be killed: what it wrote down survives, and another one takes over."""

import random

from pbx.features import catalogue
from pbx.sip.settings import Settings as SipSettings
from pbx.sip.subscription import KeptSubscription
from pbx.switch.desk import Settings
from pbx.switch.kept import Kept, KeptBan, KeptNonce
from pbx.switch.switch import Switch
from pbx.wire.codec import decode, encode
from pbx.wire.media import Ready
from tests.world import DOMAIN, WALL, World


class Journalled(World):
    """`journal` holds what is written, as bytes; `wall` never jumps."""

    def __init__(self, *numbers: str, **more: object) -> None:
        self.journal: dict[str, bytes] = {}
        self.lives = 1
        super().__init__(*numbers, **more)  # type: ignore[arg-type]
        self.switch.adopt_nonces("", {})

    @property
    def kept(self) -> list[str]:
        """The calls in the journal."""
        return [key for key in self.journal if key.startswith("call:")]

    def _perform(self) -> None:
        states = self.switch.outbox.states
        for key, value in states:
            if value is None:
                self.journal.pop(key, None)
            else:
                self.journal[key] = encode(value)
        states.clear()
        super()._perform()

    def kill(self, media_too: bool = False) -> None:
        """kill -9: what the switch had not said is never said; the heir is there at once."""
        self.lives += 1
        before, seeded = self.switch, random.Random(self.lives)
        settings = Settings(SipSettings(DOMAIN), rtp_first=10000, rtp_last=10099)
        wall = WALL + self.now - 1000.0
        directory = before._stack.directory
        self.switch = Switch(settings, directory, catalogue(), seeded, self.now, wall)
        self.switch.restore(before.phones(), self.now)
        left = self.journal.items()
        spent = {key[6:]: decode(value, KeptNonce).count for key, value in left if key.startswith("nonce:")}
        key = decode(self.journal["nonces"], KeptNonce).key
        self.switch.adopt_nonces(key, spent)
        bans = [decode(value, KeptBan) for name, value in left if name.startswith("ban:")]
        self.switch.adopt_bans(bans, self.now)
        for name, value in list(left):
            if name.startswith("call:"):
                self.switch.adopt([decode(value, Kept)], self.now)
            elif name.startswith("subscription:"):
                self.switch.adopt_subscriptions([decode(value, KeptSubscription)], self.now)
        if media_too:
            self.media.wanted.clear()
        served = tuple((want.call, want.generation) for want in self.media.wanted.values())
        self._perform()
        self.hear(Ready(1, self.lives, calls=served))


