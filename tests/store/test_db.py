"""The data directory: private, locked, durable, and refused in words when it cannot be used."""

import os
import stat
from pathlib import Path

import pytest
from peewee import SqliteDatabase

from pbx.store import Store, StoreBusy, StoreError, StoreTooNew
from pbx.store.db import Opened, open_directory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some" / "data"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_in_the_directory_is_private(path: Path) -> None:
    store = Store.open(path)
    store.ensure_site("pbx.example.org")
    assert {file.name for file in path.iterdir()} >= {"warden.db", "warden.db-wal", "box.key", "lock"}
    assert mode(path) == 0o700
    assert {mode(file) for file in path.iterdir()} == {0o600}
    store.close()


def test_a_directory_of_somebody_else_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    tmp_path.chmod(0o755)
    Store.open(tmp_path).close()
    assert mode(tmp_path) == 0o755
    # Now it is ours.
    Store.open(tmp_path).close()
    assert mode(tmp_path) == 0o700


def test_a_commit_reaches_the_disk_and_references_hold(path: Path) -> None:
    opened = open_directory(path, 0.0)
    pragmas = [opened.db.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert pragmas == ["wal", 2, 1]
    opened.close()


def test_one_process_at_a_time_and_the_other_is_named(path: Path) -> None:
    store = Store.open(path)
    with pytest.raises(StoreBusy, match=f"in use by process {os.getpid()}") as refused:
        Store.open(path)
    assert refused.value.pid == os.getpid()
    store.close()
    Store.open(path).close()


def test_two_stores_live_side_by_side(tmp_path: Path) -> None:
    one, two = Store.open(tmp_path / "1"), Store.open(tmp_path / "2")
    one.create_extension("1001", "Anna", "ada")
    assert two.extensions() == []
    one.close()
    two.create_extension("1001", "Bob", "ada")
    two.close()


def tamper(path: Path, statement: str) -> None:
    database = SqliteDatabase(str(path / "warden.db"))
    database.execute_sql(statement)
    database.close()


def assert_free(path: Path) -> None:
    """The refusal let go of the lock."""
    with pytest.raises(StoreError) as refused:
        Store.open(path)
    assert not isinstance(refused.value, StoreBusy)


def test_a_newer_database_is_left_alone(path: Path) -> None:
    Store.open(path).close()
    tamper(path, "INSERT INTO schema_step VALUES (99, 'future', 0)")
    with pytest.raises(StoreTooNew, match="has schema 99"):
        Store.open(path)
    assert_free(path)


def test_what_is_no_database_is_named(path: Path) -> None:
    Store.open(path).close()
    (path / "warden.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match=r"warden\.db cannot be used: file is not a database; restore"):
        Store.open(path)
    assert_free(path)


def test_a_lost_key_is_named_and_none_is_made_over_it(path: Path) -> None:
    Store.open(path).close()
    (path / "box.key").unlink()
    with pytest.raises(StoreError, match=r"box\.key is missing"):
        Store.open(path)
    assert_free(path)
    assert not (path / "box.key").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StoreError, match="is a file; wanted a directory"):
        Store.open(tmp_path / "data")
    with pytest.raises(StoreError, match="cannot be used for Warden's data"):
        Store.open(tmp_path / "data" / "below")


def test_a_disk_that_takes_nothing_is_named(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "lock").symlink_to("/dev/full")
    Store.open(path).close()  # the lock only lacks our name
    (path / "warden.db").unlink()
    (path / "warden.db").symlink_to("/nowhere/warden.db")
    (path / "box.key").unlink()
    with pytest.raises(StoreError, match="cannot be used for Warden's data"):
        Store.open(path)


def test_a_closed_store_gives_everything_free(path: Path) -> None:
    opened: Opened = open_directory(path, 0.0)
    opened.close()
    assert opened.db.is_closed()
    assert opened.lock.closed
