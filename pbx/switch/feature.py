"""The frame that features stand in: a method's name is its subscription.

`on_route(directory, call, route)` is asked in catalogue order and may return another `Route` or None (no
opinion).  A method called `on_` something else is a mistake that stops the program at start, not a
subscription that never fires.  An application is a method marked `@application`; a route names it as
"<slug>.<method>".
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pbx.directory import Directory
from pbx.switch.route import CallInfo, Route

if TYPE_CHECKING:
    from pbx.switch.call import Call

HOOKS = frozenset({"on_route"})

RouteHook = Callable[[Directory, CallInfo, Route], Route | None]
Application = Callable[["Call", float], None]


class Feature:
    """One thing the office can do.  The module's name is the slug, its docstring's first line title and
    summary."""

    slug: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.slug = cls.__module__.rpartition(".")[2]
        for name, _ in inspect.getmembers(cls, inspect.isfunction):
            if name.startswith("on_") and name not in HOOKS:
                raise TypeError(
                    f"feature {cls.slug}: there is no hook {name}; known are {', '.join(sorted(HOOKS))}"
                )


def application(method: Callable[..., None]) -> Callable[..., None]:
    """Marks a method that a route may name.  It is called with the call and the time, once, to take the
    caller."""
    method.__dict__["is_application"] = True
    return method


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The enabled features, bound once: hooks in order of precedence, applications by full name."""

    on_route: tuple[tuple[str, RouteHook], ...]
    applications: Mapping[str, Application]

    @classmethod
    def bind(cls, features: Iterable[Feature], failed: Callable[[str, Exception], None]) -> "Catalogue":
        """`failed(slug, error)` hears of a hook that raised; the hook then counts as having no opinion."""
        hooks: list[tuple[str, RouteHook]] = []
        applications: dict[str, Application] = {}
        for feature in features:
            if (hook := getattr(feature, "on_route", None)) is not None:
                hooks.append((feature.slug, _guarded(feature.slug, hook, failed)))
            for name, method in inspect.getmembers(feature, inspect.ismethod):
                if getattr(method, "is_application", False):
                    applications[f"{feature.slug}.{name}"] = method
        return cls(tuple(hooks), applications)


def _guarded(slug: str, hook: RouteHook, failed: Callable[[str, Exception], None]) -> RouteHook:
    """A feature that raises is skipped and told of: what is optional never ends a call."""

    def ask(directory: Directory, call: CallInfo, route: Route) -> Route | None:
        try:
            return hook(directory, call, route)
        except Exception as error:
            failed(slug, error)
            return None

    return ask
