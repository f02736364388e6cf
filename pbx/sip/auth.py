"""Digest authentication of requests (RFC 7616, RFC 8760, RFC 3261 §22): challenge, check, and the price of
failure.

We are the UAS and the registrar, so it is 401 with WWW-Authenticate for every method (§22.2), never 407.

An unknown account is treated exactly as a wrong password, and the digest `uri` must mean the Request-URI: the
same user part, unless it has none (SIPp, and phones that write their registrar there), so that a digest made
for one number does not pay for a call to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import md5, sha256
from hmac import compare_digest
from random import Random
from typing import NamedTuple

from pbx.directory import Account, Directory
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.headers import Auth
from pbx.sip.inspect import Headers
from pbx.sip.lockout import Lockout
from pbx.sip.message import Request
from pbx.sip.nonce import Nonces
from pbx.sip.settings import Settings
from pbx.sip.uri import Uri, aor

ALGORITHMS = ("MD5", "SHA-256")
"""The order of our challenges, one header each.

RFC 8760 §2.4 has a client take the topmost that it supports, so the strongest should come first.  Real peers
decide otherwise (tried on 127.0.0.0/8): SIPp 3.6.1 reads only the first header and gives up unless it says
MD5.  A client of RFC 7616 that prefers the strongest finds SHA-256 in either order.
"""

_ONLY_MD5 = ("baresip v0.", "baresip v1.", "baresip v2.")
"""User agents that give up a challenge when *any* header of it names another algorithm, whatever the order
(baresip 1.0.0: "Function not implemented").  They are offered MD5 alone; whoever forges this name weakens
only itself.

So are browsers' pages, told by the Via of RFC 7118, for they name themselves as they like: JsSIP 3.13 keeps
only the last header and gives up when that is not MD5.  Its words go over TLS."""

_PAGES = ("WS", "WSS")

LONGEST_NAME = 128
"""Characters of a claimed account that are looked at, and remembered when it failed."""


class Outcome(Enum):
    """Granted; a 401 is due at once; a 401 is due after `Verdict.delay`; a 403, for there is a ban."""

    GRANTED = "granted"
    CHALLENGE = "challenge"
    WRONG = "wrong"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`username` as the peer wrote it.  `delay` and `banned` are seconds; `new_ban`: it begins now.
    `proven`: what we sent to this host once was received there, so its address is not forged."""

    outcome: Outcome
    account: Account | None = None
    username: str = ""
    stale: bool = False
    delay: float = 0.0
    banned: float = 0.0
    new_ban: bool = False
    proven: bool = True


class Credentials(NamedTuple):
    """The Digest parameters that we need, checked for form."""

    username: str
    algorithm: str
    nonce: str
    uri: str
    nc: str
    cnonce: str
    response: str


class Authenticator:
    """Checks requests against a directory, given anew each time.  `host` is the request's source address."""

    __slots__ = ("_dummy", "lockout", "nonces")

    def __init__(self, settings: Settings, random: Random) -> None:
        self.nonces = Nonces(random, settings.nonce_ttl, settings.max_nonces)
        self.lockout = Lockout(settings.max_suspects)
        self._dummy = f"{random.getrandbits(128):032x}"

    def challenge(self, request: Request, realm: str, host: str, now: float, stale: bool = False) -> Headers:
        """The WWW-Authenticate headers of a 401 to `request`, one for each algorithm (RFC 8760 §2.3)."""
        nonce = self.nonces.issue(host, realm, now)
        stale_param = "stale=true, " if stale else ""
        agent = (request.get("User-Agent") or "").lower()
        alone = agent.startswith(_ONLY_MD5) or request.via.transport in _PAGES
        algorithms = ALGORITHMS[:1] if alone else ALGORITHMS
        return tuple(
            (
                "WWW-Authenticate",
                f'Digest realm="{realm}", nonce="{nonce}", {stale_param}algorithm={algorithm}, qop="auth"',
            )
            for algorithm in algorithms
        )

    def check(self, request: Request, host: str, directory: Directory, now: float) -> Verdict:
        """Who sent `request`.  RemoteProtocolError(400) when the credentials are malformed."""
        credentials = _credentials(request, directory.domain)
        if credentials is None:
            return Verdict(Outcome.CHALLENGE, proven=False)
        name = credentials.username[:LONGEST_NAME]
        proven = self.nonces.is_ours(credentials.nonce, host, directory.domain)
        if not proven or not self.nonces.is_fresh(credentials.nonce, now):
            return Verdict(Outcome.CHALLENGE, username=name, stale=True, proven=proven)
        if banned := self.lockout.banned_for(host, name, now):
            return Verdict(Outcome.BANNED, username=name, banned=banned)
        account = directory.accounts.get(name)
        ha1 = account.ha1.get(credentials.algorithm) if account is not None else None
        expected = _digest(credentials, ha1 or self._dummy, request.method)
        right = compare_digest(expected, credentials.response.encode())
        if account is None or ha1 is None or not right:
            penalty = self.lockout.failed(host, name, now)
            outcome = Outcome.BANNED if penalty.banned else Outcome.WRONG
            return Verdict(outcome, None, name, False, penalty.delay, penalty.banned, bool(penalty.banned))
        if not self.nonces.spend(credentials.nonce, int(credentials.nc, 16), now):
            return Verdict(Outcome.CHALLENGE, username=name, stale=True)
        self.lockout.succeeded(host, name)
        return Verdict(Outcome.GRANTED, account, name)


def _credentials(request: Request, realm: str) -> Credentials | None:
    """Those for our realm, in an algorithm that we offer; None if there are none."""
    for text in request.all("Authorization"):
        auth = Auth.parse(text)
        algorithm = auth.get("algorithm", "MD5").upper()
        if not auth.is_digest or auth.get("realm") != realm or algorithm not in ALGORITHMS:
            continue
        found = Credentials(
            auth.get("username"), algorithm, auth.get("nonce"), auth.get("uri"),
            auth.get("nc"), auth.get("cnonce"), auth.get("response").lower(),
        )  # fmt: skip
        if auth.get("qop").lower() != "auth" or not found.cnonce or not _is_count(found.nc):
            raise RemoteProtocolError(400, "Digest Without qop=auth, nc or cnonce")
        if not _same_target(found.uri, request.uri):
            raise RemoteProtocolError(400, "Digest URI Mismatch")
        return found
    return None


def _is_count(nc: str) -> bool:
    return len(nc) == 8 and all(digit in "0123456789abcdefABCDEF" for digit in nc)


def _same_target(digest_uri: str, request_uri: Uri) -> bool:
    if digest_uri == str(request_uri):
        return True
    claimed = aor(Uri.parse(digest_uri))
    return not claimed or claimed == aor(request_uri)


def _digest(credentials: Credentials, ha1: str, method: str) -> bytes:
    """The `response` that the holder of `ha1` computes (RFC 7616 §3.4.1), in ASCII."""

    def h(text: str) -> str:
        data = text.encode("utf-8", "surrogateescape")
        return (
            md5(data, usedforsecurity=False).hexdigest()
            if credentials.algorithm == "MD5"
            else sha256(data).hexdigest()
        )

    ha2 = h(f"{method}:{credentials.uri}")
    return h(f"{ha1}:{credentials.nonce}:{credentials.nc}:{credentials.cnonce}:auth:{ha2}").encode()
