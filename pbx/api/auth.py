"""Who is asking: access tokens (JWT, 10 minutes), rotating refresh tokens (14 days), sign-in and lock-out."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt
from peewee import PeeweeException

from pbx.api import passwords
from pbx.api.problems import Problem, log, too_many, unauthorised
from pbx.api.services import Services
from pbx.store import Lockout, TokenRefused, User

ACCESS_SECONDS = 600
REFRESH_SECONDS = 14 * 86400
FREE_TRIES = 5
"""Wrong passwords in a row before the first wait: people mistype, and try again at once."""

_ISSUER = "warden"
_ALGORITHM = "HS256"


class Identity(NamedTuple):
    """Who an access token speaks for, until `expires` (seconds since 1970)."""

    username: str
    role: str
    expires: float


class Session(NamedTuple):
    """A sign-in: what the client keeps in memory, and the refresh token for its cookie, if there is one."""

    user: User
    access: str
    refresh: str | None

    def document(self) -> dict[str, Any]:
        """The answer to the client; the refresh token is not in it, scripts must not see that one."""
        user = {"username": self.user.username, "role": self.user.role}
        return {"access_token": self.access, "expires_in": ACCESS_SECONDS, "user": user}


class Tokens:
    """Makes and reads access tokens.  `clock` gives seconds since 1970."""

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._key = key
        self._clock = clock

    def issue(self, username: str, role: str) -> str:
        now = int(self._clock())
        claims = {"iss": _ISSUER, "sub": username, "role": role, "iat": now, "exp": now + ACCESS_SECONDS}
        return jwt.encode(claims, self._key, _ALGORITHM)

    def read(self, token: str) -> Identity:
        """Raises Problem 401.  The expiry is checked here, on our clock: PyJWT would read its own."""
        try:
            claims = jwt.decode(
                token, self._key, [_ALGORITHM], issuer=_ISSUER,
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            raise unauthorised("The access token is not valid.", "invalid_token") from None
        if claims["exp"] <= self._clock():
            raise unauthorised("The access token has expired.", "invalid_token")
        return Identity(claims["sub"], str(claims.get("role", "")), float(claims["exp"]))


class Sessions:
    """Signs people in and out.  Every method may raise Problem."""

    def __init__(self, services: Services, tokens: Tokens) -> None:
        self._services = services
        self._tokens = tokens
        self._lockout = Lockout(free=FREE_TRIES - 1, first=5.0, longest=900.0)

    def sign_in(self, username: str, password: str, address: str) -> Session:
        """The failure is counted before the password is checked, and forgotten if it was right: guesses made
        at the same time get no further than guesses made one after the other."""
        services, username = self._services, username.strip().lower()
        key, now = (username, address), services.monotonic()
        wait = self._lockout.wait(key, now)
        if wait:
            raise too_many("Too many wrong passwords for this user name from your address.", wait)
        self._lockout.failed(key, now)
        user = services.offload.store(services.store.user, username)
        password_hash = user.password_hash if user else passwords.DECOY
        right = services.offload.cpu(passwords.matches, password, password_hash)
        if user is None or not right:
            services.telemetry.sign_in_failed()
            raise Problem(401, "The user name or the password is wrong.")
        self._lockout.succeeded(key)
        return self.open(user)

    def open(self, user: User) -> Session:
        """A new session for somebody who has just proved who they are.

        When the database takes nothing it lasts as long as its access token: who can set the disk right must
        get in to read what is wrong.
        """
        refresh, access = secrets.token_urlsafe(32), self._tokens.issue(user.username, user.role)
        store, expires = self._services.store, self._services.clock() + REFRESH_SECONDS
        try:
            self._services.offload.store(store.issue_token, user.username, _hashed(refresh), expires)
        except PeeweeException as error:
            log.error("%s signed in for %d s only: %s", user.username, ACCESS_SECONDS, error)
            return Session(user, access, None)
        return Session(user, access, refresh)

    def renew(self, refresh: str) -> Session:
        """The next tokens for a refresh token.  One that was used before signs its whole family out."""
        fresh = secrets.token_urlsafe(32)
        store, expires = self._services.store, self._services.clock() + REFRESH_SECONDS
        try:
            user = self._services.offload.store(store.rotate_token, _hashed(refresh), _hashed(fresh), expires)
        except TokenRefused:
            raise unauthorised("Your session has ended. Sign in again.", "invalid_token") from None
        return Session(user, self._tokens.issue(user.username, user.role), fresh)

    def close(self, refresh: str) -> None:
        self._services.offload.store(self._services.store.revoke_token, _hashed(refresh))


def _hashed(token: str) -> str:
    """Tokens have 256 bits of chance in them: a plain hash keeps a copied database from signing in."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
