"""The first administrator, made once with the one-time code."""

from typing import Any

import pytest
from falcon import testing

from pbx.api import passwords
from tests.api.conftest import PASSWORD, Api


def claim(api: Api, code: str | None = None, **more: Any) -> testing.Result:
    given = {
        "code": api.store.claim_code() if code is None else code,
        "username": more.pop("username", "Ada"),
        "password": more.pop("password", PASSWORD),
    }
    return api.anonymous("POST", "/api/setup/claim", json=given, **more)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real cost has a test of its own."""
    monkeypatch.setattr(passwords, "ROUNDS", 4)


def test_a_new_box_says_that_it_is_free(fresh: Api) -> None:
    setup = fresh.anonymous("GET", "/api/setup").json
    assert setup == {"claimed": False, "name": "Office", "version": "0.1.0"}


def test_the_code_makes_the_first_administrator_and_signs_them_in(fresh: Api) -> None:
    result = claim(fresh)
    assert result.status_code == 201
    assert result.json["user"] == {"username": "ada", "role": "admin"}
    assert result.cookies["warden_refresh"].http_only
    assert fresh.anonymous("GET", "/api/setup").json["claimed"] is True
    assert fresh.sign_in().status_code == 200


def test_the_code_is_read_as_people_type_it(fresh: Api) -> None:
    code = fresh.store.claim_code()
    assert code is not None
    assert claim(fresh, f" {code.lower().replace('-', ' ')} ").status_code == 201


def test_it_works_once(fresh: Api) -> None:
    code = fresh.store.claim_code()
    assert claim(fresh, code).status_code == 201
    again = claim(fresh, code, username="eve")
    assert again.status_code == 409
    assert "claimed already" in again.json["detail"]
    assert fresh.sign_in("eve").status_code == 401


def test_a_wrong_code_is_told_where_the_right_one_is(fresh: Api) -> None:
    result = claim(fresh, "0000-0000")
    assert result.status_code == 403
    assert "printed where Warden was started" in result.json["detail"]
    assert fresh.offload.asked == []


def test_a_code_that_is_no_ascii_is_wrong_and_nothing_worse(fresh: Api) -> None:
    assert claim(fresh, "ä😀").status_code == 403


def test_the_fifth_wrong_code_locks_the_address_for_ten_minutes(fresh: Api) -> None:
    assert [claim(fresh, "0000-0000").status_code for _ in range(6)] == [403] * 5 + [429]
    locked = claim(fresh)
    assert locked.status_code == 429
    assert locked.headers["retry-after"] == "600"
    assert locked.json["detail"] == "Too many wrong codes from your address. Try again in 10 minutes."
    fresh.clock.now += 600
    assert claim(fresh).status_code == 201


def test_somebody_else_can_still_claim_meanwhile(fresh: Api) -> None:
    for _ in range(6):
        claim(fresh, "0000-0000", remote_addr="192.0.2.66")
    assert claim(fresh).status_code == 201


def test_weak_passwords_and_odd_names_are_told_by_field(fresh: Api) -> None:
    result = claim(fresh, username="-", password="short")
    assert result.status_code == 422
    assert {error["field"] for error in result.json["errors"]} == {"username", "password"}
    assert "at least 10" in result.json["detail"]
    assert claim(fresh).status_code == 201
