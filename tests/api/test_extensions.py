"""Extensions over the API: made, shown, renamed, deleted, and taken back."""

import xml.etree.ElementTree as ET

import pytest
from falcon import testing

from pbx.api.office import account_document, qr_code
from pbx.sip.flow import Address
from pbx.switch.events import BindingView
from tests.api.conftest import START, Api


def create(api: Api, number: str = "1001", name: str = "Anna Adams", **more: str) -> testing.Result:
    return api("POST", "/api/extensions", json={"number": number, "name": name, **more})


def errors(result: testing.Result) -> dict[str, str]:
    return {error["field"]: error["message"] for error in result.json["errors"]}


def test_an_empty_office_lists_nothing(api: Api) -> None:
    assert api("GET", "/api/extensions").json == {"items": []}


def test_a_new_extension_comes_with_all_that_its_phone_needs(api: Api) -> None:
    result = create(api)
    assert result.status_code == 201
    assert result.headers["location"] == "/api/extensions/1001"
    shown = {"number": "1001", "name": "Anna Adams", "created": START, "outside": "", "phones": 0}
    assert result.json["extension"] == shown
    phone = result.json["phone"]
    assert len(phone.pop("password")) == 20
    assert phone.pop("qr_svg").startswith("<svg ")
    assert phone == {
        "username": "1001",
        "domain": "pbx.example.org",
        "server": "192.0.2.10:5060",
        "transport": "udp",
        "uri": "sip:1001@pbx.example.org",
    }


def test_the_password_is_shown_once(api: Api) -> None:
    password = create(api).json["phone"]["password"]
    for path in ("/api/extensions", "/api/extensions/1001", "/api/revisions"):
        assert password not in api("GET", path).text


def test_a_saved_change_is_in_use_at_once_and_told_to_every_console(api: Api) -> None:
    create(api)
    assert api.exchange.directory.extensions["1001"].name == "Anna Adams"
    assert "1001" in api.exchange.directory.accounts
    assert api.exchange.told == 1


def test_an_older_snapshot_never_replaces_a_newer_one(api: Api) -> None:
    create(api)
    newest = api.exchange.directory
    api.exchange.directory = newest.__class__(newest.domain, newest.revision + 5)
    create(api, "1002")
    assert api.exchange.directory.revision == newest.revision + 5


def test_a_chosen_password_is_kept_and_a_weak_one_refused(api: Api) -> None:
    assert create(api, password="Rig-secret-2026").json["phone"]["password"] == "Rig-secret-2026"
    weak = create(api, "1002", password="1234")
    assert weak.status_code == 422
    assert "at least 12" in errors(weak)["password"]


def test_a_taken_number_is_a_conflict_in_words(api: Api) -> None:
    create(api)
    result = create(api, name="Bob Brown")
    assert result.status_code == 409
    assert result.json["detail"] == "Extension 1001 exists already."
    assert api("GET", "/api/extensions/1001").json["name"] == "Anna Adams"


@pytest.mark.parametrize("number", ["1", "1234567", "*43", "10 1", "１００１", "10a1", ""])
def test_numbers_that_cannot_be_dialled_are_refused(api: Api, number: str) -> None:
    result = create(api, number)
    assert result.status_code == 422
    assert "2 to 6 digits" in errors(result)["number"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "Anna\r\nContact: <sip:evil>"])
def test_names_that_phones_cannot_show_are_refused(api: Api, name: str) -> None:
    result = create(api, name=name)
    assert result.status_code == 422
    assert errors(result).keys() == {"name"}


def test_the_list_counts_the_phones_that_are_registered(api: Api, binding: BindingView) -> None:
    create(api)
    create(api, "1002", "Bob Brown")
    api.exchange.registered = [binding, binding]
    phones = {item["number"]: item["phones"] for item in api("GET", "/api/extensions").json["items"]}
    assert phones == {"1001": 2, "1002": 0}
    assert api("GET", "/api/extensions/1001").json["phones"] == 2


def test_renaming(api: Api) -> None:
    create(api)
    result = api("PATCH", "/api/extensions/1001", json={"name": "Anna Baker"})
    assert result.status_code == 200
    assert result.json["name"] == "Anna Baker"
    assert api.exchange.directory.extensions["1001"].name == "Anna Baker"


def test_the_number_is_no_part_of_a_change(api: Api) -> None:
    create(api)
    result = api("PATCH", "/api/extensions/1001", json={"name": "Anna", "number": "1009"})
    assert result.status_code == 422
    assert errors(result)["number"] == "is not known here; wanted name"


def test_deleting_gives_the_revision_that_takes_it_back(api: Api) -> None:
    password = create(api).json["phone"]["password"]
    digests = api.exchange.directory.accounts["1001"].ha1
    result = api("DELETE", "/api/extensions/1001")
    assert result.status_code == 200
    assert api("GET", "/api/extensions/1001").status_code == 404
    assert "1001" not in api.exchange.directory.accounts

    undone = api("POST", f"/api/revisions/{result.json['revision']}/undo")
    assert undone.status_code == 200
    assert undone.json["revision"] > result.json["revision"]
    assert api("GET", "/api/extensions/1001").json["name"] == "Anna Adams"
    assert api.exchange.directory.accounts["1001"].ha1 == digests
    assert password not in undone.text


def test_an_undo_that_would_undo_somebody_elses_change_is_a_conflict(api: Api) -> None:
    create(api)
    revision = api("DELETE", "/api/extensions/1001").json["revision"]
    create(api, name="Carl Clark")
    result = api("POST", f"/api/revisions/{revision}/undo")
    assert result.status_code == 409
    assert "1001" in result.json["detail"]


def test_the_history_says_who_did_what(api: Api) -> None:
    create(api)
    newest = api("GET", "/api/revisions?limit=1").json["items"]
    assert len(newest) == 1
    assert newest[0]["who"] == "ada"
    assert newest[0]["why"] == "created extension 1001"
    assert newest[0]["differences"][0]["after"] == {"number": "1001", "name": "Anna Adams"}


def test_a_new_password_replaces_the_old_one(api: Api) -> None:
    old = create(api).json["phone"]["password"]
    digests = api.exchange.directory.accounts["1001"].ha1
    result = api("POST", "/api/extensions/1001/password", json={})
    assert result.status_code == 200
    assert result.json["phone"]["password"] != old
    assert result.json["phone"]["username"] == "1001"
    assert api.exchange.directory.accounts["1001"].ha1 != digests


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "/api/extensions/1999", None),
    ("PATCH", "/api/extensions/1999", {"name": "Nobody"}),
    ("DELETE", "/api/extensions/1999", None),
    ("POST", "/api/extensions/1999/password", {}),
    ("GET", "/api/extensions/%00%ff'--", None),
    ("POST", "/api/revisions/999/undo", None),
])
def test_what_is_not_there_is_404_in_words(api: Api, method: str, path: str, body: object) -> None:
    result = api(method, path, json=body) if body is not None else api(method, path)
    assert result.status_code == 404
    assert result.json["detail"].startswith("There is no ")


@pytest.mark.parametrize(("host", "server"), [
    ("192.0.2.99:9000", "192.0.2.99:5060"),
    ("[2001:db8::7]:9000", "[2001:db8::7]:5060"),
    ("localhost:9000", "192.0.2.10:5060"),
    ("127.0.0.1:9000", "192.0.2.10:5060"),
    ("pbx-box", "192.0.2.10:5060"),
])
def test_phones_are_sent_to_an_address_that_reaches_us(api: Api, host: str, server: str) -> None:
    """The one that the browser used, if it was one and phones elsewhere could use it too."""
    assert api("GET", "/api/site", headers={"Host": host}).json == {
        "domain": "pbx.example.org", "server": server, "transports": ["udp"], "name": "Office",
    }


def test_the_code_holds_a_whole_account_for_the_softphone_that_reads_one() -> None:
    text = account_document("192.0.2.10", Address("192.0.2.10", 5070), "1001", "Tom & <Ann>", "s3cret")
    account = ET.fromstring(text).find("Account")
    assert account is not None
    fields = {element.tag: element.text for element in account}
    assert fields["RegisterServer"] == "192.0.2.10:5070"
    assert fields["OutboundServer"] is None
    assert (fields["UserID"], fields["AuthID"], fields["AuthPass"]) == ("1001", "1001", "s3cret")
    assert fields["DisplayName"] == "Tom & <Ann>"


def test_the_code_names_the_server_when_the_domain_is_another() -> None:
    text = account_document("pbx.example.org", Address("192.0.2.10", 5060), "1001", "Ann", "s3cret")
    assert "<RegisterServer>pbx.example.org<" in text
    assert "<OutboundServer>192.0.2.10:5060<" in text


def test_the_picture_needs_no_styles_and_no_scripts() -> None:
    picture = ET.fromstring(qr_code("x" * 400))
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in picture.attrib
    assert not {"style", "class", "onload"} & {name for part in picture.iter() for name in part.attrib}
    assert {part.tag.partition("}")[2] for part in picture.iter()} == {"svg", "path"}
