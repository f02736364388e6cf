"""Old databases open; a step is done whole or not at all; the models say what the steps made."""

import shutil
from pathlib import Path

import pytest
from peewee import Database, SqliteDatabase

from pbx.store import RecordFilter, Store
from pbx.store import models as tables
from pbx.store.migrations import STEPS, migrate, version
from tests.store.conftest import Clock
from tests.store.facts import binding, call

# Written by the releases that had these versions; never made anew.
GOLDEN = Path(__file__).parent / "golden"


def test_a_database_of_version_1_opens_with_all_it_held(tmp_path: Path, clock: Clock) -> None:
    shutil.copytree(GOLDEN / "version1", tmp_path / "data")
    store = Store.open(tmp_path / "data", clock)
    assert store.site().domain == "127.0.0.20"
    assert [(row.number, row.name) for row in store.extensions()] == [("1001", "Anna Brown"), ("1003", "Zoë")]
    assert [trunk.name for trunk in store.directory().trunks] == ["trusted"]
    assert store.directory().accounts["1001"].ha1["MD5"] == "f0a998671efe311a253e2752ae109e46"
    assert [r.why for r in store.revisions()][:2] == ["deleted extension 1002", "renamed extension 1001"]
    assert store.record("c1") == call("c1")
    assert len(store.records(RecordFilter()).items) == 2
    assert store.bindings() == [binding()]
    assert store.claimed()
    assert store.secret("token").hex().startswith("db7e6f")
    assert store.rotate_token("t1", "t2", clock.now + 1).username == "ada"
    # The sealed passwords still open.
    store.undo(store.revisions()[0].id, "ada")
    assert store.directory().accounts["1002"].ha1["MD5"] == "692b52f89ab3e8bc550de9717b1eac6c"
    store.close()


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    return SqliteDatabase(str(tmp_path / "test.db"))


def test_steps_run_once_and_in_order(database: SqliteDatabase) -> None:
    done: list[str] = []
    steps = tuple((name, lambda _, name=name: done.append(name)) for name in ("one", "two", "three"))
    migrate(database, 1.0, steps[:2])
    migrate(database, 2.0, steps)
    migrate(database, 3.0, steps)
    assert done == ["one", "two", "three"]
    assert version(database) == 3
    database.close()


def test_a_step_that_fails_leaves_nothing(database: SqliteDatabase) -> None:
    def fails(db: Database) -> None:
        db.execute_sql("CREATE TABLE half (id INTEGER)")
        raise OSError("disk full")

    migrate(database, 1.0)
    with pytest.raises(OSError, match="disk full"):
        migrate(database, 1.0, (*STEPS, ("fails", fails)))
    assert version(database) == len(STEPS)
    assert not database.table_exists("half")
    database.close()


def test_the_models_are_what_the_steps_made(database: SqliteDatabase) -> None:
    migrate(database, 1.0)
    found = set(database.get_tables()) - {"schema_step"}
    assert found == {table._meta.table_name for table in tables.ALL}
    for table in tables.ALL:
        columns = {(c.name, c.null) for c in database.get_columns(table._meta.table_name)}
        assert columns == {(field.column_name, field.null) for field in table._meta.sorted_fields}, table
    database.close()
