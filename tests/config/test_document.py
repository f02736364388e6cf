"""YAML in, without trusting it; YAML out, so that it comes in again."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.config import ConfigError, ExtensionConfig, Office, Site, TrunkConfig, dump_yaml, load_yaml, read


def refusal(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as refused:
        load_yaml(text)
    return str(refused.value)


def test_a_document_becomes_plain_values() -> None:
    text = "site: {domain: 127.0.0.20}\nlist:\n- 1\n- two\n- true\n- null\n- '3'\nempty:\n"
    assert load_yaml(text) == {
        "site": {"domain": "127.0.0.20"},
        "list": [1, "two", True, None, "3"],
        "empty": None,
    }


@pytest.mark.parametrize("word", ["no", "On", "12:30", "1_000", "1e3", "0x1F", "2026-01-01", "<<", "+49"])
def test_words_that_yaml_would_turn_into_something_else_stay_words(word: str) -> None:
    assert load_yaml(f"name: {word}") == {"name": word}


def test_a_number_with_a_leading_zero_must_be_quoted() -> None:
    words = 'line 2: 0123 may be read in several ways; put it in quotes: "0123"'
    assert refusal("a:\n  number: 0123") == words
    assert load_yaml('number: "0123"') == {"number": "0123"}


def test_a_key_twice_is_refused_with_its_line() -> None:
    assert refusal("site: 1\nextensions: []\nsite: 2\n") == "line 3: the key 'site' is there already"
    assert refusal("a: [{x: 1,\n x: 2}]").startswith("line 2: the key 'x'")
    assert load_yaml("a: {x: 1}\nb: {x: 1}") == {"a": {"x": 1}, "b": {"x": 1}}


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 64))]
    assert refusal("\n".join(lines)) == "line 2: *a0 is an alias; write the value out"


def test_tags_and_further_documents_are_refused() -> None:
    assert "is a tag" in refusal("a: !!python/object/apply:os.system [id]")
    assert refusal("a: 1\n---\nb: 2") == "line 2: a second document begins; wanted one"


def test_deep_nesting_and_huge_documents_are_refused() -> None:
    assert load_yaml("[" * 16 + "]" * 16)
    assert refusal("[" * 17 + "]" * 17) == "line 1: is nested deeper than 16"
    # Newer parsers refuse so much by themselves.
    assert "nest" in refusal("[" * 100_000)
    assert refusal("a" * (4 * 2**20 + 1)) == "the document is larger than 4 MiB"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1,\nb: ]]", "line 2: is not YAML: "),
        ("a: 'x", "line 1: is not YAML: "),
        ("? [a]\n: b", "line 1: a key must be a word"),
        (b"a: \xff\xfe", "not UTF-8"),
        ("a: \0", "control characters"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(text: str | bytes, words: str) -> None:
    assert words in refusal(text)


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!?|>'\"#,% \n\t01", max_size=80))
def test_any_text_is_read_or_refused_in_words(text: str | bytes) -> None:
    with suppress(ConfigError):
        load_yaml(text)


def test_what_is_written_can_be_read() -> None:
    office = Office(
        Site("pbx.example.org", "No"),
        (ExtensionConfig("0123", "true"), ExtensionConfig("1001", "Zoë: #1", "Rig-secret-2026")),
        (TrunkConfig("[x]", "ip", "2001:db8::1"),),
    )
    assert read(load_yaml(dump_yaml(office))) == office
    assert read(load_yaml(dump_yaml(Office()))) == Office()
