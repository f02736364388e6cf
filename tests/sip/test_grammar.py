"""Lists, quoted strings and parameters as strangers write them."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.grammar import (
    MAX_ELEMENTS,
    MAX_PARAMS,
    digits,
    format_params,
    get_param,
    parse_params,
    put_param,
    quote,
    split_list,
    unquote,
)


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("", []),
        ("one", ["one"]),
        ("one,two ,\tthree", ["one", "two", "three"]),
        (",,one,,", ["one"]),
        ('"a, b" <sip:x@y>, <sip:c,d@e>;p=1', ['"a, b" <sip:x@y>', "<sip:c,d@e>;p=1"]),
        (r'"quote \" and , comma" <sip:x@y>,z', [r'"quote \" and , comma" <sip:x@y>', "z"]),
        (r'"ends in a backslash \\",z', [r'"ends in a backslash \\"', "z"]),
    ],
)
def test_lists_split_at_commas_outside_quotes_and_brackets(text: str, elements: list[str]) -> None:
    assert split_list(text) == elements


@pytest.mark.parametrize("text", ['a,"b', "a,<b", 'a,"b\\"', "," * (MAX_ELEMENTS + 1)])
def test_unbalanced_or_endless_lists_are_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        split_list(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("", ()),
        (";lr", (("lr", None),)),
        (";Tag=A1b;X=y", (("tag", "A1b"), ("x", "y"))),
        ('; text="a;b, \\"c\\"" ;q=0.5', (("text", '"a;b, \\"c\\""'), ("q", "0.5"))),
        (";received=[2001:db8::1]", (("received", "[2001:db8::1]"),)),
        (";empty=", (("empty", ""),)),
        ("; tag =\t1 ;  lr ", (("tag", "1"), ("lr", None))),
    ],
)
def test_parameters_keep_order_and_spelling(text: str, params: tuple[tuple[str, str | None], ...]) -> None:
    assert parse_params(text) == params


@pytest.mark.parametrize(
    "text",
    [
        ";",
        "; a;",
        ";;a",
        ";a;",
        ";a=b c",
        ";a=b,c",
        ";a=<b>",
        ';a="b',
        ";a=1;;b",
        ";=x",
        "; ;",
        ';a="b"c',
        ';tag="x"',
        ';branch="x"',
        ";é=1",
    ],
)
def test_malformed_parameters_are_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_params(text)


@pytest.mark.parametrize("glue", ["", " "])
def test_the_number_of_parameters_is_limited(glue: str) -> None:
    assert len(parse_params(f";a{glue}" * MAX_PARAMS)) == MAX_PARAMS
    with pytest.raises(RemoteProtocolError):
        parse_params(f";a{glue}" * (MAX_PARAMS + 1))


def test_parameters_are_found_and_replaced_by_name() -> None:
    params = parse_params(';a=1;text="x \\" y";flag;a=2')
    assert get_param(params, "a") == "1"
    assert get_param(params, "text") == 'x " y'
    assert get_param(params, "flag") == ""
    assert get_param(params, "absent") is None
    assert format_params(put_param(params, "flag", "on")) == ';a=1;text="x \\" y";flag=on;a=2'
    assert format_params(put_param((), "rport", None)) == ";rport"


@pytest.mark.parametrize("text", ["", "plain", 'say "hi"', "back\\slash", '\\"', "ünï"])
def test_quoting_is_undone_by_unquoting(text: str) -> None:
    assert unquote(quote(text)) == text


@given(st.text('\\"a'))
def test_a_backslash_escapes_whatever_follows(inside: str) -> None:
    plain, rest = "", inside
    while rest:
        escaped = rest[0] == "\\"
        plain, rest = plain + rest[escaped : escaped + 1], rest[1 + escaped :]
    assert unquote(f'"{inside}"') == plain


def test_unquoted_text_is_left_alone() -> None:
    assert unquote('"') == '"'
    assert unquote("a\\b") == "a\\b"


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_0", "٣", "1.0", " 1", "256", "9" * 5000])
def test_numbers_are_plain_and_bounded(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        digits(text, 255, "Number")
    assert digits("0255", 255, "Number") == 255


@pytest.mark.parametrize(
    "text", ['"' * 60001, '"\\' * 30000, "<" * 60000, ' "' * 30000, "\\" * 60000, " ," * 60]
)
def test_hostile_lists_take_linear_time(text: str) -> None:
    began = time.process_time()
    with suppress(RemoteProtocolError):
        split_list("," + text)
    with suppress(RemoteProtocolError):
        parse_params(";a=" + text)
    assert time.process_time() - began < 0.5
