"""Call records and registrations: written in batches, read in pages."""

import pytest
from peewee import DatabaseError

from pbx.config import ConfigError
from pbx.store import RecordFilter, Store
from pbx.switch.events import (
    Fact,
    Party,
    PhoneRegistered,
    PhoneUnregistered,
    SetupTimed,
    TextGone,
    TextKept,
    TextView,
    Trouble,
)
from tests.store.conftest import Clock
from tests.store.facts import binding, call, ended


def names(store: Store, **filter: object) -> list[str]:
    return [item.call for item in store.records(RecordFilter(**filter)).items]  # type: ignore[arg-type]


def test_a_call_is_read_as_it_was_written(store: Store) -> None:
    store.write([ended("c1")])
    assert store.record("c1") == call("c1")
    assert store.records(RecordFilter()).items == (call("c1"),)
    assert store.record("c2") is None


def test_writing_again_changes_nothing(store: Store) -> None:
    store.write([ended("c1")])
    store.write([ended("c1", started=5.0), ended("c2"), ended("c2")])
    assert store.record("c1") == call("c1")
    assert names(store) == ["c2", "c1"]


def test_other_facts_are_skipped(store: Store) -> None:
    store.write([Trouble("x", "y"), SetupTimed("c1", 0.1)])
    store.write([])
    assert names(store) == []


def test_a_batch_is_written_whole_or_not_at_all(store: Store) -> None:
    broken: list[Fact] = [ended("c1"), ended("c2", cause=None), PhoneRegistered(binding())]
    with pytest.raises(DatabaseError):
        store.write(broken)
    assert names(store) == []
    store.write(broken[:1])
    assert names(store) == ["c1"]


def test_pages_follow_one_another_newest_first_without_gap_or_repeat(store: Store) -> None:
    # Many calls of the same moment: the id decides among them.
    store.write([ended(f"c{i:03}", started=1000.0 + i // 10) for i in range(95)])
    seen, cursor = [], None
    while True:
        page = store.records(RecordFilter(limit=20, cursor=cursor))
        seen += [item.call for item in page.items]
        if page.next is None:
            break
        # A newer call must not move the pages that follow.
        store.write([ended(f"new{len(seen)}", started=9999.0)])
        cursor = page.next
    assert seen == [f"c{i:03}" for i in reversed(range(95))]


def test_records_are_filtered(store: Store) -> None:
    legs = call("x", caller="1001", dialled="1003").legs
    store.write(
        [
            ended("a", 100.0, caller="1001", dialled="1002"),
            ended("b", 200.0, caller="1002", dialled="1001", cause="busy"),
            ended("c", 300.0, caller="1003", dialled="1004", callee=Party("", "Zoë")),
            ended("d", 400.0, caller="1005", dialled="600", legs=legs),
        ]
    )
    assert names(store, number="1001") == ["d", "b", "a"]
    assert names(store, number="1004") == ["c"]
    assert names(store, number="600") == ["d"]
    assert names(store, cause="busy") == ["b"]
    assert names(store, since=200.0, until=400.0) == ["c", "b"]
    assert names(store, text="NAME 1003") == ["c"]
    assert names(store, text="zo") == ["c"]
    assert names(store, text="%") == []
    assert names(store, number="1001", cause="normal", since=150.0) == ["d"]


@pytest.mark.parametrize("cursor", ["", "x", "e30", "WzEsMl0x", "é", "W10"])
def test_a_cursor_that_we_did_not_give_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(ConfigError) as refused:
        store.records(RecordFilter(cursor=cursor))
    assert refused.value.problems[0].path == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_1_to_500_records(store: Store, limit: int) -> None:
    with pytest.raises(ConfigError):
        store.records(RecordFilter(limit=limit))


def test_old_records_are_pruned_with_their_legs(store: Store) -> None:
    store.write([ended("old", 100.0), ended("new", 200.0)])
    assert store.prune(before=200.0) == 1
    assert names(store) == ["new"]
    assert store.prune(before=200.0) == 0
    store.write([ended("old", 100.0)])
    assert store.record("old") == call("old", 100.0)


# -- registrations


@pytest.fixture
def phones(store: Store) -> Store:
    store.create_extension("1001", "Anna", "ada")
    return store


def test_a_registration_is_read_as_it_was_written(phones: Store) -> None:
    phones.write([PhoneRegistered(binding())])
    assert phones.bindings() == [binding()]


def test_a_refresh_replaces_and_the_end_removes(phones: Store) -> None:
    phones.write([PhoneRegistered(binding()), PhoneRegistered(binding(cseq=8), refresh=True)])
    phones.write([PhoneRegistered(binding("sip:1001@192.0.2.2", since=999_500.0))])
    assert phones.bindings() == [binding(cseq=8), binding("sip:1001@192.0.2.2", since=999_500.0)]
    phones.write([PhoneUnregistered(binding(cseq=8), "unregistered")])
    assert [b.contact for b in phones.bindings()] == ["sip:1001@192.0.2.2"]


def test_the_flows_of_a_phone_are_kept_apart_whatever_their_contact(phones: Store) -> None:
    one, two = (binding(instance="<urn:uuid:a>", reg_id=number, params=";reg-id=1") for number in (1, 2))
    phones.write([PhoneRegistered(one), PhoneRegistered(two), PhoneRegistered(binding())])
    assert phones.bindings() == [one, two, binding()]
    moved = binding("sip:1001@192.0.2.7", instance="<urn:uuid:a>", reg_id=1)
    phones.write([PhoneRegistered(moved, refresh=True), PhoneUnregistered(two, "expired")])
    assert sorted(b.contact for b in phones.bindings()) == [binding().contact, moved.contact]


def test_the_end_of_an_old_registration_leaves_the_one_that_replaced_it(phones: Store) -> None:
    newer = binding(call_id="call-2@x", cseq=1)
    phones.write([PhoneRegistered(binding()), PhoneRegistered(newer)])
    phones.write([PhoneUnregistered(binding(), "replaced")])
    assert phones.bindings() == [newer]


def test_expired_phones_and_those_of_deleted_extensions_are_forgotten(phones: Store, clock: Clock) -> None:
    phones.write([PhoneRegistered(binding(expires=clock.now + 60))])
    clock.now += 60
    assert phones.bindings() == []
    clock.now -= 60
    assert phones.bindings() == []
    phones.write([PhoneRegistered(binding())])
    phones.delete_extension("1001", "ada")
    assert phones.bindings() == []


# -- when the disk is full


def test_a_full_disk_is_told_and_what_was_written_stays(store: Store) -> None:
    store.write([ended("before")])
    store.probe()
    database = store._db
    database.pragma("max_page_count", database.pragma("page_count"))
    with pytest.raises(DatabaseError, match="full"):
        store.write([ended(f"c{i}") for i in range(1000)])
    assert names(store) == ["before"]
    database.pragma("max_page_count", 2**30)
    store.write([ended("after")])
    assert names(store) == ["before", "after"]


def test_text_messages_wait_until_they_are_gone(store: Store) -> None:
    about = ("1002", "1001", "Anna", "text/plain", "caf\xc3\xa9")
    texts = [TextView(f"t{n}", *about, 100.0 - n) for n in range(3)]
    store.write([TextKept(text) for text in texts])
    store.write([TextKept(texts[0]), TextGone("t1"), TextGone("t9")])
    assert store.texts() == [texts[2], texts[0]]
