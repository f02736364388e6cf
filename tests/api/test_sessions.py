"""Signing in, staying signed in, signing out."""

from typing import Any

import peewee
import pytest
from falcon import testing

from pbx.api import passwords
from pbx.api.auth import FREE_TRIES, REFRESH_SECONDS
from tests.api.conftest import PASSWORD, Api


def cookie_of(result: testing.Result) -> str:
    return result.cookies["warden_refresh"].value


def refresh(api: Api, token: str, **more: Any) -> testing.Result:
    return api.anonymous("POST", "/api/auth/refresh", json={}, cookies={"warden_refresh": token}, **more)


def sign_out(api: Api, token: str) -> testing.Result:
    return api.anonymous("POST", "/api/auth/sign-out", json={}, cookies={"warden_refresh": token})


def test_the_right_password_gives_a_token_that_works(api: Api) -> None:
    result = api.sign_in()
    assert result.status_code == 200
    assert result.json.keys() == {"access_token", "expires_in", "user"}
    assert result.json["user"] == {"username": "ada", "role": "admin"}
    assert result.json["expires_in"] == 600
    api.token = result.json["access_token"]
    assert api("GET", "/api/auth/me").json == {"username": "ada", "role": "admin"}


def test_the_user_name_is_read_as_it_was_kept(api: Api) -> None:
    assert api.sign_in(" Ada ").status_code == 200


def test_the_refresh_token_is_only_in_a_cookie_that_scripts_and_other_sites_cannot_use(api: Api) -> None:
    result = api.sign_in()
    cookie = result.cookies["warden_refresh"]
    assert cookie.http_only
    assert cookie.same_site == "Strict"
    assert cookie.path == "/api/auth"
    assert cookie.max_age == REFRESH_SECONDS
    assert not cookie.secure
    assert cookie.value not in result.text


def test_over_https_the_cookie_stays_on_https(api: Api) -> None:
    assert api.sign_in(protocol="https").cookies["warden_refresh"].secure


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(api: Api) -> None:
    wrong, unknown = api.sign_in(password="wrong horse 42"), api.sign_in("mallory")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json == unknown.json
    assert "set-cookie" not in wrong.headers
    assert b'warden_sign_in_failed_total{where="console"} 2.0' in api.telemetry.exposition()


def test_an_unknown_user_costs_the_same_work_as_a_known_one(api: Api) -> None:
    api.sign_in("mallory")
    [(work, (_, password_hash))] = api.offload.asked
    assert work is passwords.matches
    assert password_hash.startswith(f"$2b${passwords.ROUNDS}$")


def mistype(api: Api, times: int = FREE_TRIES) -> None:
    for _ in range(times):
        assert api.sign_in(password="wrong").status_code == 401


def test_who_mistypes_may_try_again_at_once(api: Api) -> None:
    mistype(api, FREE_TRIES - 1)
    assert api.sign_in().status_code == 200


def test_then_each_failure_doubles_the_wait_up_to_fifteen_minutes(api: Api) -> None:
    mistype(api, FREE_TRIES - 1)
    waits = []
    for _ in range(10):
        assert api.sign_in(password="wrong").status_code == 401
        locked = api.sign_in()
        assert locked.status_code == 429
        waits.append(int(locked.headers["retry-after"]))
        api.clock.now += waits[-1]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert api.sign_in().status_code == 200


def test_the_wait_is_told_in_words(api: Api) -> None:
    mistype(api)
    assert api.sign_in().json["detail"] == (
        "Too many wrong passwords for this user name from your address. Try again in 5 seconds."
    )


def test_waiting_costs_no_bcrypt(api: Api) -> None:
    mistype(api)
    work = len(api.offload.asked)
    api.sign_in()
    assert len(api.offload.asked) == work


def test_guesses_at_the_same_time_get_no_further_than_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    mistype(api, FREE_TRIES - 1)
    statuses = []

    def slow(password: str, password_hash: str) -> bool:
        monkeypatch.undo()
        statuses.append(api.sign_in(password="second guess").status_code)
        return False

    monkeypatch.setattr(passwords, "matches", slow)
    statuses.append(api.sign_in(password="first guess").status_code)
    assert statuses == [429, 401]


def test_nobody_can_lock_somebody_else_out_from_another_address(api: Api) -> None:
    for _ in range(FREE_TRIES):
        api.sign_in(password="wrong", remote_addr="192.0.2.66")
    assert api.sign_in().status_code == 200


def test_one_user_names_failures_are_not_anothers(api: Api) -> None:
    for _ in range(FREE_TRIES):
        api.sign_in("mallory")
    assert api.sign_in().status_code == 200


def test_success_forgets_the_failures(api: Api) -> None:
    mistype(api)
    api.clock.now += 5
    assert api.sign_in().status_code == 200
    mistype(api)
    assert api.sign_in().headers["retry-after"] == "5"


def test_a_full_disk_keeps_nobody_from_signing_in(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise peewee.OperationalError("database or disk is full")

    monkeypatch.setattr(api.store, "issue_token", full)
    result = api.sign_in()
    assert (result.status_code, "set-cookie" in result.headers) == (200, False)
    api.token = result.json["access_token"]
    assert api("GET", "/api/health").status_code == 200


def test_refreshing_gives_the_next_tokens(api: Api) -> None:
    first = cookie_of(api.sign_in())
    api.clock.now += 3600
    result = refresh(api, first)
    assert result.status_code == 200
    assert cookie_of(result) != first
    api.token = result.json["access_token"]
    assert api("GET", "/api/auth/me").status_code == 200


def test_a_refresh_token_used_twice_signs_its_whole_family_out(api: Api) -> None:
    stolen = cookie_of(api.sign_in())
    current = cookie_of(refresh(api, stolen))
    assert refresh(api, stolen).status_code == 401
    assert refresh(api, current).status_code == 401
    assert refresh(api, cookie_of(api.sign_in())).status_code == 200


def test_a_refresh_token_ends_after_fourteen_days(api: Api) -> None:
    token = cookie_of(api.sign_in())
    api.clock.now += REFRESH_SECONDS + 1
    assert refresh(api, token).status_code == 401


@pytest.mark.parametrize("token", ["", "made-up", "x" * 3000])
def test_a_made_up_refresh_token_is_401(api: Api, token: str) -> None:
    assert refresh(api, token).status_code == 401


def test_no_cookie_is_401(api: Api) -> None:
    result = api.anonymous("POST", "/api/auth/refresh", json={})
    assert result.status_code == 401
    assert result.json["detail"] == "Nobody is signed in here. Sign in first."


def test_signing_out_ends_the_session_and_takes_the_cookie_away(api: Api) -> None:
    token = cookie_of(api.sign_in())
    result = sign_out(api, token)
    assert result.status_code == 204
    assert result.cookies["warden_refresh"].value == ""
    assert result.cookies["warden_refresh"].path == "/api/auth"
    assert refresh(api, token).status_code == 401
    assert sign_out(api, token).status_code == 204


@pytest.mark.parametrize("path", ["/api/auth/refresh", "/api/auth/sign-out"])
def test_a_form_on_another_site_cannot_use_the_cookie(api: Api, path: str) -> None:
    cookies = {"warden_refresh": cookie_of(api.sign_in())}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.anonymous("POST", path, body="", headers=form, cookies=cookies).status_code == 415
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert api.anonymous("POST", path, json={}, headers=foreign, cookies=cookies).status_code == 403
    assert refresh(api, cookies["warden_refresh"]).status_code == 200


def test_no_token_and_no_password_reaches_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    token = cookie_of(api.sign_in())
    refresh(api, token)
    api.sign_in(password="wrong horse 42")
    assert token not in caplog.text
    assert PASSWORD not in caplog.text
    assert "wrong horse" not in caplog.text
