"""Facts in the log and on the metrics page."""

import io
import logging
from collections.abc import Iterator

import pytest

from pbx import logs
from pbx.logs import Throttle
from pbx.net.observe import Observer
from pbx.switch.events import CallEnded, CallView, MessageRejected, Party, SignInFailed
from pbx.telemetry import Telemetry

CALL = CallView(
    "c1", "ended", Party("1001"), "1002", Party("1002"), 100.0, answered=105.0, ended=117.0,
    cause="normal", cause_text="hung up", ended_by="caller",
)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.set_up()
    yield stream
    root.handlers[:], root.level = handlers, level
    logging.getLogger("warden").setLevel(logging.NOTSET)


def test_a_call_is_told_in_one_line_and_counted(log: io.StringIO) -> None:
    telemetry = Telemetry("1")
    Observer(telemetry)([CallEnded(CALL)])
    line = log.getvalue()
    assert line.endswith(" info switch: call c1: 1001 to 1002, spoke 12 s, hung up (caller)\n")
    assert b'warden_calls_ended_total{cause="normal"} 1.0' in telemetry.exposition()


def test_a_stranger_cannot_write_lines_of_his_own(log: io.StringIO) -> None:
    logging.getLogger("warden.switch").warning("from %s", "x\nfake\r\x1b[2J")
    assert log.getvalue().endswith("from x\\nfake\\x0d\\x1b[2J\n")


def test_a_flood_is_counted_whole_but_logged_in_part(log: io.StringIO) -> None:
    now = [0.0]
    telemetry = Telemetry("1")
    observer = Observer(telemetry, Throttle(5, lambda: now[0]))
    observer([SignInFailed("1001", "192.0.2.9")] * 100)
    now[0] = 1.0
    observer([SignInFailed("1001", "192.0.2.9", banned=60)])
    lines = log.getvalue().splitlines()
    assert len(lines) == 7
    assert "95 more events" in lines[5]
    assert lines[6].endswith("'1001' from 192.0.2.9, banned for 60 s")
    assert b'warden_sign_in_failed_total{where="sip"} 101.0' in telemetry.exposition()


def test_refused_messages_are_told_with_source_and_reason_and_hide_nothing_else(log: io.StringIO) -> None:
    now = [0.0]
    telemetry = Telemetry("1")
    observer = Observer(telemetry, Throttle(5, lambda: now[0]), Throttle(2, lambda: now[0]))
    observer([MessageRejected("malformed", 400, "192.0.2.9", "Bad CSeq")] * 50)
    observer([MessageRejected("scanner", 0, "192.0.2.9"), CallEnded(CALL)])
    now[0] = 1.0
    observer([MessageRejected("scanner", 0, "192.0.2.9")])
    lines = [line.partition(" info switch: ")[2] for line in log.getvalue().splitlines()]
    assert lines[:2] == ["a message from 192.0.2.9 was refused (400): malformed: Bad CSeq"] * 2
    assert lines[2].startswith("call c1")
    assert lines[3:] == [
        "49 more messages were refused or dropped and not logged one by one",
        "a message from 192.0.2.9 was dropped: scanner",
    ]
    assert b'warden_sip_rejected_total{reason="malformed"} 50.0' in telemetry.exposition()
