"""Reading what clients send."""

import json
from typing import Any

import pytest
from falcon import testing

from pbx.api import schema
from pbx.api.problems import Problem


def body(raw: str | bytes, kind: type[Any] = schema.NewExtension, **environ: Any) -> Any:
    headers = {"Content-Type": "application/json", **environ.pop("headers", {})}
    return schema.body(testing.create_req(method="POST", body=raw, headers=headers, **environ), kind)


def refused(raw: str | bytes, kind: type[Any] = schema.NewExtension, **environ: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        body(raw, kind, **environ)
    return caught.value


def query(text: str, kind: type[Any] = schema.Records) -> Any:
    return schema.query(testing.create_req(query_string=text), kind)


def test_a_good_body_becomes_a_value() -> None:
    assert body('{"number": "1001", "name": " Anna "}') == schema.NewExtension("1001", "Anna", None)


def test_null_is_the_same_as_not_given() -> None:
    assert body('{"number": "1001", "name": "Anna", "password": null}').password is None


def test_every_wrong_field_is_told_at_once_with_what_is_wanted() -> None:
    problem = refused('{"number": "x", "name": "", "colour": "red"}')
    assert problem.status == 422
    errors = dict(problem.errors)
    assert errors.keys() == {"number", "name", "colour"}
    assert "2 to 6 digits" in errors["number"]
    assert "1 to 64" in errors["name"]
    assert "number, name, password" in errors["colour"]


def test_a_misspelt_field_is_guessed() -> None:
    assert "did you mean name?" in dict(refused('{"number": "1001", "nam": "Anna"}').errors)["nam"]


def test_a_missing_field_is_named() -> None:
    assert refused('{"number": "1001"}').errors == (("name", "is missing"),)


@pytest.mark.parametrize("raw", [
    "{", "[1,", '{"a": NaN}', '{"number": "1001", "number": "1002"}', b"\xff\xfe{}", "[" * 60_000,
])
def test_what_is_not_json_is_400(raw: str | bytes) -> None:
    assert refused(raw).status == 400


@pytest.mark.parametrize("raw", ["[]", '"text"', "3", "null"])
def test_json_that_is_no_object_is_422(raw: str) -> None:
    assert refused(raw).status == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_only_json_is_read(kind: str) -> None:
    assert refused("{}", headers={"Content-Type": kind}).status == 415


def test_a_content_type_may_name_its_charset() -> None:
    raw = json.dumps({"name": "Ann"})
    assert body(raw, schema.Rename, headers={"Content-Type": "Application/JSON; charset=utf-8"}).name == "Ann"


def test_a_body_of_unknown_length_is_411() -> None:
    assert refused("{}", headers={"Transfer-Encoding": "chunked"}).status == 411


def test_half_a_surrogate_pair_reaches_neither_bcrypt_nor_the_database() -> None:
    problem = refused('{"username": "ada", "password": "\\ud800"}', schema.SignIn)
    assert problem.errors == (("password", "has a broken character; wanted Unicode text"),)


def test_a_request_that_needs_no_body_takes_an_empty_object_but_nothing_else() -> None:
    assert body("{}", schema.Nothing) == schema.Nothing()
    assert body("", schema.Nothing) == schema.Nothing()
    assert refused('{"all": true}', schema.Nothing).errors[0].message == "is not known here; wanted none"


@pytest.mark.parametrize(("given", "seconds"), [
    ("0", 0.0),
    ("1800000000.5", 1_800_000_000.5),
    ("2027-01-15", 1_799_971_200.0),
    ("2027-01-15T08:00:00Z", 1_800_000_000.0),
    ("2027-01-15T09:00%2B01:00", 1_800_000_000.0),
    ("2027-01-15T09:00+01:00", 1_800_000_000.0),
])
def test_times_are_seconds_or_iso_8601(given: str, seconds: float) -> None:
    assert query(f"since={given}").since == seconds


@pytest.mark.parametrize("given", ["yesterday", "nan", "-5", "1e300", "2027-13-01", "0001-01-01T00:00"])
def test_other_times_are_refused_with_the_form_wanted(given: str) -> None:
    with pytest.raises(Problem, match=r"since: .*wanted a time"):
        query(f"since={given}")


@pytest.mark.parametrize("given", ["0", "501", "-1", "5.5", "²", "9" * 50, "all"])
def test_limits_are_whole_numbers_in_a_range(given: str) -> None:
    with pytest.raises(Problem, match="limit: wanted a whole number from 1 to 500"):
        query(f"limit={given}")


def test_a_query_says_everything_once() -> None:
    assert query("number=1001&cause=busy&limit=20&text=").limit == 20
    with pytest.raises(Problem, match="number: is given more than once"):
        query("number=1001&number=1002")
    with pytest.raises(Problem, match="cause: is not a cause; wanted one of normal, cancelled"):
        query("cause=bored")
    with pytest.raises(Problem, match=r"numbr: .*did you mean number"):
        query("numbr=1001")
