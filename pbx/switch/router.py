"""Where does this call go?  A pure function of the directory, the call and the features: it answers live
calls and, later, the question "what happens when X dials Y at T?", so the two cannot differ.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from pbx.directory import Directory
from pbx.switch.causes import Cause
from pbx.switch.feature import RouteHook
from pbx.switch.route import CallInfo, Route

MAX_HOPS = 8


def route(directory: Directory, call: CallInfo, hooks: Sequence[tuple[str, RouteHook]]) -> Route:
    """Asks the hooks in order.

    A refinement (same target) is handed on down the catalogue; a move (new target) starts again at the
    top; an application or a refusal settles it; a feature moves a given target once; eight hops end it as
    a loop.
    """
    here = Route(call.dialled)
    moved: set[tuple[str, str]] = set()
    for _ in range(MAX_HOPS):
        there = _one_pass(directory, call, here, hooks, moved)
        if there.settled or there.target == here.target:
            return there if there.settled else _settle(directory, call, there)
        here = there
    return here.refused(Cause.LOOP)


def _one_pass(
    directory: Directory,
    call: CallInfo,
    here: Route,
    hooks: Sequence[tuple[str, RouteHook]],
    moved: set[tuple[str, str]],
) -> Route:
    """The route after the catalogue was asked once, or at the first hook that moved or settled it."""
    for slug, hook in hooks:
        answer = hook(directory, call, here)
        if answer is None:
            continue
        if answer.settled:
            return answer
        if answer.target != here.target:
            if (slug, here.target) in moved:
                continue
            moved.add((slug, here.target))
            return answer
        here = answer
    return here


def _settle(directory: Directory, call: CallInfo, route: Route) -> Route:
    """Nobody moved it further: the target is an extension, or goes out, or there is no such number.

    Only extensions may dial out: what a carrier sends us never goes on to another one.
    """
    if route.target in directory.extensions:
        return route
    if call.caller.kind == "extension":
        for each in directory.routes:
            if matches(each.pattern, route.target):
                number = each.prepend + route.target[each.strip :]
                return replace(route, target=number, trunks=each.trunks)
    return route.refused(Cause.NOT_FOUND)


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """X is any digit, Z 1 to 9, N 2 to 9, a dot at the end one or more of anything that is dialled."""
    words = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": "[0-9*#+]+"}
    pieces = re.findall(r"\[[0-9-]+\]|.", pattern)
    plain = (words.get(piece) or (piece if len(piece) > 1 else re.escape(piece)) for piece in pieces)
    return re.compile("".join(plain))


def matches(pattern: str, number: str) -> bool:
    """Whether a route's pattern takes this number."""
    return _compiled(pattern).fullmatch(number) is not None
