"""Errors as RFC 9457 problem details: every refusal of the API is made and written here."""

import http
import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import falcon

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(NamedTuple):
    """What is wrong with one field of a request, and what was wanted."""

    field: str
    message: str


class Problem(Exception):
    """A refusal, told to the client as it stands: `detail` is a sentence for people."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def wrong_fields(errors: Iterable[FieldError]) -> Problem:
    """422: the request was understood, some of its values cannot be used."""
    errors = tuple(errors)
    detail = " ".join(f"{error.field}: {error.message.rstrip('.')}." for error in errors)
    return Problem(422, detail, errors)


def unauthorised(detail: str = "Sign in first.", error: str = "") -> Problem:
    """401 with the challenge of RFC 6750 §3."""
    challenge = 'Bearer realm="warden"' + (f', error="{error}"' if error else "")
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})


def too_many(what: str, seconds: float) -> Problem:
    """429 with Retry-After in whole seconds; `what` says what there was too much of."""
    wait = max(1, math.ceil(seconds))
    return Problem(429, f"{what} Try again in {duration(wait)}.", headers={"Retry-After": str(wait)})


def duration(seconds: int) -> str:
    """A time in words, rounded up: "1 second", "4 minutes"."""
    count, unit = (seconds, "second") if seconds < 60 else (math.ceil(seconds / 60), "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def write(response: falcon.Response, problem: Problem) -> None:
    """The problem as the response: status, headers and body (RFC 9457 §3)."""
    document: dict[str, Any] = {
        "title": http.HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        document["errors"] = [error._asdict() for error in problem.errors]
    response.status = problem.status
    response.media = document
    response.content_type = MEDIA_TYPE
    for name, value in problem.headers.items():
        response.set_header(name, value)


_WORDS = {
    400: "The request could not be understood.",
    404: "There is nothing at this address.",
}


def on_problem(request: falcon.Request, response: falcon.Response, problem: Problem, params: Any) -> None:
    write(response, problem)


def on_http_error(
    request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, params: Any
) -> None:
    """Falcon's own refusals (unknown path …) in the same form."""
    headers = error.headers or {}
    detail = error.description or _WORDS.get(error.status_code, "The request was refused.")
    write(response, Problem(error.status_code, detail, headers=dict(headers)))


def on_defect(
    request: falcon.Request, response: falcon.Response, error: Exception, params: Any
) -> None:
    """Our own bug: the log gets the traceback (and the path without the query), the client a sentence."""
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    write(response, Problem(500, "This went wrong inside Warden. The log has the details."))
