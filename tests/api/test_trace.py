"""What was said in a call, while it is up and when it is recorded."""

import pytest

from pbx.switch.events import CallEnded, CallView
from tests.api.conftest import Api, Said


@pytest.mark.parametrize("recorded", [False, True])
def test_the_trace_of_a_call_in_three_forms(api: Api, record: CallView, recorded: bool) -> None:
    if recorded:
        api.store.write([CallEnded(record)])
    else:
        api.exchange.live[record.call] = record
    api.exchange.traces[record.call] = Said("Answered.", ("INVITE",))
    path = f"/api/calls/{record.call}/trace"
    assert api("GET", path).json == {"call": record.call, "verdict": "Answered.", "messages": ["INVITE"]}
    assert api("GET", f"{path}.txt").text == "said"
    capture = api("GET", f"{path}.pcap")
    assert capture.content == b"pcap"
    assert capture.headers["content-disposition"] == f'attachment; filename="call-{record.call}.pcap"'


@pytest.mark.parametrize("kind", ["", ".txt", ".pcap"])
def test_what_is_not_kept_any_more_is_said_in_words(api: Api, record: CallView, kind: str) -> None:
    path = f"/api/calls/{record.call}/trace{kind}"
    assert api("GET", path).json["detail"] == "There is no such call."
    api.store.write([CallEnded(record)])
    gone = api("GET", path)
    assert gone.status_code == 404
    assert "not kept any more" in gone.json["detail"]
    assert api.anonymous("GET", path).status_code == 401
