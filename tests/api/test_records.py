"""Call records, filtered and paged."""

from dataclasses import replace

import pytest
from falcon import testing

from pbx.switch.events import CallEnded, CallView, LegView, Party
from pbx.wire.media import Counters
from tests.api.conftest import START, Api


@pytest.fixture
def _ten(api: Api, record: CallView) -> None:
    """Ten calls, a minute apart; the even ones found nobody."""
    for index in range(10):
        cause = "no_answer" if index % 2 == 0 else "normal"
        started = START + 60 * index
        api.store.write([CallEnded(replace(record, call=f"c-{index}", started=started, cause=cause))])


def ids(result: testing.Result) -> list[str]:
    assert result.status_code == 200
    return [item["call"] for item in result.json["items"]]


def test_there_are_none_at_first(api: Api) -> None:
    assert api("GET", "/api/records").json == {"items": [], "next": None}


@pytest.mark.usefixtures("_ten")
def test_the_newest_stands_first(api: Api) -> None:
    assert ids(api("GET", "/api/records")) == [f"c-{index}" for index in range(9, -1, -1)]


@pytest.mark.usefixtures("_ten")
def test_pages_follow_one_another_without_gap_or_repeat(api: Api) -> None:
    pages, cursor = [], ""
    while cursor is not None:
        result = api("GET", "/api/records", params={"limit": "4", "cursor": cursor})
        pages.append(ids(result))
        cursor = result.json["next"]
    assert [len(page) for page in pages] == [4, 4, 2]
    assert [call for page in pages for call in page] == [f"c-{index}" for index in range(9, -1, -1)]


@pytest.mark.usefixtures("_ten")
@pytest.mark.parametrize(("query", "found"), [
    ("cause=no_answer", 5),
    ("number=1002", 10),
    ("number=1003", 0),
    (f"since={START + 300}", 5),
    (f"until={START + 300}", 5),
    ("since=2027-01-15T08:01:00Z&until=2027-01-15T08:03:00Z", 2),
    ("text=anna", 10),
    ("cause=normal&number=1001&limit=3", 3),
    ("cause=&number=&since=", 10),
])
def test_filters_narrow_it_down(api: Api, query: str, found: int) -> None:
    assert len(ids(api("GET", f"/api/records?{query}"))) == found


@pytest.mark.parametrize(("query", "field"), [
    ("cause=bored", "cause"),
    ("since=yesterday", "since"),
    ("limit=1000", "limit"),
    ("cursor=made-up", "cursor"),
    ("colour=red", "colour"),
    ("number=%00", "number"),
])
def test_a_filter_that_cannot_be_used_is_named(api: Api, query: str, field: str) -> None:
    result = api("GET", f"/api/records?{query}")
    assert result.status_code == 422
    assert [error["field"] for error in result.json["errors"]] == [field]


def test_one_record_shows_its_legs_and_their_audio(api: Api, record: CallView) -> None:
    counters = Counters("a", received=1500, sent=1498, lost=2, jitter=1.5)
    anna = Party("1001", "Anna Adams")
    leg = LegView("a", anna, "in", "192.0.2.77:5060", "Linphone/5", "ended", "PCMA", "normal", counters)
    api.store.write([CallEnded(replace(record, legs=(leg,)))])
    shown = api("GET", "/api/records/c-1").json
    assert shown["ended"] == record.ended
    assert shown["cause_text"] == "hung up"
    assert shown["legs"][0]["codec"] == "PCMA"
    assert shown["legs"][0]["counters"]["lost"] == 2


def test_no_such_record_is_404(api: Api) -> None:
    result = api("GET", "/api/records/none")
    assert result.status_code == 404
    assert result.json["detail"] == "There is no record of such a call."
