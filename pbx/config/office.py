"""The whole office as one checked value, and how it is read from a plain document (of YAML or JSON)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from pbx.config import validators
from pbx.config.problems import ConfigError, Problem
from pbx.config.trunks import RouteConfig, TrunkConfig, read_route, read_trunk

_Item = TypeVar("_Item")
_Check = Callable[[object], str]
_SITE_NAME = "Office"
_MANY = 100


@dataclass(frozen=True, slots=True)
class Site:
    """The SIP domain (host name or IP address; also the digest realm) and what the office is called."""

    domain: str
    name: str = _SITE_NAME


@dataclass(frozen=True, slots=True)
class ExtensionConfig:
    """A number, whose it is, and its phone's password (None = keep the one there is, or make one).

    `outside` is the number that carriers show for it, "" = the trunk's.
    """

    number: str
    name: str
    password: str | None = field(default=None, repr=False)
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """Everything configured.  `site` None = the document does not say; what there is stays."""

    site: Site | None = None
    extensions: tuple[ExtensionConfig, ...] = ()
    trunks: tuple[TrunkConfig, ...] = ()
    routes: tuple[RouteConfig, ...] = ()


def read(document: object, allow_weak: bool = False) -> Office:
    """Checks everything, then gives the office.  Raises ConfigError with all problems.

    `allow_weak` takes phone passwords that are easy to guess.
    """
    reader = Reader()
    top = reader.mapping(document, "", ("site", "extensions", "trunks", "routes")) or {}
    site = reader.site(top["site"]) if top.get("site") is not None else None
    read_extension = partial(reader.extension, allow_weak=allow_weak)
    extensions = reader.items(top.get("extensions"), "extensions", read_extension)
    trunks = reader.items(top.get("trunks"), "trunks", partial(read_trunk, reader))
    routes = reader.items(top.get("routes"), "routes", partial(read_route, reader))
    if reader.problems:
        raise ConfigError(reader.problems)
    whole = tuple(filter(None, extensions)), tuple(filter(None, trunks)), tuple(filter(None, routes))
    return Office(site, *whole)


class Reader:
    """Walks a document, collecting problems; a value that has one reads as None."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._owners: dict[tuple[str, str, str], str] = {}

    def problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))
        if len(self.problems) >= _MANY:
            raise ConfigError([*self.problems, Problem("", f"only the first {_MANY} problems are shown")])

    def mapping(self, value: object, path: str, known: tuple[str, ...]) -> Mapping[str, object] | None:
        """The mapping with its known keys only; the others are problems."""
        if not isinstance(value, Mapping):
            subject = "" if path else "the document "
            self.problem(path, f"{subject}is {_kind(value)}; wanted the keys {', '.join(known)}")
            return None
        for key in value:
            if key not in known:
                near = get_close_matches(str(key)[:40].lower(), known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"the known keys are {', '.join(known)}"
                self.problem(_join(path, _shown(key)), f"is not a known key; {hint}")
        return {key: value[key] for key in known if key in value}

    def items(
        self, value: object, path: str, read_item: Callable[[object, str], _Item | None]
    ) -> list[_Item | None]:
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.problem(path, f"is {_kind(value)}; wanted a list")
            return []
        return [read_item(item, f"{path}[{index}]") for index, item in enumerate(value)]

    def field(
        self, item: Mapping[str, object], path: str, key: str, check: _Check, default: str = ""
    ) -> str | None:
        """The checked value; `default` if the key is missing, which is a problem when there is none."""
        if key not in item:
            if not default:
                self.problem(_join(path, key), "is missing")
            return default
        try:
            return check(item[key])
        except ValueError as error:
            self.problem(_join(path, key), str(error))
            return None

    def unique(self, item: Mapping[str, object], path: str, key: str, check: _Check) -> str | None:
        """The checked value, which no other item of the list may have."""
        value = self.field(item, path, key, check)
        if value:
            owner = self._owners.setdefault((path.partition("[")[0], key, value), path)
            if owner != path:
                self.problem(f"{path}.{key}", f"{value!r} is the {key} of {owner} too")
        return value

    def site(self, value: object) -> Site | None:
        item = self.mapping(value, "site", ("domain", "name"))
        if item is None:
            return None
        domain = self.field(item, "site", "domain", validators.domain)
        name = self.field(item, "site", "name", validators.name, _SITE_NAME)
        return Site(domain, name) if domain and name else None

    def extension(self, value: object, path: str, allow_weak: bool) -> ExtensionConfig | None:
        item = self.mapping(value, path, ("number", "name", "password", "outside"))
        if item is None:
            return None
        number = self.unique(item, path, "number", validators.number)
        name = self.field(item, path, "name", validators.name)
        password = None
        if item.get("password") is not None:
            password = self.field(item, path, "password", validators.phone_password)
        if password is not None and not allow_weak:
            weakness = validators.weakness(password, number or "", name or "")
            if weakness:
                self.problem(f"{path}.password", weakness)
        outside = self.field(item, path, "outside", validators.outside_number) if item.get("outside") else ""
        return ExtensionConfig(number, name, password, outside or "") if number and name else None

    def whole(self, item: Mapping[str, object], path: str, key: str, least: int, most: int) -> int:
        """A whole number within bounds, `least` if it is a problem."""
        value = item[key]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.problem(_join(path, key), f"wanted a whole number from {least} to {most}")
            return least
        return value

    def texts(self, item: Mapping[str, object], path: str, key: str, check: _Check) -> tuple[str, ...]:
        """A list of checked values; without the problems."""

        def one(value: object, where: str) -> str | None:
            try:
                return check(value)
            except ValueError as error:
                self.problem(where, str(error))
                return None

        return tuple(filter(None, self.items(item.get(key), _join(path, key), one)))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _kind(value: object) -> str:
    """What a value is, in a person's words."""
    match value:
        case None:
            return "empty"
        case str():
            return "text"
        case bool():
            return "true or false"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
    return "a number"


def _shown(key: object) -> str:
    word = str(key)
    return ascii(word)[1:-1] if len(word) <= 40 else ascii(word[:37])[1:-1] + "..."
