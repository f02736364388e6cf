"""What every request must pass, and what every answer carries."""

import pytest

from pbx.api.auth import ACCESS_SECONDS, Tokens
from pbx.api.guard import host_of
from tests.api.conftest import Api


@pytest.mark.parametrize("path", ["/api/setup", "/api/nothing", "/api/extensions", "/", "/metrics", "/x.js"])
def test_every_answer_carries_the_security_headers(api: Api, path: str) -> None:
    headers = api.anonymous("GET", path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "microphone=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", [
    "192.0.2.10:9000", "127.0.0.1", "[::1]:9000", "[2001:db8::1]", "localhost:9000", "warden.local",
    "pbx.example.org", "PBX.Example.Org.:443", "pbx-box", "app.localhost",
])
def test_our_own_names_are_answered(api: Api, host: str) -> None:
    assert api.anonymous("GET", "/api/setup", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", [
    "evil.example", "192.0.2.10.evil.example", "pbx.example.org.evil.example", "localhost.evil.example",
    "local", "x" * 300, "pbx.example.org@evil.example",
])
def test_a_strangers_name_is_misdirected(api: Api, host: str) -> None:
    result = api.anonymous("GET", "/api/setup", headers={"Host": host})
    assert result.status_code == 421
    assert "Open Warden by its IP address or host name." in result.json["detail"]


@pytest.mark.parametrize(("given", "host"), [
    ("A.b:80", "a.b"), ("[::1]:80", "::1"), ("", ""), (":80", ""), ("a.b.", "a.b"),
])
def test_the_host_of_a_header(given: str, host: str) -> None:
    assert host_of(given) == host


@pytest.mark.parametrize(("site", "status"), [
    ("same-origin", 201), (None, 201), ("cross-site", 403), ("same-site", 403), ("none", 403),
])
def test_another_sites_page_changes_nothing(api: Api, site: str | None, status: int) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    result = api("POST", "/api/extensions", json={"number": "1001", "name": "Anna"}, headers=headers)
    assert result.status_code == status


@pytest.mark.parametrize(("origin", "status"), [
    ("http://pbx-box:9000", 201), ("https://PBX-box:9000", 201), ("http://evil.example", 403), ("null", 403),
    ("http://pbx-box", 403),
])
def test_an_old_browser_names_the_page_only_in_origin(api: Api, origin: str, status: int) -> None:
    headers = {"Origin": origin, "Host": "pbx-box:9000"}
    result = api("POST", "/api/extensions", json={"number": "1001", "name": "Anna"}, headers=headers)
    assert result.status_code == status


def test_a_link_from_elsewhere_may_open_the_console(api: Api) -> None:
    assert api.anonymous("GET", "/api/setup", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_large_body_is_413_before_it_is_read(api: Api) -> None:
    result = api.anonymous("POST", "/api/auth/sign-in", body="x" * 65_537)
    assert result.status_code == 413
    assert "64 KiB" in result.json["detail"]


@pytest.mark.parametrize("header", ["", "Basic YWRhOng=", "Bearer", "Bearer x.y.z", "Bearer \xff"])
def test_what_is_no_token_is_401_with_a_challenge(api: Api, header: str) -> None:
    result = api.anonymous("GET", "/api/phones", headers={"Authorization": header})
    assert result.status_code == 401
    assert result.headers["www-authenticate"].startswith('Bearer realm="warden"')


def test_a_token_ends_after_ten_minutes(api: Api) -> None:
    api.clock.now += ACCESS_SECONDS - 1
    assert api("GET", "/api/phones").status_code == 200
    api.clock.now += 1
    result = api("GET", "/api/phones")
    assert result.status_code == 401
    assert 'error="invalid_token"' in result.headers["www-authenticate"]


def test_a_token_signed_by_somebody_else_is_refused(api: Api) -> None:
    api.token = Tokens(b"another key of thirty-two bytes.", api.clock).issue("ada", "admin")
    assert api("GET", "/api/phones").status_code == 401


def test_a_token_without_a_signature_is_refused(api: Api) -> None:
    api.token = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhZGEiLCJyb2xlIjoiYWRtaW4ifQ."
    assert api("GET", "/api/phones").status_code == 401


def test_metrics_are_for_administrators(api: Api) -> None:
    assert api("GET", "/metrics").text.count("warden_info") > 0
    assert api.anonymous("GET", "/metrics").status_code == 401


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_metrics_are_for_programs_on_this_machine(api: Api, peer: str) -> None:
    assert api.anonymous("GET", "/metrics", remote_addr=peer).status_code == 200


def test_a_peer_that_nobody_knows_is_not_this_machine(api: Api) -> None:
    assert api.anonymous("GET", "/metrics", remote_addr="").status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_metrics_do_not_leak_through_a_proxy_on_this_machine(api: Api, header: str) -> None:
    result = api.anonymous("GET", "/metrics", remote_addr="127.0.0.1", headers={header: "127.0.0.1"})
    assert result.status_code == 401


def test_health_tells_strangers_one_word_and_administrators_all(api: Api) -> None:
    assert api.anonymous("GET", "/api/health").json == {"status": "ok"}
    assert api("GET", "/api/health").json.keys() == {"status", "version", "uptime", "checks", "ports"}


def test_an_expired_token_is_not_taken_for_a_stranger(api: Api) -> None:
    api.clock.now += ACCESS_SECONDS
    assert api("GET", "/api/health").status_code == 401
