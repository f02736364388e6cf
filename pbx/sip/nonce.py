"""Nonces that need no memory until they are used, and the memory that refuses a replay (RFC 7616 §3.3,
§5.12)."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from hmac import compare_digest
from random import Random

_TIME, _SERIAL, _MAC = 12, 8, 32


class Nonces:
    """A nonce is the time of issue, a serial number, and a keyed hash of both with the host it was issued to.

    So a nonce proves that its holder receives at that host: nobody fails, or is banned, from a forged source.
    Only a nonce that came with the right digest is remembered, so strangers cannot fill the table.
    """

    __slots__ = ("_floor", "_key", "_max", "_serial", "_spent", "_ttl", "changed")

    def __init__(self, random: Random, ttl: float, max_spent: int) -> None:
        self._key = random.getrandbits(256).to_bytes(32, "big")
        # What whoever takes over must know: nonces, and how often each was used; 0 = forgotten
        self.changed: list[tuple[str, int]] = []
        self._ttl, self._max = ttl, max_spent
        self._serial = random.getrandbits(31)
        self._spent: OrderedDict[str, int] = OrderedDict()
        # Nonces issued before this are stale: set when the table had to forget one that was still good.
        self._floor = float("-inf")

    def __len__(self) -> int:
        return len(self._spent)

    @property
    def key(self) -> str:
        """The secret that our nonces are made with, in hexadecimal."""
        return self._key.hex()

    def adopt(self, key: str, spent: dict[str, int]) -> None:
        """Go on with the nonces of a process that is gone."""
        self._key = bytes.fromhex(key)
        self._spent.update(sorted(spent.items(), key=lambda item: _issued(item[0])))

    def issue(self, host: str, realm: str, now: float) -> str:
        self._serial = (self._serial + 1) % 2**32
        stamp = f"{int(now * 1000):0{_TIME}x}{self._serial:0{_SERIAL}x}"
        return stamp + self._mac(stamp, host, realm)

    def is_good(self, nonce: str, host: str, realm: str, now: float) -> bool:
        """Whether we issued it to this host for this realm, not longer than the ttl ago."""
        return self.is_ours(nonce, host, realm) and self.is_fresh(nonce, now)

    def is_ours(self, nonce: str, host: str, realm: str) -> bool:
        """Whether we issued it to this host for this realm, however long ago."""
        stamp, mac = nonce[: _TIME + _SERIAL], nonce[_TIME + _SERIAL :]
        return len(mac) == _MAC and compare_digest(
            mac.encode("utf-8", "replace"), self._mac(stamp, host, realm).encode()
        )

    def is_fresh(self, nonce: str, now: float) -> bool:
        """Whether one of ours is not older than the ttl."""
        issued = _issued(nonce)
        return now - self._ttl <= issued and issued >= self._floor

    def spend(self, nonce: str, count: int, now: float) -> bool:
        """Use a good nonce for the `count`-th time; False if that count, or a later one, was used already."""
        if count <= self._spent.get(nonce, 0):
            return False
        self._spent[nonce] = count
        self.changed.append((nonce, count))
        while self._spent and (
            _issued(first := next(iter(self._spent))) < now - self._ttl or len(self) > self._max
        ):
            del self._spent[first]
            self.changed.append((first, 0))
            # A forgotten nonce could be replayed, so all that are as old as it are stale from here on.
            self._floor = max(self._floor, _issued(first) + 0.001)
        return True

    def _mac(self, stamp: str, host: str, realm: str) -> str:
        text = f"{stamp}\n{host}\n{realm}".encode("utf-8", "replace")
        return blake2b(text, key=self._key, digest_size=_MAC // 2).hexdigest()


def _issued(nonce: str) -> float:
    return int(nonce[:_TIME], 16) / 1000
