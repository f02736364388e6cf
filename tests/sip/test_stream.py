"""Messages out of a stream, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.message import MAX_MESSAGE
from pbx.sip.stream import PING, Framer


def message(number: int, body: str = "", length: str | None = None) -> bytes:
    size = f"Content-Length: {len(body)}\r\n" if length is None else length
    return f"MESSAGE sip:a@b SIP/2.0\r\nCSeq: {number} MESSAGE\r\n{size}\r\n{body}".encode()


def frames(*pieces: bytes) -> list[bytes]:
    framer = Framer()
    return [unit for piece in pieces for unit in framer.feed(piece)]


def test_two_messages_in_one_read_are_two() -> None:
    one, two = message(1, "hello"), message(2)
    assert frames(one + two) == [one, two]


@given(st.data())
def test_however_a_stream_is_cut_the_messages_are_the_same(data: st.DataObject) -> None:
    whole = [message(1, "a\r\n\r\nb"), message(2), PING, message(3, "x" * 300), PING]
    stream = b"".join(whole)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert frames(*pieces) == whole


def test_a_ping_is_told_and_a_pong_is_not() -> None:
    assert frames(b"\r\n\r\n") == [PING]
    assert frames(b"\r\n", message(1)) == [message(1)]
    assert frames(b"\r", b"\n", b"\r", b"\n") == [PING]


def test_the_short_form_of_the_length_and_any_case_are_known() -> None:
    for length in ("l: 2\r\n", "CONTENT-LENGTH : 2\r\n"):
        assert frames(message(1, "ab", length)) == [message(1, "ab", length)]


def test_without_a_length_the_head_is_the_last_that_is_given() -> None:
    framer = Framer()
    head = message(1, "", "")
    assert list(framer.feed(head + b"whatever")) == [head]
    assert framer.broken
    assert list(framer.feed(message(2))) == []


def test_nobody_makes_us_keep_more_than_a_message() -> None:
    endless = Framer()
    (head,) = endless.feed(b"X" * (MAX_MESSAGE + 1))
    assert endless.broken
    assert not endless.waiting
    large = Framer()
    (head,) = large.feed(message(1, "", "Content-Length: 65530\r\n"))
    assert large.broken
    assert head.startswith(b"MESSAGE")


def test_any_number_of_line_feeds_before_a_message_is_skipped() -> None:
    for feeds in (b"\n" * 50_000, b"\r" * 50_000, b"\r\n\n" * 10_000):
        assert [unit for unit in frames(feeds + message(1)) if unit != PING] == [message(1)]


@given(st.binary(max_size=500))
def test_no_bytes_raise(data: bytes) -> None:
    frames(data[:100], data[100:])


def test_two_lengths_are_none() -> None:
    framer = Framer()
    head = message(1, "", "Content-Length: 0\r\nl: 30\r\n")
    assert list(framer.feed(head + message(2))) == [head]
    assert framer.broken
