"""The frame of features: a hook that does not exist stops the program, one that fails stops nothing."""

import pytest

from pbx.features import catalogue
from pbx.switch.events import Party
from pbx.switch.feature import Catalogue, Feature
from pbx.switch.route import CallInfo, Route
from tests.world import office


class Broken(Feature):
    def on_route(self, directory, call, route):
        raise ValueError("oh")


def test_an_unknown_hook_is_an_error_at_once():
    with pytest.raises(TypeError, match="no hook on_rout;"):

        class Misspelt(Feature):
            def on_rout(self, directory, call, route):
                return None


def test_a_feature_that_raises_has_no_opinion_and_is_told_of():
    failures = []
    bound = Catalogue.bind([Broken()], lambda slug, error: failures.append((slug, str(error))))
    ((_, hook),) = bound.on_route
    assert hook(office("1001"), CallInfo(Party("1001"), "1002", 0.0), Route("1002")) is None
    assert failures == [("test_feature", "oh")]


def test_the_catalogue_binds_in_its_own_order_and_names_its_applications():
    bound = Catalogue.bind(catalogue(), lambda slug, error: None)
    assert [slug for slug, _ in bound.on_route] == [feature.slug for feature in catalogue()]
    assert "echo_test.echo" in bound.applications
