"""What strangers may cost us: purses for each host, and words by which scanners are known.

A challenge takes a coin out of its host's purse, the right credentials put it back; so who proves itself
never notices, and who only asks, or answers wrongly without end, is soon not answered any more.  A host whose
request shows a nonce that it got from us pays out of a second purse: whoever forges its address cannot empty
that one, so phones that are here already stay here.

A purse must hold what a whole office asks for in the moment after a restart, when all its phones come back at
once; how many live at an address, perhaps behind one NAT, the registrar knows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

NEAR = 2_000.0, 50.0
"""For a host of our own network: coins at first, and coins that come back each second.  What they buy is next
to no work, and many phones behind a router that we never saw before get their challenges at once."""
FAR = 40.0, 2.0
"""For all others: enough for a small office behind one address, too little to search for passwords."""
PHONE = 8.0, 0.2
"""On top for each phone that is registered from there: it comes back with its lamps, and repeats itself."""

MOST = 10_000
"""Purses kept; the one unused for longest is forgotten first."""

SCANNERS = (
    "friendly-scanner", "sipvicious", "sipcli", "sundayddr", "sip-scan", "vaxsipuseragent", "pplsip",
    "smap", "iwar", "sipptk", "eyebeam release 3006o", "gulp",
)  # fmt: skip
"""User agents of programs that look for open PBXes, as the field's block lists name them."""


class Purses:
    """Two for each host, full in the beginning: one for what may be forged, one for what is proven."""

    __slots__ = ("_phones", "_purses")

    def __init__(self, phones: Callable[[str], int]) -> None:
        """`phones(host)` says how many are registered from there."""
        self._phones = phones
        # Coins, and when they were counted
        self._purses: OrderedDict[tuple[str, bool], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._purses)

    def take(self, host: str, now: float, proven: bool = False) -> bool:
        """A coin, if there is one left."""
        key = host, proven
        most, rate = self._size(host)
        coins, since = self._purses.pop(key, (most, now))
        coins = min(most, coins + (now - since) * rate)
        paid = coins >= 1.0
        self._purses[key] = coins - 1.0 if paid else coins, now
        if len(self._purses) > MOST:
            self._purses.popitem(last=False)
        return paid

    def give_back(self, host: str) -> None:
        """It has proven itself."""
        for key in ((host, False), (host, True)):
            purse = self._purses.get(key)
            if purse is not None:
                if purse[0] + 1.0 >= self._size(host)[0]:
                    del self._purses[key]
                else:
                    self._purses[key] = purse[0] + 1.0, purse[1]

    def _size(self, host: str) -> tuple[float, float]:
        most, rate = NEAR if is_near(host) else FAR
        phones = self._phones(host)
        return most + phones * PHONE[0], rate + phones * PHONE[1]


@lru_cache(4096)
def is_near(host: str) -> bool:
    """Whether it is an address of private networks: our own, as far as anybody can tell."""
    address = ip_address(host)
    return address.is_private or address.is_link_local


@lru_cache(1024)
def is_scanner(user_agent: str) -> bool:
    lower = user_agent.lower()
    return any(name in lower for name in SCANNERS)
