"""Every change is a revision; it can be taken back, or the obstacle is named."""

import pytest

from pbx.config import Office, Site, TrunkConfig, load_yaml, read
from pbx.directory import Directory
from pbx.store import Conflict, Difference, NotFound, Store
from tests.config.test_office import OFFICE
from tests.store.conftest import Clock


@pytest.fixture
def anna(store: Store) -> Store:
    """Revision 1 chose a domain, revision 2 created 1001."""
    store.ensure_site("pbx.example.org")
    store.create_extension("1001", "Anna", "ada")
    return store


def content(snapshot: Directory) -> tuple[object, ...]:
    """A snapshot without its revision."""
    return snapshot.domain, dict(snapshot.extensions), dict(snapshot.accounts), snapshot.trunks


def test_a_revision_says_who_when_why_and_what(anna: Store, clock: Clock) -> None:
    clock.now += 60
    anna.rename_extension("1001", "Anna Adams", "bob")
    renamed, created, _ = anna.revisions()
    assert (renamed.id, renamed.at, renamed.who) == (3, clock.now, "bob")
    assert renamed.why == "renamed extension 1001"
    before = {"number": "1001", "name": "Anna"}
    after = {"number": "1001", "name": "Anna Adams"}
    assert renamed.differences == (Difference("extension", "1001", before, after, password=False),)
    assert created.differences == (Difference("extension", "1001", None, before, password=True),)
    assert [r.id for r in anna.revisions(limit=1, before=3)] == [2]


def test_a_deleted_extension_comes_back_with_the_same_password(anna: Store) -> None:
    before = content(anna.directory())
    revision = anna.delete_extension("1001", "ada")
    undone = anna.undo(revision, "bob")
    assert content(anna.directory()) == before
    newest = anna.revisions(limit=1)[0]
    assert (newest.id, newest.undoes, newest.who) == (undone, revision, "bob")


def test_created_renamed_and_new_password_are_taken_back_in_turn(anna: Store) -> None:
    states = [content(anna.directory())]
    for change in (
        lambda: anna.create_extension("1002", "Bob", "ada"),
        lambda: anna.rename_extension("1002", "Bob Brown", "ada"),
        lambda: anna.new_password("1002", "ada"),
        lambda: anna.set_site(Site("new.example.org", "New"), "ada"),
    ):
        change()
        states.append(content(anna.directory()))
    for revision in (6, 5, 4, 3):
        assert content(anna.directory()) == states.pop()
        anna.undo(revision, "ada")
    assert content(anna.directory()) == states.pop()


def test_taking_back_can_be_taken_back(anna: Store) -> None:
    before = content(anna.directory())
    undone = anna.undo(2, "ada")
    assert anna.extensions() == []
    anna.undo(undone, "ada")
    assert content(anna.directory()) == before


def test_a_whole_import_is_taken_back_at_once(store: Store) -> None:
    empty = content(store.directory())
    change = store.import_office(read(load_yaml(OFFICE)), "ada")
    store.undo(change.revision or 0, "ada")
    assert content(store.directory()) == empty


def test_a_deletion_is_taken_back_under_a_new_domain(anna: Store) -> None:
    revision = anna.delete_extension("1001", "ada")
    anna.set_site(Site("new.example.org"), "ada")
    anna.undo(revision, "ada")
    back = anna.directory().accounts["1001"]
    anna.set_site(Site("pbx.example.org"), "ada")
    anna.set_site(Site("new.example.org"), "ada")
    assert anna.directory().accounts["1001"] == back


def test_a_rename_is_taken_back_although_the_password_changed_since(anna: Store) -> None:
    anna.rename_extension("1001", "Anna Adams", "ada")
    anna.new_password("1001", "ada")
    account = anna.directory().accounts["1001"]
    anna.undo(3, "ada")
    assert anna.extension("1001").name == "Anna"
    assert anna.directory().accounts["1001"] == account


def test_what_changed_since_is_named(anna: Store) -> None:
    anna.rename_extension("1001", "Anna Adams", "ada")
    before = anna.directory()
    words = "extension 1001 was changed by revision 3 since \\(renamed extension 1001\\); undo that first"
    with pytest.raises(Conflict, match=words):
        anna.undo(2, "ada")
    assert anna.directory() == before


def test_what_was_taken_back_already_is_named(anna: Store) -> None:
    anna.undo(2, "ada")
    with pytest.raises(Conflict, match="revision 2 was taken back already, by revision 3"):
        anna.undo(2, "ada")


def test_a_number_given_to_somebody_else_since_is_named(anna: Store) -> None:
    revision = anna.delete_extension("1001", "ada")
    anna.create_extension("1001", "Zoë", "ada")
    with pytest.raises(Conflict, match="changed by revision 4 since \\(created extension 1001\\)"):
        anna.undo(revision, "ada")


def test_what_would_no_longer_fit_is_named(anna: Store) -> None:
    trunks = [TrunkConfig(name, "ip", "192.0.2.1") for name in ("a", "b")]
    anna.import_office(Office(trunks=(trunks[0],)), "ada")
    revision = anna.import_office(Office(), "ada", replace=True).revision or 0
    anna.import_office(Office(trunks=(trunks[1],)), "ada")
    with pytest.raises(Conflict, match=r"does not fit in any more: trunk a\.address: '192\.0\.2\.1' is"):
        anna.undo(revision, "ada")


def test_an_unknown_revision_is_not_found(anna: Store) -> None:
    with pytest.raises(NotFound, match="there is no revision 99"):
        anna.undo(99, "ada")
