"""The WSGI application: every route in one table, each method with who may call it."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import falcon
from peewee import PeeweeException

from pbx.api import problems
from pbx.api.auth import Sessions, Tokens
from pbx.api.guard import Access, Guard, Roles
from pbx.api.problems import FieldError, Problem
from pbx.api.resources import extensions, live, records, security, sessions, setup, system, trace
from pbx.api.services import Services
from pbx.api.static import Dashboard
from pbx.config import ConfigError
from pbx.store import ClaimRefused, Conflict, NotFound, StoreError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
App = falcon.App[falcon.Request, falcon.Response]
PUBLIC, OPTIONAL, MACHINE, ADMIN = Access.PUBLIC, Access.OPTIONAL, Access.MACHINE, Access.ADMIN


class Route(NamedTuple):
    path: str
    resource: object
    methods: Mapping[str, Access]


def routes(services: Services, signing: Sessions) -> tuple[Route, ...]:
    return (
        Route("/api/setup", setup.Setup(services), {"GET": PUBLIC}),
        Route("/api/setup/claim", setup.Claim(services, signing), {"POST": PUBLIC}),
        Route("/api/auth/sign-in", sessions.SignIn(signing), {"POST": PUBLIC}),
        Route("/api/auth/refresh", sessions.Refresh(signing), {"POST": PUBLIC}),
        Route("/api/auth/sign-out", sessions.SignOut(signing), {"POST": PUBLIC}),
        Route("/api/auth/me", sessions.Me(), {"GET": ADMIN}),
        Route("/api/extensions", extensions.Extensions(services), {"GET": ADMIN, "POST": ADMIN}),
        Route("/api/extensions/{number}", extensions.Extension(services),
              {"GET": ADMIN, "PATCH": ADMIN, "DELETE": ADMIN}),
        Route("/api/extensions/{number}/password", extensions.Password(services), {"POST": ADMIN}),
        Route("/api/revisions", extensions.Revisions(services), {"GET": ADMIN}),
        Route("/api/revisions/{revision:int(min=1, max=2147483647)}/undo", extensions.Undo(services),
              {"POST": ADMIN}),
        Route("/api/phones", live.Phones(services), {"GET": ADMIN}),
        Route("/api/trunks", live.Trunks(services), {"GET": ADMIN}),
        Route("/api/security/bans", security.Bans(services), {"GET": ADMIN, "DELETE": ADMIN}),
        Route("/api/security/refusals", security.Refusals(services), {"GET": ADMIN}),
        Route("/api/calls", live.Calls(services), {"GET": ADMIN}),
        Route("/api/calls/{call}", live.Call(services), {"DELETE": ADMIN}),
        Route("/api/calls/{call}/trace", trace.Ladder(services), {"GET": ADMIN}),
        Route("/api/calls/{call}/trace.txt", trace.Text(services), {"GET": ADMIN}),
        Route("/api/calls/{call}/trace.pcap", trace.Capture(services), {"GET": ADMIN}),
        Route("/api/events", live.Events(services), {"GET": ADMIN}),
        Route("/api/records", records.Records(services), {"GET": ADMIN}),
        Route("/api/records/{call}", records.Record(services), {"GET": ADMIN}),
        Route("/api/health", system.Health(services), {"GET": OPTIONAL}),
        Route("/api/site", system.Site(services), {"GET": ADMIN}),
        Route("/metrics", system.Metrics(services), {"GET": MACHINE}),
    )


def make_app(services: Services) -> App:
    """The application.  Raises ValueError when a route's table and its resource disagree.

    Call it where `services.offload` works already: the signing key is read from the store.
    """
    tokens = Tokens(services.offload.store(services.store.secret, "access-token"), services.clock)
    table = routes(services, Sessions(services, tokens))
    app = falcon.App(middleware=[Guard(services, tokens, roles(table))])
    app.resp_options.media_handlers = falcon.media.Handlers({
        kind: falcon.media.JSONHandler(dumps=partial(json.dumps, separators=(",", ":")))
        for kind in (falcon.MEDIA_JSON, problems.MEDIA_TYPE)
    })
    for path, resource, methods in table:
        if "GET" in methods:  # so HEAD is the same (RFC 9110 §9.3.2); Falcon leaves the content out
            setattr(resource, "on_head", getattr(resource, "on_get"))  # noqa: B009, B010
        app.add_route(path, resource)
    app.add_sink(Dashboard(services.dashboard), "/")
    _add_error_handlers(app)
    return app


def roles(table: tuple[Route, ...]) -> Roles:
    """Who may call what.  A method without a role, or a role without a method, is our bug: ValueError."""
    found: dict[tuple[str, str], Access] = {}
    for path, resource, methods in table:
        offered = {method for method in METHODS if hasattr(resource, f"on_{method.lower()}")}
        for method in sorted(offered ^ methods.keys()):
            missing = "role" if method in offered else "responder"
            raise ValueError(f"{method} {path} has no {missing}")
        found |= {(path, method): Access(access) for method, access in methods.items()}
    return found


def _add_error_handlers(app: App) -> None:
    app.add_error_handler(Exception, problems.on_defect)
    app.add_error_handler(falcon.HTTPError, problems.on_http_error)
    app.add_error_handler(Problem, problems.on_problem)
    for kind, translate in (
        (ConfigError, _wrong_values),
        (NotFound, lambda error: Problem(404, _sentence(error))),
        (Conflict, lambda error: Problem(409, _sentence(error))),
        (ClaimRefused, lambda error: Problem(409 if error.claimed else 403, _sentence(error))),
        (StoreError, lambda error: Problem(503, _sentence(error))),
        (PeeweeException, _database_failed),
    ):
        app.add_error_handler(kind, _translated(translate))


def _translated(translate: Any) -> Any:
    def handle(request: falcon.Request, response: falcon.Response, error: Exception, params: Any) -> None:
        problems.write(response, translate(error))

    return handle


def _sentence(error: Exception) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _wrong_values(error: ConfigError) -> Problem:
    return problems.wrong_fields(FieldError(one.path, one.message) for one in error.problems)


def _database_failed(error: PeeweeException) -> Problem:
    problems.log.error("the database failed: %s", error)
    return Problem(503, "The database could not be used, so nothing was saved. The health page says more.")
