"""The configuration as one dictionary of things, and what differs between two of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pbx.config import ConfigError, ExtensionConfig, Office, Problem, RouteConfig, Site, TrunkConfig, read
from pbx.config.document import plain
from pbx.config.trunks import contradictions, plain_route, plain_trunk
from pbx.store.values import Difference

Thing = Site | ExtensionConfig | TrunkConfig | RouteConfig
Key = tuple[str, str]
State = dict[Key, Thing]

SITE: Key = ("site", "")

_POSITION = re.compile(r"(extensions|trunks|routes)\[\d+\]")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that changes: `before` None = it is made, `after` None = it goes."""

    key: Key
    before: Thing | None
    after: Thing | None

    @property
    def passwords(self) -> tuple[str | None, str | None]:
        """The password before and after, (None, None) if it is not this that changes."""
        before, after = password_of(self.before), password_of(self.after)
        return (None, None) if before == after else (before, after)

    def difference(self) -> Difference:
        changed = self.passwords != (None, None)
        return Difference(*self.key, _fields(self.before), _fields(self.after), changed)


def password_of(item: Thing | None) -> str | None:
    return item.password if isinstance(item, ExtensionConfig | TrunkConfig) else None


def state_of(office: Office) -> State:
    things: State = {SITE: office.site} if office.site else {}
    for extension in office.extensions:
        things["extension", extension.number] = extension
    for trunk in office.trunks:
        things["trunk", trunk.name] = trunk
    for route in office.routes:
        things["route", route.name] = route
    return things


def office_of(state: State) -> Office:
    """The other way round."""
    site = next((item for item in state.values() if isinstance(item, Site)), None)
    return Office(
        site,
        tuple(item for item in state.values() if isinstance(item, ExtensionConfig)),
        tuple(item for item in state.values() if isinstance(item, TrunkConfig)),
        tuple(item for item in state.values() if isinstance(item, RouteConfig)),
    )


def steps(old: State, new: State) -> list[Step]:
    """From `old` to `new`: what goes first, then what is made or changed, each in the order of its state."""
    gone = [Step(key, thing, None) for key, thing in old.items() if key not in new]
    return gone + [Step(key, old.get(key), thing) for key, thing in new.items() if old.get(key) != thing]


def check(state: State) -> None:
    """Judges the configuration as a whole.  (How strong a password is was judged when it came in.)

    Raises ConfigError; its paths name things ("trunk b.address"), since a state has no positions.
    """
    office = office_of(state)
    names = {f"extensions[{i}]": f"extension {item.number}" for i, item in enumerate(office.extensions)}
    names |= {f"trunks[{i}]": f"trunk {item.name}" for i, item in enumerate(office.trunks)}
    names |= {f"routes[{i}]": f"route {item.name}" for i, item in enumerate(office.routes)}
    try:
        read(plain(office), allow_weak=True)
    except ConfigError as error:
        problems = error.problems
    else:
        if problems := tuple(contradictions(office)):
            raise ConfigError(problems)
        return

    def named(text: str) -> str:
        return _POSITION.sub(lambda match: names[match[0]], text)

    raise ConfigError(Problem(named(p.path), named(p.message)) for p in problems)


def label(key: Key) -> str:
    """How people call it: "site", "extension 1001", "trunk trusted"."""
    return " ".join(filter(None, key))


def labels(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(map(label, keys))


def thing(difference: Difference, fields: Mapping[str, Any] | None, password: str | None) -> Thing | None:
    """The thing that a difference tells of, with the password that was kept apart."""
    if fields is None:
        return None
    if difference.kind == "site":
        return Site(**fields)
    document = fields if password is None else {**fields, "password": password}
    office = read({f"{difference.kind}s": [document]}, allow_weak=True)
    things: tuple[Thing, ...] = (*office.extensions, *office.trunks, *office.routes)
    return things[0]


def _fields(thing: Thing | None) -> dict[str, Any] | None:
    """Everything of a thing but its password, as a document has it."""
    match thing:
        case None:
            return None
        case Site(domain, name):
            return {"domain": domain, "name": name}
        case ExtensionConfig():
            document = plain(Office(extensions=(thing,)))["extensions"][0]
        case TrunkConfig():
            document = plain_trunk(thing)
        case RouteConfig():
            document = plain_route(thing)
    return {name: value for name, value in document.items() if name != "password"}
