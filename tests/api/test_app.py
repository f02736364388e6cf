"""The table of routes: nothing is open by accident."""

import re
from dataclasses import replace

import falcon
import peewee
import pytest

from pbx.api.app import Route, make_app, roles, routes
from pbx.api.auth import Sessions, Tokens
from pbx.api.guard import Access
from tests.api.conftest import Api


class Reader:
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None: ...


class ReaderAndWriter(Reader):
    def on_post(self, request: falcon.Request, response: falcon.Response) -> None: ...


def test_a_method_without_a_role_stops_the_start() -> None:
    with pytest.raises(ValueError, match="POST /api/x has no role"):
        roles((Route("/api/x", ReaderAndWriter(), {"GET": Access.ADMIN}),))


def test_a_role_without_a_method_stops_the_start() -> None:
    with pytest.raises(ValueError, match="PATCH /api/x has no responder"):
        roles((Route("/api/x", Reader(), {"GET": Access.ADMIN, "PATCH": Access.ADMIN}),))


def test_a_role_that_does_not_exist_stops_the_start() -> None:
    with pytest.raises(ValueError, match="everybody"):
        roles((Route("/api/x", Reader(), {"GET": "everybody"}),))  # type: ignore[dict-item]


def every_route(api: Api) -> list[tuple[str, str, Access]]:
    signing = Sessions(api.services, Tokens(b"k" * 32, api.clock))
    return [
        (method, re.sub(r"\{.*?\}", "1001", path), access)
        for path, _, methods in routes(api.services, signing)
        for method, access in methods.items()
    ]


def test_strangers_get_nowhere_but_to_what_is_declared_public(api: Api) -> None:
    for method, path, access in every_route(api):
        status = api.anonymous(method, path).status_code
        closed = access in (Access.ADMIN, Access.MACHINE)
        assert status == 401 if closed else status in (200, 415), (method, path, status)


def test_a_token_of_another_role_gets_nowhere_either(api: Api) -> None:
    token = Tokens(api.store.secret("access-token"), api.clock).issue("otto", "operator")
    for method, path, access in every_route(api):
        if access in (Access.ADMIN, Access.MACHINE):
            result = api.anonymous(method, path, headers={"Authorization": f"Bearer {token}"})
            assert result.status_code == 403, (method, path)


def test_the_public_routes_are_exactly_these(api: Api) -> None:
    assert {(method, path) for method, path, access in every_route(api) if access is Access.PUBLIC} == {
        ("GET", "/api/setup"),
        ("POST", "/api/setup/claim"),
        ("POST", "/api/auth/sign-in"),
        ("POST", "/api/auth/refresh"),
        ("POST", "/api/auth/sign-out"),
    }


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/api/nothing", 404),
    ("GET", "/api", 404),
    ("GET", "/api/revisions/soon/undo", 404),
    ("POST", "/api/revisions/99999999999999999999/undo", 404),
    ("PUT", "/api/extensions", 405),
    ("OPTIONS", "/api/extensions", 405),
    ("TRACE", "/api/extensions", 405),
])
def test_what_is_not_there_is_a_problem_in_words(api: Api, method: str, path: str, status: int) -> None:
    result = api(method, path)
    assert result.status_code == status
    assert result.headers["content-type"] == "application/problem+json"
    assert result.json["status"] == status
    assert result.json["detail"].endswith(".")


def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    result = api("PUT", "/api/extensions/1001", json={"name": "x"})
    assert result.headers["allow"] == "DELETE, GET, HEAD, PATCH"
    assert result.json["detail"] == "PUT is not possible here; wanted DELETE or GET or HEAD or PATCH."


def test_whatever_can_be_read_can_be_asked_for_its_head(api: Api) -> None:
    for method, path, access in every_route(api):
        if method == "GET":
            head, whole = api("HEAD", path), api("GET", path)
            assert (head.status_code, head.content) == (whole.status_code, b""), path
            assert head.headers["content-type"] == whole.headers["content-type"]
            closed = access in (Access.ADMIN, Access.MACHINE)
            assert api.anonymous("HEAD", path).status_code == (401 if closed else 200)
    assert api("HEAD", "/api/setup/claim").status_code == 405


def test_a_defect_is_a_sentence_to_the_client_and_a_traceback_in_the_log(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> tuple[()]:
        raise ZeroDivisionError("secret detail")

    api.client.app = make_app(replace(api.services, health=broken))
    result = api("GET", "/api/health?token=hidden")
    assert result.status_code == 500
    assert "secret detail" not in result.text
    assert "ZeroDivisionError" in caplog.text
    assert "hidden" not in caplog.text


def test_a_failing_database_is_503_and_says_that_nothing_was_saved(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise peewee.OperationalError("database or disk is full")

    monkeypatch.setattr(api.offload, "store", full)
    result = api("POST", "/api/extensions", json={"number": "1001", "name": "Anna"})
    assert result.status_code == 503
    assert "nothing was saved" in result.json["detail"]
    assert "disk is full" in caplog.text
