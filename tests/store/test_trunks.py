"""Trunks and routes in the store: kept with sealed passwords, changed and taken back."""

import sqlite3
from pathlib import Path

import pytest

from pbx.config import ConfigError, load_yaml, read
from pbx.directory import OutboundRoute
from pbx.store import Store
from pbx.store.migrations import STEPS
from tests.config.test_trunks import CARRIER


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path)
    store.import_office(read(load_yaml(CARRIER)), "test")
    return store


def test_the_call_path_gets_the_password_and_the_file_does_not(store: Store, tmp_path: Path) -> None:
    directory = store.directory()
    (trunk,) = directory.trunks
    assert (trunk.password, trunk.places) == (
        "Strong-enough-2026",
        ("sip.carrier.example", "198.51.100.7:5080"),
    )
    assert directory.routes == (OutboundRoute("Outside", "0X.", ("Carrier",), strip=1),)
    assert directory.extensions["1001"].outside == "+493012345601"
    store.close()
    assert b"Strong-enough" not in b"".join(file.read_bytes() for file in tmp_path.glob("warden.db*"))


def test_an_import_without_the_password_keeps_it(store: Store) -> None:
    again = CARRIER.replace("    password: Strong-enough-2026\n", "").replace("channels: 4", "channels: 9")
    store.import_office(read(load_yaml(again)), "test")
    (trunk,) = store.directory().trunks
    assert (trunk.password, trunk.channels) == ("Strong-enough-2026", 9)
    store.close()


def test_a_deleted_trunk_comes_back_with_its_password(store: Store) -> None:
    change = store.import_office(read(load_yaml("extensions: []")), "test", replace=True)
    assert not store.directory().trunks
    assert change.revision is not None
    store.undo(change.revision, "test")
    directory = store.directory()
    assert directory.trunks[0].password == "Strong-enough-2026"
    assert directory.routes[0].trunks == ("Carrier",)
    store.close()


def test_an_extension_that_a_number_rings_cannot_go(store: Store) -> None:
    with pytest.raises(ConfigError, match="no extension"):
        store.delete_extension("1001", "test")
    store.close()


def test_an_office_from_before_is_carried_over(tmp_path: Path) -> None:

    store = Store.open(tmp_path)
    store.close()
    with sqlite3.connect(tmp_path / "warden.db") as old:
        assert old.execute("select count(*) from schema_step").fetchone() == (len(STEPS),)
    old.close()
