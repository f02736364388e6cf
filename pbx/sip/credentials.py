"""Credentials of ours: the answers to a peer's digest challenges (RFC 7616, RFC 8760, RFC 3261 §22.2,
§22.3)."""

from __future__ import annotations

from hashlib import md5, sha256
from random import Random

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.headers import Auth
from pbx.sip.message import Request, Response
from pbx.sip.views import Message

ALGORITHMS = ("SHA-256", "MD5")
"""Those that we know, the strongest first: of several challenges of a realm it is answered (RFC 8760
§2.4)."""

CHALLENGED = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
"""By status: where the challenge is, and where its answer goes."""

MAX_REALMS = 8

WRONG = "the user name or the password is wrong"
UNKNOWN = "it asks for a digest that we do not know"

Header = tuple[str, str]


class Nonce:
    """A challenge, and how often it was answered."""

    __slots__ = ("algorithm", "counts", "said", "used", "value")

    def __init__(self, auth: Auth, algorithm: str) -> None:
        self.said, self.algorithm = auth, algorithm
        self.value = auth.get("nonce")
        self.counts = bool(auth.get("qop"))
        self.used = 0


class Login:
    """A user name and a password at one peer, and the nonces that it gave us.

    `why` says in words why the last `answer` was none.
    """

    __slots__ = ("_nonces", "_password", "_random", "username", "why")

    def __init__(self, username: str, password: str, random: Random) -> None:
        self.username, self._password, self._random = username, password, random
        self._nonces: dict[tuple[str, str], Nonce] = {}  # by header and realm
        self.why = ""

    def ahead(self, method: str, uri: str) -> list[Header]:
        """Credentials for a request that nobody challenged yet (§22.3): saves it the round trip."""
        return [
            (header, self._credentials(nonce, realm, method, uri))
            for (header, realm), nonce in self._nonces.items()
            if nonce.counts
        ]

    def answer(self, request: Request, response: Response) -> list[Header]:
        """All credentials that `request` needs after a 401 or 407 to it; none when it is pointless to try
        again: then the peer has said that they are wrong, and it is never asked twice with the same."""
        where, header = CHALLENGED[response.status]
        challenges = _strongest(response, where)
        if not challenges:
            self.why = UNKNOWN
            return []
        carried = _carried(request, header)
        for realm, nonce in challenges.items():
            if realm in carried and _refused(carried[realm], nonce):
                self._nonces.pop((header, realm), None)
                self.why = WRONG
                return []
            self._note((header, realm), nonce)
        needed = {(name, realm) for _, name in CHALLENGED.values() for realm in _carried(request, name)}
        needed |= {(header, realm) for realm in challenges}
        return [
            (key[0], self._credentials(nonce, key[1], request.method, request.raw_uri))
            for key, nonce in self._nonces.items()
            if key in needed
        ]

    def _note(self, key: tuple[str, str], nonce: Nonce) -> None:
        self._nonces.pop(key, None)
        if len(self._nonces) >= MAX_REALMS:
            del self._nonces[next(iter(self._nonces))]
        self._nonces[key] = nonce

    def _credentials(self, nonce: Nonce, realm: str, method: str, uri: str) -> str:
        """RFC 7616 §3.4; without qop as RFC 2069 had it, for peers that old."""
        nonce.used += 1
        count, cnonce = f"{nonce.used:08x}", f"{self._random.getrandbits(64):016x}"
        ha1 = _h(nonce.algorithm, f"{self.username}:{realm}:{self._password}")
        ha2 = _h(nonce.algorithm, f"{method}:{uri}")
        middle = f"{nonce.value}:{count}:{cnonce}:auth" if nonce.counts else nonce.value
        params = [
            *(("username", self.username), ("realm", realm), ("nonce", nonce.value), ("uri", uri)),
            ("response", _h(nonce.algorithm, f"{ha1}:{middle}:{ha2}")),
        ]
        params += [(name, nonce.said.get(name)) for name in ("algorithm", "opaque") if nonce.said.get(name)]
        if nonce.counts:
            params += [("qop", "auth"), ("nc", count), ("cnonce", cnonce)]
        return str(Auth("Digest", tuple(params)))


def _strongest(response: Response, where: str) -> dict[str, Nonce]:
    """By realm the best challenge that we can answer."""
    found: dict[str, Nonce] = {}
    for auth in _parsed(response, where):
        algorithm = auth.get("algorithm", "MD5").upper()
        choices = [word.strip().lower() for word in auth.get("qop").split(",")]
        realm = auth.get("realm")
        sane = all(value.isprintable() for _, value in auth.params)  # we are to repeat it
        if not auth.is_digest or algorithm not in ALGORITHMS or not auth.get("nonce") or not sane:
            continue
        if choices != [""] and "auth" not in choices:
            continue
        best = found.get(realm)
        if best is None or ALGORITHMS.index(algorithm) < ALGORITHMS.index(best.algorithm):
            found[realm] = Nonce(auth, algorithm)
    return found


def _carried(request: Request, header: str) -> dict[str, Auth]:
    return {auth.get("realm"): auth for auth in _parsed(request, header)}


def _parsed(message: Message, name: str) -> list[Auth]:
    found = []
    for text in message.all(name):
        try:
            found.append(Auth.parse(text))
        except RemoteProtocolError:
            continue
    return found


def _refused(sent: Auth, nonce: Nonce) -> bool:
    """Whether `nonce`, the peer's answer to what we `sent`, says that the password is wrong.

    A nonce that we used before may have grown old, whether the peer says "stale" or not; one that it has just
    given us, and does not call stale, was answered wrongly.
    """
    if sent.get("nonce") == nonce.value:
        return True
    fresh = sent.get("nc", "00000001") == "00000001"
    return fresh and nonce.said.get("stale").lower() != "true"


def _h(algorithm: str, text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return (md5(data, usedforsecurity=False) if algorithm == "MD5" else sha256(data)).hexdigest()
