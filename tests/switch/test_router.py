"""Routing as a value: refine, move, settle, and no way round in circles."""

from pbx.directory import Directory
from pbx.switch.causes import Cause
from pbx.switch.events import Party
from pbx.switch.route import CallInfo, Route
from pbx.switch.router import route
from tests.world import office

OFFICE = office("1001", "1002", "1003")


def ask(dialled: str, *hooks) -> Route:
    named = [(f"feature{number}", hook) for number, hook in enumerate(hooks)]
    return route(OFFICE, CallInfo(Party("1001"), dialled, 0.0), named)


def move(source: str, target: str):
    def hook(directory: Directory, call: CallInfo, here: Route) -> Route | None:
        return here.to(target) if here.target == source else None

    return hook


def test_an_extension_is_rung():
    assert ask("1002") == Route("1002")


def test_an_unknown_number_is_refused():
    assert ask("5555") == Route("5555", refuse=Cause.NOT_FOUND)


def test_a_refinement_is_handed_on_down_the_catalogue():
    def longer(directory, call, here):
        return here.to(here.target, ring=60)

    def seen(directory, call, here):
        return here.run("x.y") if here.ring == 60 else None

    assert ask("1002", longer, seen).application == "x.y"
    assert ask("1002", seen, longer) == Route("1002", ring=60)


def test_a_move_starts_again_at_the_top():
    assert ask("1001", move("1002", "1003"), move("1001", "1002")).target == "1003"


def test_a_feature_moves_a_target_once():
    assert ask("1002", move("1002", "1003"), move("1003", "1002")).target == "1002"


def test_eight_hops_end_it():
    def onward(directory, call, here):
        return here.to(str(int(here.target) + 1))

    assert ask("1001", onward).refuse is Cause.LOOP


def test_a_settled_route_goes_no_further():
    def refuse(directory, call, here):
        return here.refused(Cause.FORBIDDEN)

    assert ask("1002", refuse, move("1002", "1003")).refuse is Cause.FORBIDDEN
