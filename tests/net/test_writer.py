"""Records on their way to the database, which may fail."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gevent

from pbx.net.journal import Journal
from pbx.net.writer import Writer
from pbx.switch.events import CallEnded, CallStarted, CallView, Fact, Party


def ended(call: str) -> CallEnded:
    return CallEnded(CallView(call, "ended", Party("1001"), "1002", Party("1002"), started=1.0))


class Database:
    """Takes batches; `broken` makes it fail, "poison" is a record that it never takes."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal", "boot")
        self.journal.open()
        self.batches: list[list[str]] = []
        self.broken = False
        self.failures = 0

    def write(self, facts: Sequence[Fact]) -> None:
        if self.broken:
            raise OSError("disk full")
        calls = [fact.call.call for fact in facts if isinstance(fact, CallEnded)]
        if "poison" in calls:
            raise ValueError("no such column")
        self.batches.append(calls)

    def failed(self) -> None:
        self.failures += 1

    @property
    def calls(self) -> list[str]:
        return [call for batch in self.batches for call in batch]


@contextmanager
def writing(database: Database) -> Iterator[Writer]:
    writer = Writer(database.write, database.failed, database.journal)
    writer.start()
    yield writer
    writer.stop(2)


def until(true: Callable[[], bool]) -> None:
    with gevent.Timeout(5):
        while not true():
            gevent.sleep(0.005)


def test_what_happens_together_is_one_transaction(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with writing(database) as writer:
        writer.remember((), [ended("a"), CallStarted(ended("a").call)])
        writer.remember((), [ended("b")])
    assert database.batches == [["a", "b"]]


def test_records_wait_for_a_broken_database_and_keep_their_order(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.broken = True
    with writing(database) as writer:
        writer.remember((), [ended("a")])
        until(lambda: database.failures == 1)
        writer.remember((), [ended("b")])
        assert (writer.trouble, writer.waiting, database.failures) == ("disk full", 2, 1)
        database.broken = False
        until(lambda: writer.waiting == 0)
        assert writer.trouble == ""
    assert database.calls == ["a", "b"]


def test_a_record_that_can_never_be_written_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with writing(database) as writer:
        writer.remember((), [ended("a"), ended("poison"), ended("b")])
    assert database.calls == ["a", "b"]
    assert database.failures == 1


def test_the_queue_is_bounded_and_what_is_lost_counted(tmp_path: Path) -> None:
    database = Database(tmp_path)
    writer = Writer(database.write, database.failed, database.journal)
    writer.remember((), [ended("a")] * 20_002)
    assert (writer.waiting, writer.lost) == (20_000, 2)


def test_stopping_tells_when_something_had_to_be_left(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.broken = True
    writer = Writer(database.write, database.failed, database.journal)
    writer.start()
    writer.remember((), [ended("a")])
    assert not writer.stop(0.05)


def test_what_a_killed_process_could_not_write_its_heir_writes_first(tmp_path: Path) -> None:
    killed = Database(tmp_path)
    writer = Writer(killed.write, killed.failed, killed.journal)
    writer.remember([("call:x", Party("1001"))], [ended("a"), ended("b")])
    heir = Database(tmp_path)
    with writing(heir) as writer:
        writer.take_up(heir.journal.read())
        writer.remember((), [ended("c")])
    assert heir.calls == ["a", "b", "c"]
    assert list(heir.journal.read()) == ["call:x"]


def test_what_is_written_leaves_the_journal(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with writing(database) as writer:
        writer.remember((), [ended("a")])
        assert list(database.journal.read()) == ["fact:0"]
    assert not database.journal.read()
