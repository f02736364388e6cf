"""Messages: what is read from a datagram, what is refused, and what goes out."""

from collections.abc import Callable

import pytest

from pbx.sip.errors import LocalProtocolError, RemoteProtocolError
from pbx.sip.headers import CSeq, NameAddr
from pbx.sip.message import (
    MAX_LINE,
    MAX_LINES,
    MAX_MESSAGE,
    MalformedMessage,
    Message,
    Request,
    Response,
    build_request,
    build_response,
    parse,
)
from pbx.sip.uri import Uri

INVITE = (
    b"INVITE sip:1002@192.0.2.10 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.57:5060;branch=z9hG4bK1d32;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Anna Adams" <sip:1001@192.0.2.10>;tag=a73k\r\n'
    b"To: <sip:1002@192.0.2.10>\r\n"
    b"Call-ID: 3848276298220188511@192.0.2.57\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Contact: <sip:1001@192.0.2.57:5060>\r\n"
    b"Supported: replaces, Outbound\r\n"
    b"Content-Type: Application/SDP;charset=utf-8\r\n"
    b"Content-Length: 5\r\n"
    b"\r\n"
    b"v=0\r\n"
)


def edited(old: bytes, new: bytes) -> bytes:
    assert old in INVITE
    return INVITE.replace(old, new, 1)


def invite(data: bytes = INVITE) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def refusal(data: bytes) -> MalformedMessage:
    with pytest.raises(MalformedMessage) as caught:
        parse(data)
    return caught.value


def test_the_typed_views_of_an_invite() -> None:
    request = invite()
    assert (request.method, request.uri, request.raw_uri) == (
        "INVITE",
        Uri("sip", "1002", "192.0.2.10"),
        "sip:1002@192.0.2.10",
    )
    assert (request.via.host, request.via.port, request.via.branch) == ("192.0.2.57", 5060, "z9hG4bK1d32")
    assert request.from_ == NameAddr("Anna Adams", Uri("sip", "1001", "192.0.2.10"), (("tag", "a73k"),))
    assert request.to.tag is None
    assert request.call_id == "3848276298220188511@192.0.2.57"
    assert request.cseq == CSeq(1, "INVITE")
    assert [str(contact) for contact in request.contacts] == ["<sip:1001@192.0.2.57:5060>"]
    assert not request.contact_star
    assert (request.routes, request.record_routes, request.paths) == ([], [], [])
    assert (request.max_forwards, request.expires) == (70, None)
    assert (request.content_type, request.content_length, request.body) == ("application/sdp", 5, b"v=0\r\n")
    assert (request.supported, request.require, request.allow) == (("replaces", "outbound"), (), ())


def test_a_response_is_read() -> None:
    response = parse(edited(b"INVITE sip:1002@192.0.2.10 SIP/2.0", "SIP/2.0 486 Schon im Gespräch".encode()))
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.cseq.method) == (486, "Schon im Gespräch", "INVITE")


def test_a_response_may_lack_a_reason() -> None:
    for line in (b"SIP/2.0 100", b"SIP/2.0 100 "):
        response = parse(edited(b"INVITE sip:1002@192.0.2.10 SIP/2.0", line))
        assert isinstance(response, Response)
        assert (response.status, response.reason) == (100, "")


def test_compact_names_and_any_case() -> None:
    data = INVITE.replace(b"Via:", b"v:").replace(b"From:", b"F:").replace(b"To:", b"tO :")
    data = data.replace(b"Call-ID:", b"i\t:").replace(b"CSeq:", b"CSEQ:").replace(b"Contact:", b"m:")
    data = (
        data.replace(b"Supported:", b"k:").replace(b"Content-Type:", b"c:").replace(b"Content-Length:", b"l:")
    )
    assert invite(data).encode() == invite().encode()


def test_folded_lines_are_one_line() -> None:
    request = invite(
        edited(b"Contact: <", b"Contact:\r\n  <").replace(b"replaces, Out", b"replaces,\r\n\tOut")
    )
    assert request.contacts == invite().contacts
    assert request.supported == ("replaces", "outbound")


def test_repeated_headers_and_lists_are_the_same_thing() -> None:
    apart = invite(edited(b"Max-Forwards", b"Route: <sip:a;lr>\r\nRoute: <sip:b;lr>\r\nMax-Forwards"))
    joined = invite(edited(b"Max-Forwards", b'Route: <sip:a;lr>, "b, c" <sip:b;lr>\r\nMax-Forwards'))
    assert [route.uri for route in apart.routes] == [route.uri for route in joined.routes]
    assert joined.all("route") == ["<sip:a;lr>", '"b, c" <sip:b;lr>']
    assert joined.get("ROUTE") == "<sip:a;lr>"
    assert joined.all("From") == ['"Anna Adams" <sip:1001@192.0.2.10>;tag=a73k']


def test_two_hops_in_one_line() -> None:
    request = invite(edited(b";rport", b";rport, SIP/2.0/TCP far.example.com"))
    assert [via.transport for via in request.vias] == ["UDP", "TCP"]
    assert request.via is request.vias[0]


def test_bare_line_feeds_and_leading_empty_lines_are_tolerated() -> None:
    assert invite(b"\r\n\r\n" + INVITE).encode() == INVITE.replace(b"Application/SDP", b"Application/SDP")
    assert invite(INVITE.replace(b"\r\n", b"\n").replace(b": 5\n", b": 4\n")).body == b"v=0\n"


def test_a_body_without_content_length_is_the_rest_and_with_it_no_more() -> None:
    assert invite(edited(b"Content-Length: 5\r\n", b"")).body == b"v=0\r\n"
    assert invite(INVITE + b"INVITE of another kind").body == b"v=0\r\n"
    assert invite(edited(b": 5", b": 000")).body == b""


def test_names_in_the_old_phones_letters_are_readable() -> None:
    assert invite(edited(b"Anna Adams", "Änne".encode("latin-1"))).from_.display == "Änne"
    assert invite(edited(b"Anna Adams", "Änne".encode())).from_.display == "Änne"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"0", 0),
        (b"3600", 3600),
        (b"4294967296", 2**32 - 1),
        (b"9" * 4000, 2**32 - 1),
        (b"-1", 3600),
        (b"soon", 3600),
    ],
)
def test_expires_is_clamped_and_nonsense_is_an_hour(text: bytes, seconds: int) -> None:
    assert invite(edited(b"Max-Forwards: 70", b"Expires: " + text)).expires == seconds


def test_a_star_contact_is_no_contact() -> None:
    request = invite(edited(b"<sip:1001@192.0.2.57:5060>", b"*"))
    assert request.contact_star
    assert request.contacts == []


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"INVITE sip:1002@192.0.2.10  SIP/2.0", 400),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"INVITE sip:1002@192.0.2.10 SIP/2.0 ", 400),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"INVITE <sip:1002@192.0.2.10> SIP/2.0", 400),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"INVITE sip:1002@192.0.2.10 SIP/3.0", 505),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"INVITE sip:%s@x SIP/2.0" % (b"9" * MAX_LINE), 414),
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE", 400),
        (b"CSeq: 1 INVITE", b"CSeq: x INVITE", 400),
        (b"Max-Forwards: 70", b"Max-Forwards: 256", 400),
        (b"Max-Forwards: 70", b"Max-Forwards: 7\r\nMax-Forwards: 8", 400),
        (b"Max-Forwards: 70", b"Max-Forwards 70", 400),
        (b"Max-Forwards: 70", b"Max Forwards: 70", 400),
        (b"Max-Forwards: 70", b": 70", 400),
        (b"Max-Forwards: 70", b"X: a\rb", 400),
        (b"Max-Forwards: 70", b"X: a\0b", 400),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"INVITE sip:1002@192.0.2.10\0 SIP/2.0", 400),
        (b"Max-Forwards: 70", b"X: " + b"y" * MAX_LINE, 400),
        (b"Content-Type: ", b"X: y\r\n" * MAX_LINES + b"Content-Type: ", 400),
        (b"Max-Forwards: 70", b"Route: sip:a?b", 400),
        (b"Max-Forwards: 70", b"Record-Route: <nothing>", 400),
        (b"Max-Forwards: 70", b"Path: <sip:a", 400),
        (b"Max-Forwards: 70", b"Route: " + b",".join([b"<sip:a>"] * 200), 400),
        (b"Max-Forwards: 70", b"Route: sip:a, sip:b\r\n" * 70 + b"X: y", 400),
        (b"Max-Forwards: 70", b"Via: SIP/2.0/TCP far\r\nMax-Forwards: x", 400),
        (b"<sip:1002@192.0.2.10>\r\n", b"<sip:1002@192.0.2.10>\r\nTo: <sip:1003@192.0.2.10>\r\n", 400),
        (b"<sip:1001@192.0.2.57:5060>", b"*, <sip:1001@192.0.2.57>", 400),
        (b"Content-Length: 5", b"Content-Length: 6", 400),
        (b"Content-Length: 5", b"Content-Length: -5", 400),
        (b"Content-Length: 5", b"Content-Length: 5\r\nl: 5", 400),
    ],
)
def test_a_malformed_request_can_still_be_answered(old: bytes, new: bytes, status: int) -> None:
    error = refusal(edited(old, new))
    assert error.status == status
    assert error.partial is not None
    answer = build_response(error.partial, error.status, error.reason, to_tag="t").encode()
    assert answer.startswith(b"SIP/2.0 %d " % status)
    for line in (b"branch=z9hG4bK1d32;rport", b"3848276298220188511", b"CSeq: ", b";tag=t\r\n"):
        assert line in answer


def test_a_fault_in_a_header_of_the_answer_itself_is_given_back_as_it_came() -> None:
    error = refusal(edited(b"To: <sip:1002@192.0.2.10>", b"To: <sip:1002@192.0.2.10"))
    assert error.partial is not None
    assert b"To: <sip:1002@192.0.2.10;tag=t\r\n" in build_response(error.partial, 400, to_tag="t").encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Via: SIP/2.0/UDP", b"Via: SIP/7.0/UDP"),
        (b"Via: SIP/2.0/UDP", b"X: y"),
        (b"CSeq: 1 INVITE\r\n", b"CSeq:\r\n"),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"SIP/2.0 42 Odd"),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"SIP/2.0 4294967301 OK"),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"GET / HTTP/1.1"),
        (b"INVITE sip:1002@192.0.2.10 SIP/2.0", b"ACK <sip:1002@192.0.2.10> SIP/2.0"),
    ],
)
def test_what_cannot_be_answered_is_not(old: bytes, new: bytes) -> None:
    assert refusal(edited(old, new)).partial is None


@pytest.mark.parametrize("name", ["From", "To", "Call-ID"])
def test_a_missing_header_is_missing_in_the_answer_too(name: str) -> None:
    error = refusal(edited(f"\r\n{name}:".encode(), b"\r\nX:"))
    assert error.partial is not None
    assert error.status == 400
    answer = build_response(error.partial, 400, to_tag="t")
    assert list(answer.headers.lines) == [
        each for each in ("Via", "From", "To", "Call-ID", "CSeq") if each != name
    ]


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\0", b"INVITE", b"\xff" * 100, b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_what_is_no_message_at_all(data: bytes) -> None:
    assert refusal(data).partial is None


def test_a_datagram_has_a_size_limit() -> None:
    padding = b"v" * (MAX_MESSAGE - len(INVITE))
    assert invite(INVITE + padding).content_length == 5
    assert refusal(INVITE + padding + b"v").status == 513


def test_headers_must_end() -> None:
    head = edited(b"Length: 5", b"Length: 0").partition(b"\r\n\r\n")[0]
    assert refusal(head).partial is not None
    assert refusal(head + b"\r\n").partial is not None
    assert invite(head + b"\r\n\r\n").body == b""


def test_encoding_gives_back_every_value() -> None:
    request = invite()
    again = invite(request.encode())
    assert list(again.headers) == list(request.headers)
    assert again.encode() == bytes(request)
    assert (repr(request), repr(build_response(request, 180))) == (
        "<Request INVITE sip:1002@192.0.2.10>",
        "<Response 180 Ringing>",
    )


def test_an_unknown_header_keeps_its_value_under_one_name() -> None:
    request = invite(edited(b"Max-Forwards: 70", b"x-CALL-Color: red\r\nX-Call-color: blue"))
    assert request.all("X-call-COLOR") == ["red", "blue"]
    assert b"X-Call-Color: red\r\nX-Call-Color: blue\r\n" in request.encode()


def test_a_built_request_reads_back() -> None:
    request = build_request(
        "BYE",
        Uri("sip", "1001", "192.0.2.57", 5060),
        [
            ("v", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK9"),
            ("From", "<sip:1002@192.0.2.10>;tag=2"),
            ("To", "<sip:1001@192.0.2.10>;tag=1"),
            ("Call-ID", "x"),
            ("CSeq", "2 BYE"),
        ],
        b"why",
    )
    assert request.cseq == CSeq(2, "BYE")
    assert request.encode() == (
        b"BYE sip:1001@192.0.2.57:5060 SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK9\r\n"
        b"From: <sip:1002@192.0.2.10>;tag=2\r\n"
        b"To: <sip:1001@192.0.2.10>;tag=1\r\n"
        b"Call-ID: x\r\n"
        b"CSeq: 2 BYE\r\n"
        b"Content-Length: 3\r\n"
        b"\r\n"
        b"why"
    )


def test_an_answer_copies_what_section_8_2_6_says() -> None:
    request = invite(edited(b"Max-Forwards", b"Timestamp: 54\r\nVia: SIP/2.0/TCP far\r\nMax-Forwards"))
    trying = build_response(request, 100)
    assert [name for name, _ in trying.headers] == [
        "Via",
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Timestamp",
    ]
    ringing = build_response(request, 180, headers=[("Contact", "<sip:pbx>")], to_tag="77")
    assert (ringing.reason, ringing.to.tag, ringing.get("Timestamp")) == ("Ringing", "77", None)
    assert ringing.all("Via") == request.all("Via")
    ringing.add("Via", "SIP/2.0/UDP more")
    assert (request.to.tag, len(request.vias)) == (None, 2)


def test_an_answer_keeps_the_tag_of_to() -> None:
    request = invite(edited(b"To: <sip:1002@192.0.2.10>", b"To: <sip:1002@192.0.2.10>;tag=5"))
    assert build_response(request, 200, to_tag="9").get("To") == "<sip:1002@192.0.2.10>;tag=5"


def test_a_via_of_ours_stands_at_the_top() -> None:
    request = build_request("BYE", "sip:a@192.0.2.1", [("From", "<sip:b@192.0.2.2>"), ("CSeq", "1 BYE")])
    request.prepend("Via", "SIP/2.0/UDP 192.0.2.2")
    assert request.encode().splitlines()[1] == b"Via: SIP/2.0/UDP 192.0.2.2"


def test_changing_a_header_changes_its_view() -> None:
    request = invite()
    assert request.max_forwards == 70
    request.set("max-forwards", "69")
    assert request.max_forwards == 69
    request.prepend("Via", "SIP/2.0/UDP top")
    request.add("Via", "SIP/2.0/UDP last")
    assert [via.host for via in request.vias] == ["top", "192.0.2.57", "last"]
    request.remove("contact")
    assert request.contacts == []
    assert "Contact" not in request.headers


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "\ud800"])
@pytest.mark.parametrize(
    "build",
    [
        lambda text: invite().set("Subject", text),
        lambda text: invite().add(text, "value"),
        lambda text: build_request("BYE", "sip:a", [("Subject", text)]),
        lambda text: build_request(text, "sip:a", []),
        lambda text: build_request("BYE", text, []),
        lambda text: build_response(invite(), 200, text),
        lambda text: build_response(invite(), 200, to_tag=text),
        lambda text: build_response(invite(), 200, headers=[("Server", text)]),
    ],
)
def test_no_value_of_ours_can_start_another_line(build: Callable[[str], object], text: str) -> None:
    with pytest.raises(LocalProtocolError):
        build(text)


def test_content_length_is_never_set_by_hand() -> None:
    with pytest.raises(LocalProtocolError):
        invite().set("l", "7")


@pytest.mark.parametrize(
    "view", [lambda m: m.via, lambda m: m.from_, lambda m: m.to, lambda m: m.call_id, lambda m: m.cseq]
)
def test_a_view_of_an_absent_required_header_raises(view: Callable[[Message], object]) -> None:
    with pytest.raises(RemoteProtocolError):
        view(build_request("OPTIONS", "sip:a", []))
