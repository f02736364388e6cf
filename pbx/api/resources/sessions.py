"""Signing in and out: the access token goes to the script, the refresh token into a cookie it cannot read."""

import falcon

from pbx.api import schema
from pbx.api.auth import REFRESH_SECONDS, Session, Sessions
from pbx.api.problems import unauthorised

COOKIE = "warden_refresh"
PATH = "/api/auth"


class SignIn:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        given = schema.body(request, schema.SignIn)
        session = self._sessions.sign_in(given.username, given.password, request.remote_addr)
        answer_with(session, request, response)


class Refresh:
    """The cookie alone proves who asks, so another site's page must not be able to send this: no form can
    send the JSON content type, SameSite keeps the cookie at home, and the guard reads Sec-Fetch-Site."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        schema.body(request, schema.Nothing)
        token = _cookie(request)
        if token is None:
            raise unauthorised("Nobody is signed in here. Sign in first.")
        answer_with(self._sessions.renew(token), request, response)


class SignOut:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        schema.body(request, schema.Nothing)
        token = _cookie(request)
        if token is not None:
            self._sessions.close(token)
        response.unset_cookie(COOKIE, path=PATH, same_site="Strict")
        response.status = falcon.HTTP_204


class Me:
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        identity = request.context.identity
        response.media = {"username": identity.username, "role": identity.role}


def answer_with(session: Session, request: falcon.Request, response: falcon.Response) -> None:
    response.media = session.document()
    if session.refresh is None:
        return
    response.set_cookie(
        COOKIE, session.refresh, path=PATH, max_age=REFRESH_SECONDS, http_only=True, same_site="Strict",
        secure=request.scheme == "https",
    )


def _cookie(request: falcon.Request) -> str | None:
    values = request.get_cookie_values(COOKIE)
    return values[0] if values else None
