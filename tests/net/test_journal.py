"""The journal: what it remembers, and what it makes of a file that somebody or something hurt."""

import os
from pathlib import Path

import pytest

from pbx.net.journal import ROOM, Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def begin(path: Path, boot: str = "one") -> tuple[Journal, dict[str, bytes]]:
    journal = Journal(path, boot)
    return journal, journal.open()


def test_what_was_written_is_there_for_the_next_process(path: Path) -> None:
    journal, found = begin(path)
    assert found == {}
    journal.write([("call:a", b"1"), ("call:b", b"2")])
    journal.write([("call:a", b"3"), ("call:b", None), ("call:c", None)])
    assert begin(path)[1] == {"call:a": b"3"}  # the first one was killed: nobody closed it


def test_another_boot_begins_with_nothing(path: Path) -> None:
    begin(path)[0].write([("call:a", b"1")])
    assert begin(path, "two")[1] == {}
    assert begin(path, "one")[1] == {}


def test_a_line_that_was_cut_off_is_as_if_it_had_not_begun(path: Path) -> None:
    begin(path)[0].write([("call:a", b"1"), ("call:b", b"22222")])
    path.write_bytes(path.read_bytes()[:-3])
    assert begin(path)[1] == {"call:a": b"1"}


def test_only_the_owner_may_read_it(path: Path) -> None:
    begin(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_does_not_grow_with_what_came_and_went(path: Path) -> None:
    journal, _ = begin(path)
    journal.write([("call:stays", b"x")])
    for n in range(3000):
        journal.write([(f"call:{n}", b"v" * 1000)])
        journal.write([(f"call:{n}", None)])
    assert path.stat().st_size < ROOM + 10_000
    assert begin(path)[1] == {"call:stays": b"x"}


def test_an_end_in_peace_leaves_nothing(path: Path) -> None:
    journal, _ = begin(path)
    journal.write([("call:a", b"1")])
    journal.close()
    assert path.exists()
    journal, found = begin(path)
    journal.write([(key, None) for key in found])
    journal.close()
    assert not path.exists()


def test_without_room_calls_go_on_and_the_journal_comes_back(path: Path) -> None:
    journal, _ = begin(path)
    path.parent.chmod(0o500)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal._file)
    os.close(full)
    journal.write([("call:a", b"1")])
    assert "No space" in journal.trouble
    path.parent.chmod(0o700)
    journal.write([("call:b", b"2")])
    assert journal.trouble == ""
    assert begin(path)[1] == {"call:a": b"1", "call:b": b"2"}
