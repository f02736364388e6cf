"""Request bodies and queries as dataclasses: read strictly, all errors at once, each naming field and fix.

A field's check takes what was sent and returns the value to keep, or raises ValueError saying what is wanted.
It is one of `pbx.config.validators` wherever the YAML import knows the same field, so both say the same.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, TypeVar

import falcon

from pbx.api.problems import FieldError, Problem, wrong_fields
from pbx.config import validators
from pbx.switch.causes import Cause

LARGEST_BODY = 64 * 1024
LATEST = 253402300799.0
"""The last second of the year 9999: what `datetime` and people's calendars end at."""

T = TypeVar("T")


def checked(check: Callable[[object], Any], default: Any = MISSING) -> Any:
    """A dataclass field that `check` reads; without a default it must be given."""
    return dataclass_field(default=default, metadata={"check": check})


# --- reading ------------------------------------------------------------------------------------------------


def body(request: falcon.Request, kind: type[T]) -> T:
    """The JSON body as `kind`.  Raises Problem: 411, 413, 415, 400 or 422."""
    if (request.content_type or "").partition(";")[0].strip().lower() != falcon.MEDIA_JSON:
        raise Problem(415, "The body must be JSON: send it with Content-Type: application/json.")
    raw = _raw(request)
    try:
        document = json.loads(raw or b"{}", object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Problem(400, f"The body is not JSON: {reason}.") from None
    if not isinstance(document, dict):
        raise Problem(422, 'The body must be a JSON object, like {"name": "Anna Adams"}.')
    return read(document, kind)


def no_body(request: falcon.Request) -> None:
    """For requests that say everything in their path: nothing, or an empty JSON object."""
    if request.content_length:
        body(request, Nothing)


def query(request: falcon.Request, kind: type[T]) -> T:
    """The query parameters as `kind`.  An empty one counts as not given.  Raises Problem 422."""
    given = {name: value for name, value in request.params.items() if value != ""}
    twice = [FieldError(name, "is given more than once; wanted one value") for name in given
             if isinstance(given[name], list)]
    if twice:
        raise wrong_fields(twice)
    return read(given, kind)


def read(given: Mapping[str, object], kind: type[T]) -> T:
    """Checks every field of the dataclass `kind`.  Raises Problem 422 with all errors."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    errors = [FieldError(name[:60], _unknown(name, known)) for name in given if name not in known]
    values = {}
    for name, field in known.items():
        try:
            values[name] = _value(given, field)
        except ValueError as error:
            errors.append(FieldError(name, str(error)))
    if errors:
        raise wrong_fields(errors)
    return kind(**values)


def _value(given: Mapping[str, object], field: Field[Any]) -> Any:
    value = given.get(field.name)
    if value is None and field.default is not MISSING:
        return field.default
    if field.name not in given:
        raise ValueError("is missing")
    if isinstance(value, str) and not value.isascii():
        _unicode(value)
    return field.metadata["check"](value)


def _raw(request: falcon.Request) -> bytes:
    if request.get_header("Transfer-Encoding"):
        raise Problem(411, "Send the body with a Content-Length.")
    length = request.content_length or 0
    if length > LARGEST_BODY:
        raise too_large()
    raw: bytes = request.bounded_stream.read(length)
    return raw


def too_large() -> Problem:
    return Problem(413, f"The body is too large; wanted at most {LARGEST_BODY // 1024} KiB.")


def _unknown(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, 1, cutoff=0.75)
    if near:
        return f"is not known here; did you mean {near[0]}?"
    return f"is not known here; wanted {', '.join(known)}" if known else "is not known here; wanted none"


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name is given twice")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _unicode(value: str) -> None:
    """JSON can spell half a surrogate pair, which no database takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("has a broken character; wanted Unicode text") from None


# --- checks of what only the API knows ----------------------------------------------------------------------


def short_text(value: object) -> str:
    """Text to look something up by: 1 to 128 printable characters."""
    words = validators.text(value)
    if not 1 <= len(words) <= 128 or not words.isprintable():
        raise ValueError("wanted 1 to 128 printable characters")
    return words


def typed_password(value: object) -> str:
    """A password as somebody typed it: any, as long as bcrypt could know it."""
    secret = validators.text(value)
    if not 1 <= len(secret) <= 1024:
        raise ValueError("wanted a password")
    return secret


def instant(value: object) -> float:
    """A time: seconds since 1970, or ISO 8601 ("2026-11-25T14:00+01:00"; without an offset it is UTC)."""
    given = validators.text(value).strip()
    try:
        seconds = float(given)
    except ValueError:
        seconds = _iso8601(given)
    if not (math.isfinite(seconds) and 0.0 <= seconds <= LATEST):
        raise ValueError("is out of range; wanted a time from 1970 on")
    return seconds


def _iso8601(given: str) -> float:
    try:
        # "+" in a query that was not percent-encoded arrives as a space.
        moment = datetime.fromisoformat(given.replace(" ", "+") if "T" in given else given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("wanted a time: seconds since 1970, or like 2026-11-25T14:00:00Z") from None


def cause(value: object) -> str:
    slugs = [one.slug for one in Cause]
    if value not in slugs:
        raise ValueError(f"is not a cause; wanted one of {', '.join(slugs)}")
    return str(value)


def limit(value: object) -> int:
    given = validators.text(value)
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= 500):
        raise ValueError("wanted a whole number from 1 to 500")
    return int(given)


# --- the shapes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty object."""


@dataclass(frozen=True, slots=True)
class Claim:
    code: str = checked(short_text)
    username: str = checked(validators.username)
    password: str = checked(validators.console_password)


@dataclass(frozen=True, slots=True)
class SignIn:
    username: str = checked(short_text)
    password: str = checked(typed_password)


@dataclass(frozen=True, slots=True)
class NewExtension:
    number: str = checked(validators.number)
    name: str = checked(validators.name)
    password: str | None = checked(validators.phone_password, default=None)


@dataclass(frozen=True, slots=True)
class Rename:
    name: str = checked(validators.name)


@dataclass(frozen=True, slots=True)
class Records:
    """Which call records; see `pbx.store.RecordFilter`."""

    number: str | None = checked(short_text, default=None)
    cause: str | None = checked(cause, default=None)
    since: float | None = checked(instant, default=None)
    until: float | None = checked(instant, default=None)
    text: str | None = checked(short_text, default=None)
    cursor: str | None = checked(short_text, default=None)
    limit: int = checked(limit, default=50)


@dataclass(frozen=True, slots=True)
class Revisions:
    limit: int = checked(limit, default=50)
