"""A process that dies at the worst moment loses nothing it had committed and leaves nothing half done."""

import os
from pathlib import Path

import pytest

from pbx.store import RecordFilter, Store
from tests.store import child
from tests.store.facts import call

pytestmark = pytest.mark.integration

WRITES_FOR_EVER = """
import itertools, sys
from pathlib import Path
from pbx.store import Store
from tests.store.facts import ended

store = Store.open(Path(sys.argv[1]))
for i in itertools.count():
    store.write([ended(f"c{i}-{j}") for j in range(20)])
    print(i, flush=True)
"""

DIES_BETWEEN_CALL_AND_LEGS = """
import os, sys
from pathlib import Path
from pbx.store import Store
from tests.store.facts import ended

store = Store.open(Path(sys.argv[1]))
store.write([ended("whole")])
connection = store._db.connection()
connection.set_trace_callback(lambda sql: os._exit(9) if 'INTO "call_leg"' in sql else None)
store.write([ended("half")])
"""

DIES_IN_A_CHANGE = """
import os, sys
from pathlib import Path
from pbx.store import Store

store = Store.open(Path(sys.argv[1]))
store.create_extension("1001", "Anna", "ada", "Rig-secret-2026")
connection = store._db.connection()
connection.set_trace_callback(lambda sql: os._exit(9) if 'INTO "revision"' in sql else None)
store.rename_extension("1001", "Zoe", "ada")
"""

DIES_IN_THE_FIRST_MIGRATION = """
import os, sys
from pathlib import Path
import sqlite3
from pbx.store import Store, db

def connect(*args, real=sqlite3.connect, **options):
    connection = real(*args, **options)
    connection.set_trace_callback(lambda sql: os._exit(9) if 'CREATE TABLE "registration"' in sql else None)
    return connection

sqlite3.connect = connect
Store.open(Path(sys.argv[1]))
"""


def test_a_kill_amid_writing_keeps_every_committed_batch_whole(tmp_path: Path) -> None:
    with child.start(WRITES_FOR_EVER, tmp_path) as writer:
        assert writer.stdout is not None
        committed = [next(writer.stdout).strip() for _ in range(25)]
        writer.kill()
        committed += [line.strip() for line in writer.stdout]
    store = Store.open(tmp_path)
    assert store._db.pragma("integrity_check") == "ok"
    for batch in committed:
        for j in range(20):
            assert store.record(f"c{batch}-{j}") == call(f"c{batch}-{j}")
    # At most the batch that was being written came besides, and then whole.
    names: list[str] = []
    cursor = None
    while page := store.records(RecordFilter(limit=500, cursor=cursor)):
        names += [item.call for item in page.items if len(item.legs) == 2]
        cursor = page.next
        if cursor is None:
            break
    assert len(names) in (20 * len(committed), 20 * (len(committed) + 1))
    store.close()


def test_a_call_record_without_its_legs_is_never_seen(tmp_path: Path) -> None:
    assert child.run(DIES_BETWEEN_CALL_AND_LEGS, tmp_path)[0] == 9
    store = Store.open(tmp_path)
    assert [item.call for item in store.records(RecordFilter()).items] == ["whole"]
    store.close()


def test_a_change_without_its_revision_is_never_seen(tmp_path: Path) -> None:
    assert child.run(DIES_IN_A_CHANGE, tmp_path)[0] == 9
    store = Store.open(tmp_path)
    assert store.extension("1001").name == "Anna"
    assert len(store.revisions()) == 1
    store.close()


def test_a_first_start_that_dies_half_way_is_taken_up_again(tmp_path: Path) -> None:
    assert child.run(DIES_IN_THE_FIRST_MIGRATION, tmp_path)[0] == 9
    assert os.listdir(tmp_path)
    store = Store.open(tmp_path)
    store.create_extension("1001", "Anna", "ada")
    store.close()
