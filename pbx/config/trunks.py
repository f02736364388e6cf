"""Trunks and the routes to them: what may be written of them, and how it is read."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from pbx.config import validators
from pbx.config.problems import Problem

if TYPE_CHECKING:
    from pbx.config.office import Office, Reader

KINDS = ("ip", "register", "account")
TRANSPORTS = ("", "udp", "tcp", "tls")
SRTP = ("off", "optional", "required")
"""Whether we ask for encrypted audio: no, if the carrier can, or no call without."""
CODECS = ("G722", "PCMU", "PCMA")

_PATTERN = re.compile(r"(?:[0-9*#+XNZ]|\[[0-9-]+\])+\.?")


@dataclass(frozen=True, slots=True)
class TrunkConfig:
    """A carrier or another PBX.  Kind "ip": known by its IP address; kind "register": we register there;
    kind "account": it calls us with `username` and `password`.

    `address` is an IP address, or but for kind "ip" a host name, perhaps with a port; `fallbacks` are further
    ones; `sources` are addresses and networks that its calls may come from besides.  `numbers` are (number
    that is called, extension); "*" means all others. Times are seconds; 0 channels = no limit; no codecs =
    all.  `domain` "" = the address's host.  `srtp` is one of `SRTP`.
    """

    name: str
    kind: str
    address: str
    fallbacks: tuple[str, ...] = ()
    transport: str = ""
    username: str = ""
    auth_username: str = ""
    password: str | None = field(default=None, repr=False)
    domain: str = ""
    expires: int = 600
    channels: int = 0
    caller_id: str = ""
    codecs: tuple[str, ...] = ()
    probe: int = 30
    external: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    srtp: str = "off"


@dataclass(frozen=True, slots=True)
class RouteConfig:
    """Which dialled numbers go out, and by which trunks, tried in that order.

    In `pattern` X is any digit, Z 1 to 9, N 2 to 9, [2-5] one of those, a dot at the end any further digits.
    `strip` digits are taken off the front, then `prepend` is put there.
    """

    name: str
    pattern: str
    trunks: tuple[str, ...]
    strip: int = 0
    prepend: str = ""


def plain_trunk(trunk: TrunkConfig) -> dict[str, Any]:
    """As it stands in a document: what is not as usual, and never an empty password."""
    document = _unusual(trunk, TrunkConfig, ("name", "kind", "address"))
    if "numbers" in document:
        document["numbers"] = dict(trunk.numbers)
    return document


def plain_route(route: RouteConfig) -> dict[str, Any]:
    return _unusual(route, RouteConfig, ("name", "pattern", "trunks"))


def _unusual(item: object, kind: type, always: tuple[str, ...]) -> dict[str, Any]:
    values = {each.name: (getattr(item, each.name), each.default) for each in fields(kind)}
    document = {name: value for name, (value, usual) in values.items() if name in always or value != usual}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()}


def read_trunk(reader: "Reader", value: object, path: str) -> TrunkConfig | None:
    item = reader.mapping(value, path, tuple(each.name for each in fields(TrunkConfig)))
    if item is None:
        return None
    before = len(reader.problems)
    name = reader.unique(item, path, "name", validators.name)
    kind = reader.field(item, path, "kind", _one_of(KINDS))
    # A call is known to be a trunk's by its source address, so two trunks cannot share one.
    place = validators.address if kind == "ip" else validators.place
    address = reader.unique(item, path, "address", place)
    texts: dict[str, Callable[[object], str]] = {
        "transport": _one_of(TRANSPORTS),
        "username": validators.account,
        "auth_username": validators.account,
        "domain": validators.domain,
        "caller_id": validators.outside_number,
        "external": validators.address,
        "srtp": _one_of(SRTP),
    }
    more: dict[str, Any] = {
        key: reader.field(item, path, key, check) for key, check in texts.items() if item.get(key)
    }
    limits = {"expires": (60, 86400), "channels": (0, 1000), "probe": (0, 3600)}
    for key, (least, most) in limits.items():
        if key in item:
            more[key] = reader.whole(item, path, key, least, most)
    if item.get("password") is not None:
        more["password"] = reader.field(item, path, "password", validators.phone_password)
    more["fallbacks"] = reader.texts(item, path, "fallbacks", validators.place)
    more["sources"] = reader.texts(item, path, "sources", validators.network)
    more["codecs"] = reader.texts(item, path, "codecs", _one_of(CODECS))
    more["numbers"] = _numbers(reader, item, path)
    if len(reader.problems) > before or not (name and kind and address):
        return None
    return TrunkConfig(name, kind, address, **more)


def _numbers(reader: "Reader", item: Mapping[str, object], path: str) -> tuple[tuple[str, str], ...]:
    value = item.get("numbers")
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        reader.problem(f"{path}.numbers", "wanted a number that is called: the extension that rings")
        return ()
    pairs = []
    for called, extension in value.items():
        try:
            did = "*" if called == "*" else validators.outside_number(called)
            pairs.append((did, validators.number(extension)))
        except ValueError as error:
            reader.problem(f"{path}.numbers", str(error))
    return tuple(pairs)


def read_route(reader: "Reader", value: object, path: str) -> RouteConfig | None:
    item = reader.mapping(value, path, tuple(each.name for each in fields(RouteConfig)))
    if item is None:
        return None
    before = len(reader.problems)
    name = reader.unique(item, path, "name", validators.name)
    pattern = reader.field(item, path, "pattern", _pattern)
    trunks = reader.texts(item, path, "trunks", validators.name)
    strip = reader.whole(item, path, "strip", 0, 20) if "strip" in item else 0
    prepend = reader.field(item, path, "prepend", validators.outside_number) if item.get("prepend") else ""
    if not trunks and len(reader.problems) == before:
        reader.problem(f"{path}.trunks", "names no trunk; wanted at least one")
    if len(reader.problems) > before or not (name and pattern):
        return None
    return RouteConfig(name, pattern, trunks, strip or 0, prepend or "")


def _one_of(words: tuple[str, ...]) -> Callable[[object], str]:
    def check(value: object) -> str:
        if value not in words:
            known = ", ".join(f'"{word}"' for word in words if word)
            raise ValueError(f"{str(value)[:40]!r} is not known here; wanted {known}")
        return str(value)

    return check


def _pattern(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else validators.text(value)
    if not _PATTERN.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a pattern; wanted digits, X, Z, N, [2-5], a dot at the end")
    return text


def _alone(trunk: TrunkConfig, path: str) -> Iterator[Problem]:
    """What is wrong with a trunk whatever the others are."""
    if trunk.kind != "ip" and not (trunk.username and trunk.password):
        yield Problem(f"{path}.password", f'is missing: kind "{trunk.kind}" takes username and password')
    if trunk.srtp != "off" and trunk.transport != "tls":
        yield Problem(f"{path}.srtp", 'needs transport "tls": without it the keys travel in the clear')


def contradictions(office: "Office") -> Iterator[Problem]:
    """What is wrong with trunks and routes as parts of the whole office."""
    known = {extension.number for extension in office.extensions}
    called: dict[str, str] = {}
    names_of_callers = set(known)
    for trunk in office.trunks:
        path = f"trunk {trunk.name}"
        yield from _alone(trunk, path)
        if trunk.kind == "account" and trunk.username in names_of_callers:
            yield Problem(f"{path}.username", f"{trunk.username} is the account of somebody else too")
        names_of_callers |= {trunk.username} if trunk.kind == "account" else set()
        for did, extension in trunk.numbers:
            if extension not in known:
                yield Problem(f"{path}.numbers", f"{did} rings {extension}, which is no extension")
            if did != "*" and called.setdefault(did, trunk.name) != trunk.name:
                yield Problem(f"{path}.numbers", f"{did} is a number of trunk {called[did]} too")
    names = {trunk.name for trunk in office.trunks}
    for route in office.routes:
        for name in route.trunks:
            if name not in names:
                yield Problem(f"route {route.name}.trunks", f"there is no trunk {name}")
