"""The values that the store takes and gives; times are wall-clock seconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pbx.switch.events import CallView


@dataclass(frozen=True, slots=True)
class Change:
    """What an import did.  Things are named "site", "extension 1001", "trunk trusted".

    `revision` is None when nothing changed.  `passwords` maps the number of each new extension that came
    without a password to the one generated for it: the only time it is told.
    """

    revision: int | None
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    passwords: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True, slots=True)
class ExtensionRow:
    """An extension as lists show it."""

    number: str
    name: str
    created: float
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a revision changed.

    `kind` is "site", "extension", "trunk" or "route", `key` its number or name ("" for the site).  `before`
    and `after` hold its fields, None = it was not there.  Passwords are never among them; `password` says
    that it was set or changed.
    """

    kind: str
    key: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    password: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved change of the configuration.  `undoes` names the revision that this one took back."""

    id: int
    at: float
    who: str
    why: str
    differences: tuple[Difference, ...]
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who signs in to the console.  `role`: "admin"."""

    username: str
    role: str
    password_hash: str = field(repr=False)
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which call records to list, newest first.

    `number`: a party of the call or what was dialled.  `cause`: a `Cause.slug`.  `since` <= started <
    `until`.  `text`: part of a name or number, any case.  `cursor`: `Page.next` of the page before.  `limit`:
    1 to 500.
    """

    number: str | None = None
    cause: str | None = None
    since: float | None = None
    until: float | None = None
    text: str | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some call records, and the cursor of the next ones (None = no more)."""

    items: tuple[CallView, ...]
    next: str | None = None
