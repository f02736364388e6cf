"""First run: whether the office has an administrator, and making the first one with the one-time code."""

import hmac

import falcon

from pbx.api import passwords, schema
from pbx.api.auth import Sessions
from pbx.api.problems import Problem, too_many
from pbx.api.resources.sessions import answer_with
from pbx.api.services import Services
from pbx.store import Lockout

WRONG_CODES = 5
SECONDS = 600.0
CLAIMED = "This office has been claimed already. Sign in instead."


class Setup:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        store, offload = self._services.store, self._services.offload
        response.media = {
            "claimed": offload.store(store.claimed),
            "name": offload.store(store.site).name,
            "version": self._services.version,
        }


class Claim:
    """The fifth wrong code locks its address out for ten minutes; somebody elsewhere can still claim."""

    def __init__(self, services: Services, sessions: Sessions) -> None:
        self._services = services
        self._sessions = sessions
        self._lockout = Lockout(free=WRONG_CODES - 1, first=SECONDS, longest=SECONDS, forget=SECONDS)

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        services, wanted = self._services, schema.body(request, schema.Claim)
        self._check(wanted.code, request.remote_addr)
        password_hash = services.offload.cpu(passwords.hashed, wanted.password)
        user = services.offload.store(services.store.claim, wanted.code, wanted.username, password_hash)
        answer_with(self._sessions.open(user), request, response)
        response.status = falcon.HTTP_201

    def _check(self, code: str, address: str) -> None:
        """Before the costly hash; the store checks again, and lets one of two at the same time through."""
        services, now = self._services, self._services.monotonic()
        wait = self._lockout.wait(address, now)
        if wait:
            raise too_many("Too many wrong codes from your address.", wait)
        self._lockout.failed(address, now)
        code_now = services.offload.store(services.store.claim_code)
        if code_now is None:
            self._lockout.succeeded(address)
            raise Problem(409, CLAIMED)
        if not hmac.compare_digest(_normal(code), _normal(code_now)):
            raise Problem(403, "The code is wrong. It is printed where Warden was started.")
        self._lockout.succeeded(address)


def _normal(code: str) -> bytes:
    return "".join(code.split()).replace("-", "").upper().encode()
