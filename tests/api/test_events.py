"""The live stream, read as a console reads it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pbx.api.events import PING_SECONDS, EventStream
from pbx.directory import Directory
from pbx.switch.events import (
    BindingView,
    CallChanged,
    CallEnded,
    CallStarted,
    CallView,
    DirectoryChanged,
    MessageRejected,
    PhoneRegistered,
    PhoneUnregistered,
    SetupTimed,
    Trouble,
)
from tests.api.conftest import START, Api, Clock, Exchange


@pytest.fixture
def exchange(clock: Clock) -> Exchange:
    return Exchange(clock, Directory("pbx.example.org"))


@pytest.fixture
def stream(exchange: Exchange, clock: Clock) -> EventStream:
    return EventStream(exchange, exchange.subscribe(), START + 600, clock)


def told(stream: Iterator[bytes]) -> tuple[str, int, Any]:
    """The next event; comments are passed over."""
    for chunk in stream:
        assert chunk.endswith(b"\n\n")
        fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line and line[0] != ":")
        if "event" in fields:
            return fields["event"], int(fields["id"]), json.loads(fields["data"])
    raise AssertionError("the stream ended")


def test_hello_comes_first_with_the_sequence_it_starts_after(exchange: Exchange, clock: Clock) -> None:
    exchange.told = 41
    stream = EventStream(exchange, exchange.subscribe(), START + 600, clock)
    exchange.tell(Trouble("ports", "No audio port is free."))
    assert told(stream) == ("hello", 41, {"sequence": 41})
    assert told(stream)[1] == 42


def test_every_fact_that_consoles_follow_has_its_event(
    stream: EventStream, exchange: Exchange, call: CallView, record: CallView, binding: BindingView
) -> None:
    told(stream)
    for fact in (
        CallStarted(call),
        CallChanged(call),
        CallEnded(record),
        PhoneRegistered(binding, refresh=True),
        PhoneUnregistered(binding, "expired"),
        Trouble("ports", "No audio port is free.", "c-1"),
        DirectoryChanged(7),
    ):
        exchange.tell(fact)
    events = [told(stream) for _ in range(7)]
    assert [(name, number) for name, number, _ in events] == [
        ("call.started", 1), ("call.changed", 2), ("call.ended", 3), ("phone.registered", 4),
        ("phone.unregistered", 5), ("trouble", 6), ("directory.changed", 7),
    ]
    assert events[0][2]["caller"]["number"] == "1001"
    assert events[2][2]["cause"] == "normal"
    assert (events[3][2]["extension"], events[3][2]["refresh"]) == ("1001", True)
    assert events[4][2]["why"] == "expired"
    assert events[5][2] == {"slug": "ports", "text": "No audio port is free.", "call": "c-1"}
    assert events[6][2] == {"revision": 7}


def test_facts_for_metrics_alone_are_left_out(stream: EventStream, exchange: Exchange) -> None:
    told(stream)
    exchange.tell(SetupTimed("c-1", 0.01))
    exchange.tell(MessageRejected("malformed", 400, "192.0.2.66"))
    exchange.tell(DirectoryChanged(2))
    assert told(stream)[:2] == ("directory.changed", 3)


def test_a_line_break_in_a_name_cannot_forge_an_event(stream: EventStream, exchange: Exchange) -> None:
    told(stream)
    exchange.tell(Trouble("x", "one\n\nevent: call.ended\ndata: {}\r\n\r\nä"))
    chunk = next(stream)
    assert chunk.count(b"\n") == 4
    assert b"\r" not in chunk


def test_a_quiet_stream_says_every_fifteen_seconds_that_it_lives(stream: EventStream, clock: Clock) -> None:
    told(stream)
    for turn in range(1, 4):
        assert next(stream) == b": ping\n\n"
        assert clock.now == START + PING_SECONDS * turn


def test_facts_that_are_not_shown_do_not_put_the_ping_off(
    stream: EventStream, exchange: Exchange, clock: Clock
) -> None:
    told(stream)
    clock.now += PING_SECONDS
    exchange.tell(SetupTimed("c-1", 0.01))
    assert next(stream) == b": ping\n\n"


def test_the_stream_ends_with_the_token_and_lets_its_subscription_go(
    stream: EventStream, exchange: Exchange
) -> None:
    chunks = list(stream)
    assert chunks.count(b": ping\n\n") == 600 / PING_SECONDS - 1
    assert exchange.clock.now == START + 600
    assert exchange.queues[0].closed


def test_a_console_that_is_too_slow_is_let_go(stream: EventStream, exchange: Exchange) -> None:
    told(stream)
    exchange.queues[0].lost = True
    assert list(stream) == []
    assert exchange.queues[0].closed


def test_a_client_that_left_before_the_first_byte_leaves_nothing_behind(
    stream: EventStream, exchange: Exchange
) -> None:
    stream.close()
    assert exchange.queues[0].closed


def test_over_http_it_is_an_event_stream_that_nobody_may_keep(api: Api) -> None:
    result = api("GET", "/api/events")
    assert result.status_code == 200
    assert result.headers["content-type"].startswith("text/event-stream")
    assert result.headers["cache-control"] == "no-store"
    assert "content-length" not in result.headers
    assert result.text.startswith("retry: 2000\nevent: hello\nid: 0\n")
    assert api.clock.now == START + 600
    assert api.exchange.queues[0].closed


def test_the_token_never_travels_in_the_address(api: Api) -> None:
    assert api.anonymous("GET", f"/api/events?access_token={api.token}").status_code == 401
