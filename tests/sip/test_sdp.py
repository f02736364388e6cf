"""Session descriptions: what is read, kept, refused and printed."""

from dataclasses import replace

import pytest

from pbx.sip.errors import LocalProtocolError, RemoteProtocolError
from pbx.sip.sdp import MAX_LINES, MAX_MEDIA, Description, Media, Origin

WHOLE = (
    b"v=0\r\n"
    b"o=anna 2890844526 2890842807 IN IP4 192.0.2.57\r\n"
    b"s=A call\r\n"
    b"i=of no importance\r\n"
    b"c=IN IP4 192.0.2.57\r\n"
    b"b=AS:84\r\n"
    b"t=0 0\r\n"
    b"a=tool:x:y\r\n"
    b"a=sendrecv\r\n"
    b"m=audio 49170 RTP/AVP 0 8 101\r\n"
    b"c=IN IP6 2001:db8::57\r\n"
    b"b=AS:64\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\n"
    b"m=video 0 RTP/SAVPF 96\r\n"
)


def test_every_part_is_read() -> None:
    description = Description.parse(WHOLE)
    assert description == Description(
        origin=Origin("anna", "2890844526", "2890842807", "192.0.2.57"),
        name="A call",
        connection="192.0.2.57",
        times=("0 0",),
        attributes=(("tool", "x:y"), ("sendrecv", None)),
        lines=("i=of no importance", "b=AS:84"),
        media=(
            Media(
                "audio",
                49170,
                "RTP/AVP",
                ("0", "8", "101"),
                "2001:db8::57",
                (("rtpmap", "101 telephone-event/8000"),),
                ("b=AS:64",),
            ),
            Media("video", 0, "RTP/SAVPF", ("96",)),
        ),
    )
    assert description.attribute("tool") == "x:y"
    assert description.attribute("sendrecv") == ""
    assert description.media[0].attribute("ptime") is None


def test_printing_undoes_reading() -> None:
    assert bytes(Description.parse(WHOLE)) == WHOLE


def test_lines_in_a_wrong_order_are_put_right() -> None:
    lines = WHOLE.split(b"m=audio")[0].splitlines(keepends=True)
    jumbled = b"".join([lines[0], *reversed(lines[1:7]), *lines[7:]])
    assert Description.parse(jumbled).encode() == b"".join(lines)


def test_bare_line_feeds_empty_tails_and_old_letters_are_tolerated() -> None:
    assert Description.parse(WHOLE.replace(b"\r\n", b"\n")).encode() == WHOLE
    assert Description.parse(WHOLE + b"\r\n\r\n").encode() == WHOLE
    assert Description.parse(WHOLE.replace(b"A call", "Grüße".encode("latin-1"))).name == "Grüße"


def test_an_absent_name_is_printed_as_a_space() -> None:
    description = Description.parse(WHOLE.replace(b"s=A call\r\n", b""))
    assert b"\r\ns= \r\n" in description.encode()


@pytest.mark.parametrize(
    ("old", "new", "host"),
    [
        (b"c=IN IP4 192.0.2.57", b"c=IN IP4 224.2.1.1/127/3", "224.2.1.1"),
        (b"c=IN IP4 192.0.2.57", b"c=in ip6 [2001:DB8::1]", "2001:db8::1"),
        (b"c=IN IP4 192.0.2.57\r\n", b"", None),
        (b"b=AS:84\r\n", b"c=IN IP4 192.0.2.58\r\n", "192.0.2.57"),
    ],
)
def test_the_connection_host(old: bytes, new: bytes, host: str | None) -> None:
    assert Description.parse(WHOLE.replace(old, new)).connection == host


def test_a_port_count_is_passed_over() -> None:
    assert Description.parse(WHOLE.replace(b"49170", b"49170/2")).media[0].port == 49170


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"v=0", b"v=1", 400),
        (b"v=0\r\n", b"", 400),
        (b"o=anna 2890844526", b"o=anna", 400),
        (b"o=anna 2890844526 2890842807 IN IP4 192.0.2.57\r\n", b"", 400),
        (b"c=IN IP4 192.0.2.57", b"c=IN IP4", 400),
        (b"c=IN IP4 192.0.2.57", b"c=ATM NSAP 47.0091", 488),
        (b"m=audio 49170", b"m=audio 65536", 400),
        (b"m=audio 49170", b"m=audio x", 400),
        (b"m=audio 49170 RTP/AVP 0 8 101", b"m=audio 49170 RTP/AVP", 400),
        (b"t=0 0", b"t 0 0", 400),
        (b"t=0 0", b"", 400),
        (b"t=0 0", b"t=0\r0", 400),
        (b"t=0 0", b"t=0\0", 400),
        (b"t=0 0", b"a=x\r\n" * MAX_LINES, 400),
        (b"m=video 0 RTP/SAVPF 96\r\n", b"m=video 0 RTP/AVP 96\r\n" * MAX_MEDIA, 400),
    ],
)
def test_what_is_refused(old: bytes, new: bytes, status: int) -> None:
    assert old in WHOLE
    with pytest.raises(RemoteProtocolError) as caught:
        Description.parse(WHOLE.replace(old, new))
    assert caught.value.status == status


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\0", b"hello", b"v=0"])
def test_what_is_no_description(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        Description.parse(data)


@pytest.mark.parametrize("text", ["a\r\na=b", "a\nb", "a\rb", "a\0b"])
def test_no_value_of_ours_can_start_another_line(text: str) -> None:
    with pytest.raises(LocalProtocolError):
        replace(Description.parse(WHOLE), name=text).encode()
