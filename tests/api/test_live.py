"""Phones and calls as they are now."""

from dataclasses import replace

from pbx.switch.events import BanView, BindingView, CallView, TrunkView
from tests.api.conftest import START, Api


def test_phones_are_shown_with_the_names_of_their_extensions(api: Api, binding: BindingView) -> None:
    api.store.create_extension("1001", "Anna Adams", "test")
    api.exchange.use(api.store.directory())
    api.exchange.registered = [binding]
    assert api("GET", "/api/phones").json == {"items": [{
        "extension": "1001",
        "name": "Anna Adams",
        "contact": "sip:1001@192.0.2.77:40012",
        "address": "192.0.2.77:40012",
        "transport": "udp",
        "user_agent": "Linphone/5",
        "since": START,
        "expires": START + 600,
    }]}


def test_a_phone_whose_extension_is_gone_is_still_shown(api: Api, binding: BindingView) -> None:
    api.exchange.registered = [binding]
    assert api("GET", "/api/phones").json["items"][0]["name"] == ""


def test_calls_are_shown_field_by_field(api: Api, call: CallView) -> None:
    api.exchange.live["c-1"] = call
    [shown] = api("GET", "/api/calls").json["items"]
    assert shown["call"] == "c-1"
    assert shown["state"] == "ringing"
    assert shown["caller"] == {"number": "1001", "name": "Anna Adams", "kind": "extension", "line": ""}
    assert shown["answered"] is None
    assert shown["legs"] == []


def test_hanging_up_is_accepted_once(api: Api, call: CallView) -> None:
    api.exchange.live["c-1"] = call
    assert api("DELETE", "/api/calls/c-1").status_code == 202
    assert api.exchange.live == {}
    again = api("DELETE", "/api/calls/c-1")
    assert again.status_code == 404
    assert again.json["detail"] == "This call is over already."


def test_health_is_as_bad_as_its_worst_check(api: Api) -> None:
    api.checks.append(replace(api.checks[0], slug="disk", status="warning", text="The disk is nearly full."))
    assert api.anonymous("GET", "/api/health").json == {"status": "warning"}
    api.checks.append(replace(api.checks[0], slug="database", status="failed", text="The disk is full."))
    api.clock.now += 60
    health = api("GET", "/api/health").json
    assert health["status"] == "failed"
    assert health["uptime"] == 60
    assert health["ports"] == {"used": 0, "total": 10_000}
    assert [check["slug"] for check in health["checks"]] == ["sip", "disk", "database"]
    assert health["checks"][0].keys() == {"slug", "title", "status", "text", "since"}


def test_trunks_are_shown_as_measured(api: Api) -> None:
    api.exchange.lines = [TrunkView("Main", "register", "down", "not registered: …", "", 0, 4, 0.0, 0.0)]
    [shown] = api("GET", "/api/trunks").json["items"]
    assert (shown["name"], shown["state"], shown["channels"]) == ("Main", "down", 4)
    assert "password" not in str(shown)


def test_bans_are_shown_and_lifted_once(api: Api) -> None:
    api.exchange.banned = [BanView("203.0.113.9", "1001", 55.0)]
    assert api("GET", "/api/security/bans").json["items"][0]["account"] == "1001"
    assert api("DELETE", "/api/security/bans?address=203.0.113.9&account=1002").status_code == 404
    assert api("DELETE", "/api/security/bans?address=203.0.113.9&account=1001").status_code == 200
    assert api("DELETE", "/api/security/bans?address=203.0.113.9&account=1001").status_code == 404
    assert api("DELETE", "/api/security/bans").status_code == 404


def test_the_ban_of_any_claimed_account_can_be_lifted(api: Api) -> None:
    api.exchange.banned = [BanView("2001:db8::9", "../a/b?&%", 55.0)]
    assert api("DELETE", "/api/security/bans?address=2001:db8::9&account=../a/b%3F%26%25").status_code == 200


def test_refusals_are_shown_with_what_was_counted(api: Api) -> None:
    assert api("GET", "/api/security/refusals").json == {
        "items": [{"address": "203.0.113.9", "reason": "scanner", "count": 3}],
        "totals": {"scanner": 3},
    }
