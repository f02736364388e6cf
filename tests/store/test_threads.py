"""The store under gevent, used from the one native thread of a pool as the server does it."""

from pathlib import Path

import pytest

from tests.store import child

pytestmark = pytest.mark.integration

UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()

import sys, threading
from pathlib import Path
import gevent
from gevent.threadpool import ThreadPool
from pbx.store import RecordFilter, Store
from tests.store.facts import ended

store = Store.open(Path(sys.argv[1]))        # by the main thread, as the server opens it
pool = ThreadPool(1)

def write(i):
    # From many greenlets at once; the pool lets one at a time through.
    pool.apply(store.write, ([ended(f"c{i}")],))
    assert pool.apply(store.record, (f"c{i}",)).call == f"c{i}"

gevent.joinall([gevent.spawn(write, i) for i in range(50)], raise_error=True)
pool.apply(store.create_extension, ("1001", "Anna", "ada"))
assert store.directory().extensions.keys() == {"1001"}      # and back in the main thread
fresh = ThreadPool(1)                                       # another native thread takes over
assert len(fresh.apply(store.records, (RecordFilter(),)).items) == 50
fresh.apply(store.close)
print("done")
"""

PLAIN = """
import sys, threading
from pathlib import Path
from pbx.store import Store

store = Store.open(Path(sys.argv[1]))
thread = threading.Thread(target=store.create_extension, args=("1001", "Anna", "ada"))
thread.start()
thread.join()
assert store.extension("1001").name == "Anna"
store.close()
print("done")
"""


@pytest.mark.parametrize("program", [UNDER_GEVENT, PLAIN], ids=["gevent", "plain"])
def test_any_thread_may_use_the_store_one_at_a_time(program: str, tmp_path: Path) -> None:
    assert child.run(program, tmp_path) == (0, "done\n")
