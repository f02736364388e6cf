"""A document becomes an office, or every reason why not."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.config import ConfigError, ExtensionConfig, Office, Site, TrunkConfig, load_yaml, read

OFFICE = """\
site: {domain: 127.0.0.20}
extensions:
  - {number: "1001", name: Anna Adams, password: Rig-secret-2026}
  - {number: "1002", name: Bob Brown, password: Rig-secret-2026}
trunks:
  - {name: trusted, kind: ip, address: 127.0.0.9}   # may call in without a digest, from this address only
"""


def problems(document: object, allow_weak: bool = False) -> dict[str, str]:
    with pytest.raises(ConfigError) as refused:
        read(document, allow_weak)
    return {problem.path: problem.message for problem in refused.value.problems}


def extension(**fields: object) -> dict[str, Any]:
    return {"extensions": [{"number": "1001", "name": "Anna Adams"} | fields]}


def test_the_sample_office_reads_as_it_stands() -> None:
    assert read(load_yaml(OFFICE)) == Office(
        Site("127.0.0.20", "Office"),
        (
            ExtensionConfig("1001", "Anna Adams", "Rig-secret-2026"),
            ExtensionConfig("1002", "Bob Brown", "Rig-secret-2026"),
        ),
        (TrunkConfig("trusted", "ip", "127.0.0.9"),),
    )


def test_everything_may_be_left_out_but_not_everything_at_once() -> None:
    assert read({}) == Office()
    assert read({"extensions": None}) == Office()
    assert problems(None) == {"": "the document is empty; wanted the keys site, extensions, trunks, routes"}
    assert problems([]) == {"": "the document is a list; wanted the keys site, extensions, trunks, routes"}


def test_all_problems_are_told_each_with_its_path() -> None:
    document = {
        "site": {"domian": "pbx"},
        "extensions": [
            {"number": "1", "name": ""},
            7,
            {},
            {"number": "22", "name": "a\nb", "password": "1234"},
        ],
        "trunks": [{"name": "a", "kind": "sip", "address": "1.2.3"}],
        "extentions": [],
    }
    found = problems(document)
    assert list(found) == [
        "extentions",
        "site.domian",
        "site.domain",
        "extensions[0].number",
        "extensions[0].name",
        "extensions[1]",
        "extensions[2].number",
        "extensions[2].name",
        "extensions[3].name",
        "extensions[3].password",
        "trunks[0].kind",
        "trunks[0].address",
    ]
    assert found["extentions"] == "is not a known key; did you mean 'extensions'?"
    assert found["site.domian"] == "is not a known key; did you mean 'domain'?"
    assert found["extensions[2].number"] == "is missing"
    wanted = "is not a host name or an IP address; wanted one, like 192.0.2.10"
    assert found["trunks[0].address"] == f"'1.2.3' {wanted}"


def test_an_unknown_key_with_no_near_one_names_the_known() -> None:
    found = problems(extension(colour="red"))
    known = "number, name, password, outside"
    assert found["extensions[0].colour"] == f"is not a known key; the known keys are {known}"


def test_a_flood_of_problems_is_cut() -> None:
    found = problems({"extensions": [1] * 5000})
    assert len(found) == 101
    assert found[""] == "only the first 100 problems are shown"


def test_numbers_names_and_addresses_are_one_to_one() -> None:
    anna = {"number": "1001", "name": "Anna"}
    trunk = {"name": "a", "kind": "ip", "address": "192.0.2.1"}
    bob, other = {"number": 1001, "name": ""}, trunk | {"name": "b"}
    document = {"extensions": [anna, bob], "trunks": [trunk, other, trunk]}
    assert problems(document) == {
        "extensions[1].number": "'1001' is the number of extensions[0] too",
        "extensions[1].name": "is empty; wanted 1 to 64 characters",
        "trunks[2].name": "'a' is the name of trunks[0] too",
        "trunks[1].address": "'192.0.2.1' is the address of trunks[0] too",
        "trunks[2].address": "'192.0.2.1' is the address of trunks[0] too",
    }


def test_a_weak_password_is_refused_unless_asked_for() -> None:
    found = problems(extension(password="1234"))
    assert found == {"extensions[0].password": "is too short (4 characters); wanted at least 12"}
    assert read(extension(password="1234"), allow_weak=True).extensions[0].password == "1234"
    assert "extensions[0].password" in problems(extension(password="ä" * 20), allow_weak=True)


def test_a_password_is_never_repeated() -> None:
    for secret in ("hunter2", "hunter\ntwo-hunters", "hunter1001hunter", "hunter" * 30):
        assert "hunter" not in str(problems(extension(password=secret)))
    assert "Rig" not in repr(read(load_yaml(OFFICE)))


_KEYS = ["site", "extensions", "trunks", "number", "name", "password", "domain", "kind", "x"]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(_json)
def test_any_document_is_read_or_refused_in_words(document: object) -> None:
    with suppress(ConfigError):
        assert isinstance(read(document), Office)
