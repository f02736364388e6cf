"""Real peers.  All of this folder is marked `interop`; a missing peer fails in CI and is said elsewhere."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.network import Network
from tests.office import ROOT

HERE = Path(__file__).parent
SECONDS = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.interop)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(SECONDS))


def need(program: str) -> str:
    """The program's path.  Without it: a failure in CI, a skip that says what to do elsewhere."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if path := shutil.which(program, path=search):
        return path
    words = f"{program} is missing: run `sh tests/peers.sh peers`"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where recordings and screenshots are kept for people to look at; git does not see it."""
    folder = ROOT / "artefacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    return need


@pytest.fixture(scope="module")
def network(program: Callable[[str], str]) -> Iterator[Network]:
    for name in ("ip", "baresip", "sox", "espeak-ng"):
        program(name)
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root: sudo make test")
    network = Network(phones=3)
    try:
        network.start()
        yield network
    finally:
        network.stop()
