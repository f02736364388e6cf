"""Tags, branches and Call-IDs: unguessable, and our own branches known again (RFC 3261 §8.1.1, §19.3)."""

from __future__ import annotations

from hashlib import blake2b
from random import Random

from pbx.sip.message import Request

MAGIC_COOKIE = "z9hG4bK"
"""How the branch of an RFC 3261 peer begins (§8.1.1.7)."""


class Identifiers:
    """`domain` is the host part of Call-IDs."""

    __slots__ = ("_bits", "_domain", "_key", "_mark")

    def __init__(self, random: Random, domain: str) -> None:
        self._bits = random.getrandbits
        self._domain = domain
        self._key = random.getrandbits(256).to_bytes(32, "big")
        self._mark = f"{MAGIC_COOKIE}{random.getrandbits(32):08x}"

    def tag(self) -> str:
        return f"{self._bits(64):016x}"

    def branch(self) -> str:
        return f"{self._mark}{self._bits(64):016x}"

    def call_id(self) -> str:
        return f"{self._bits(96):024x}@{self._domain}"

    def is_ours(self, branch: str | None) -> bool:
        """Whether this stack made the branch: the mark of a loop (§16.3).

        It tells more than the sent-by address, which somebody behind another NAT may have too.
        """
        return branch is not None and branch.startswith(self._mark)

    def stateless_tag(self, request: Request) -> str:
        """A To tag that is the same for every retransmission of `request` (§8.2.7)."""
        names = ("Call-ID", "From", "CSeq")
        seed = "\n".join([request.via.branch or "", *[request.get(name) or "" for name in names]])
        return blake2b(seed.encode("utf-8", "replace"), key=self._key, digest_size=8).hexdigest()
