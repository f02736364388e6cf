"""What administrators do: create, rename, delete, import, export; and what the call path then sees."""

from hashlib import md5, sha256
from pathlib import Path

import pytest

from pbx.config import (
    ConfigError,
    ExtensionConfig,
    Office,
    Site,
    TrunkConfig,
    dump_yaml,
    load_yaml,
    read,
    validators,
)
from pbx.directory import Directory, Trunk
from pbx.store import Conflict, NotFound, Store
from tests.config.test_office import OFFICE
from tests.store.conftest import Clock


def paths(refused: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [problem.path for problem in refused.value.problems]


def office() -> Office:
    return read(load_yaml(OFFICE))


def test_a_new_store_is_an_empty_office(store: Store) -> None:
    assert store.directory() == Directory("localhost", 0)
    assert store.extensions() == []
    assert store.revisions() == []


def test_the_first_start_chooses_a_domain_and_later_ones_do_not(store: Store) -> None:
    assert store.ensure_site("192.0.2.10") == Site("192.0.2.10", "Office")
    assert store.ensure_site("192.0.2.99") == Site("192.0.2.10", "Office")
    assert store.directory().domain == "192.0.2.10"


def test_a_created_extension_can_sign_in(store: Store, clock: Clock) -> None:
    store.ensure_site("pbx.example.org")
    row, password = store.create_extension("1001", " Anna ", "ada")
    assert (row.number, row.name, row.created) == ("1001", "Anna", clock.now)
    assert store.extensions() == [row]
    assert len(password) == 20
    assert password.isalnum()
    assert validators.weakness(password, "1001", "Anna") is None
    snapshot = store.directory()
    account = snapshot.accounts["1001"]
    text = f"1001:pbx.example.org:{password}".encode()
    assert account.ha1 == {"MD5": md5(text).hexdigest(), "SHA-256": sha256(text).hexdigest()}
    assert snapshot.extensions["1001"].name == "Anna"
    assert snapshot.revision == 2


def test_a_bad_extension_is_refused_with_every_field(store: Store) -> None:
    with pytest.raises(ConfigError) as refused:
        store.create_extension("1", "", "ada", "1234")
    assert paths(refused) == ["number", "name", "password"]
    assert store.revisions() == []
    assert store.create_extension("1001", "Anna", "ada", "1234", allow_weak=True)[1] == "1234"


def test_a_number_is_taken_once(store: Store) -> None:
    store.create_extension("1001", "Anna", "ada")
    before = store.directory()
    with pytest.raises(Conflict, match="extension 1001 exists already"):
        store.create_extension("1001", "Bob", "ada")
    assert store.directory() == before


def test_renaming_keeps_the_password(store: Store) -> None:
    store.create_extension("1001", "Anna", "ada")
    account = store.directory().accounts["1001"]
    assert store.rename_extension("1001", "Anna Adams", "ada").name == "Anna Adams"
    snapshot = store.directory()
    assert snapshot.extensions["1001"].name == "Anna Adams"
    assert snapshot.accounts["1001"] == account
    with pytest.raises(ConfigError) as refused:
        store.rename_extension("1001", "a\nb", "ada")
    assert paths(refused) == ["name"]


def test_renaming_to_the_same_name_is_no_change(store: Store) -> None:
    store.create_extension("1001", "Anna", "ada")
    store.rename_extension("1001", "Anna", "ada")
    assert len(store.revisions()) == 1


def test_a_new_password_replaces_the_old(store: Store) -> None:
    _, old = store.create_extension("1001", "Anna", "ada")
    before = store.directory().accounts["1001"]
    assert store.new_password("1001", "ada") != old
    assert store.directory().accounts["1001"].ha1 != before.ha1


def test_what_is_not_there_is_not_found(store: Store) -> None:
    for call in (
        lambda: store.extension("1001"),
        lambda: store.rename_extension("1001", "x", "ada"),
        lambda: store.new_password("1001", "ada"),
        lambda: store.delete_extension("1001", "ada"),
    ):
        with pytest.raises(NotFound, match="there is no extension 1001"):
            call()


def test_a_deleted_extension_is_gone_with_its_account(store: Store) -> None:
    store.create_extension("1001", "Anna", "ada")
    store.delete_extension("1001", "ada")
    snapshot = store.directory()
    assert snapshot.extensions == {}
    assert snapshot.accounts == {}


def test_a_new_domain_makes_new_digests(store: Store) -> None:
    store.ensure_site("old.example.org")
    _, password = store.create_extension("1001", "Anna", "ada")
    assert store.set_site(Site("NEW.example.org"), "ada") == 3
    assert store.set_site(Site("new.example.org"), "ada") is None
    expected = md5(f"1001:new.example.org:{password}".encode()).hexdigest()
    assert store.directory().accounts["1001"].ha1["MD5"] == expected
    with pytest.raises(ConfigError) as refused:
        store.set_site(Site("not a host"), "ada")
    assert paths(refused) == ["site.domain"]


# -- import and export


def test_the_sample_office_is_imported_and_a_second_time_changes_nothing(store: Store) -> None:
    change = store.import_office(office(), "ada")
    assert change.created == ("site", "extension 1001", "extension 1002", "trunk trusted")
    assert change.revision == 1
    assert change.passwords == {}
    snapshot = store.directory()
    text = b"1002:127.0.0.20:Rig-secret-2026"
    assert snapshot.accounts["1002"].ha1["SHA-256"] == sha256(text).hexdigest()
    assert snapshot.trunks == (Trunk("trusted", "ip", "127.0.0.9"),)
    again = store.import_office(office(), "ada")
    assert again.revision is None
    assert again.unchanged == change.created
    assert not again.created
    assert store.directory() == snapshot


def test_an_import_adds_and_updates_but_deletes_only_when_told(store: Store) -> None:
    store.import_office(office(), "ada")
    part = Office(None, (ExtensionConfig("1001", "Anna Brown"), ExtensionConfig("1003", "Cleo")))
    change = store.import_office(part, "ada")
    assert (change.created, change.updated, change.deleted) == (("extension 1003",), ("extension 1001",), ())
    assert [row.number for row in store.extensions()] == ["1001", "1002", "1003"]
    change = store.import_office(part, "ada", replace=True)
    assert change.deleted == ("extension 1002", "trunk trusted")
    assert change.unchanged == ("extension 1001", "extension 1003")
    assert store.site().domain == "127.0.0.20"


def test_an_import_without_a_password_keeps_it_or_makes_one(store: Store) -> None:
    store.import_office(office(), "ada")
    anna = store.directory().accounts["1001"]
    part = Office(None, (ExtensionConfig("1001", "Anna Brown"), ExtensionConfig("1003", "Cleo")))
    change = store.import_office(part, "ada")
    assert store.directory().accounts["1001"] == anna
    text = f"1003:127.0.0.20:{change.passwords['1003']}".encode()
    assert list(change.passwords) == ["1003"]
    assert store.directory().accounts["1003"].ha1["MD5"] == md5(text).hexdigest()
    assert change.passwords["1003"] not in repr(change)


def test_an_import_is_judged_together_with_what_is_there(store: Store) -> None:
    store.import_office(office(), "ada")
    before = store.directory()
    clash = Office(None, (ExtensionConfig("1009", "New"),), (TrunkConfig("other", "ip", "127.0.0.9"),))
    with pytest.raises(ConfigError) as refused:
        store.import_office(clash, "ada")
    assert str(refused.value) == "trunk other.address: '127.0.0.9' is the address of trunk trusted too"
    assert store.directory() == before


def test_an_import_that_nobody_checked_is_checked(store: Store) -> None:
    with pytest.raises(ConfigError) as refused:
        store.import_office(Office(Site("x y"), (ExtensionConfig("*43", "Echo"),)), "ada")
    assert paths(refused) == ["site.domain", "extensions[0].number"]
    assert store.revisions() == []


def test_an_export_imports_again_without_a_change(store: Store) -> None:
    store.import_office(office(), "ada")
    text = dump_yaml(store.office())
    assert "password:" not in text
    assert text.startswith("# Phone passwords are not exported.")
    assert store.import_office(read(load_yaml(text)), "ada", replace=True).revision is None


def test_no_password_is_on_the_disk_in_clear(store: Store, tmp_path: Path) -> None:
    store.import_office(office(), "ada")
    store.delete_extension("1001", "ada")
    store.close()
    for file in (tmp_path / "data").iterdir():
        assert b"Rig-secret" not in file.read_bytes(), file
