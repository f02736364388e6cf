"""The product, one line per feature; order = precedence: the first that decides, decides."""

from pbx.features.echo_test import EchoTest
from pbx.switch.feature import Feature


def catalogue() -> tuple[Feature, ...]:
    """Every feature of this office, most important first."""
    return (EchoTest(),)
