"""Whatever bytes come in: a message whose every view can be read, or MalformedMessage, and nothing else."""

import time
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbx.sip.audio import SUPPORTED
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.headers import Auth, NameAddr
from pbx.sip.message import (
    MAX_MESSAGE,
    MalformedMessage,
    Request,
    Response,
    build_request,
    build_response,
    parse,
)
from pbx.sip.offer import Negotiation
from pbx.sip.sdp import Description
from pbx.sip.uri import Uri, aor
from tests.sip.test_offer import HERE, OFFER
from tests.sip.torture import FILES, on_the_wire

WIRE = [on_the_wire(name) for name in FILES]
LINES = sorted({line for data in WIRE for line in data.split(b"\r\n")})
VIEWS = [name for cls in Request.__mro__ for name, kind in vars(cls).items() if isinstance(kind, property)]


def read(data: bytes) -> Request | Response | MalformedMessage:
    try:
        return parse(data)
    except MalformedMessage as error:
        return error


def examine(data: bytes) -> None:
    """Feed one datagram, and use all that comes of it."""
    match read(data):
        case MalformedMessage(status=status, reason=reason, partial=partial):
            assert status in {400, 414, 505, 513}
            if partial is not None:
                assert partial.method != "ACK"
                reply = build_response(partial, status, reason, to_tag="t")
                assert {"Via", "CSeq"} <= reply.headers.lines.keys() == partial.headers.lines.keys()
                assert reply.encode().endswith(b"\r\nContent-Length: 0\r\n\r\n")
            return
        case Request() as message:
            for name in VIEWS:
                getattr(message, name)
            aor(message.uri)
            aor(message.from_.uri)
            assert parse(build_response(message, 200, to_tag="t").encode()).to.tag
        case message:
            assert 100 <= message.status <= 699
    # Nothing that came in is too dirty to go out again.
    parties = (message.from_, message.to, *message.contacts, *message.record_routes)
    build_request("BYE", "sip:pbx", [*message.headers, *(("X", str(party)) for party in parties)])
    for party in parties:
        assert NameAddr.parse(str(party)) == party
    encoded = message.encode()
    if len(encoded) <= MAX_MESSAGE:  # long names make it longer than it came
        again = parse(encoded)
        assert list(again.headers) == list(message.headers)
        assert (again.start_line, again.body) == (message.start_line, message.body)


@given(st.binary(max_size=300))
@settings(deadline=None)
@example(b"\r\n" * 1000)
def test_random_bytes(data: bytes) -> None:
    examine(data)


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_torture_messages_with_some_bytes_changed(data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from(WIRE)))
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(message)))
        width = data.draw(st.integers(0, 3))
        message[where : where + width] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"\r\n", b'"', b"<", b";"])
        )
    examine(bytes(message))


@given(st.lists(st.sampled_from(LINES), max_size=25), st.sampled_from([b"\r\n", b"\n"]))
@settings(deadline=None, max_examples=300)
def test_lines_of_torture_messages_thrown_together(lines: list[bytes], end: bytes) -> None:
    examine(end.join([b"INVITE sip:1002@pbx SIP/2.0", *lines, b"", b""]))


@pytest.mark.parametrize("name", FILES)
def test_halves(name: str) -> None:
    data = on_the_wire(name)
    examine(FILES[name])
    for cut in range(0, len(data), 5):
        examine(data[:cut])
        examine(data[cut:])


@pytest.mark.parametrize(
    "filler",
    [
        b"v:SIP/2.0/UDP a\r\n",
        b"m:sip:a,sip:b\r\n",
        b"a:b\r\n",
        b" \r\n",
        b",",
        b'"',
        b"\\",
        b"<",
        b";",
        b"\t",
        b"\n",
        b"\xff",
    ],
)
@pytest.mark.parametrize("header", [b"X: ", b"m: ", b"v: ", b'f: "', b"Route: <", b""])
def test_huge_datagrams_cost_little(filler: bytes, header: bytes) -> None:
    start = (
        b"INVITE sip:a@b SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:sip:a\r\nt:sip:a\r\ni:1\r\nCSeq:1 INVITE\r\n"
        + header
    )
    data = start + filler * ((MAX_MESSAGE - len(start) - 4) // len(filler)) + b"\r\n\r\n"
    began = time.process_time()
    examine(data)
    examine(data[:-4])
    assert time.process_time() - began < 0.3


@given(st.text(max_size=80) | st.from_regex(r"(sips?|tel):[\x00-\x7f]{0,60}", fullmatch=True))
@settings(deadline=None)
def test_uris(text: str) -> None:
    with suppress(RemoteProtocolError):
        uri = Uri.parse(text)
        assert Uri.parse(str(uri)) == uri
        assert uri.equivalent(uri)
        assert aor(uri).isprintable()


@given(st.text(max_size=80) | st.from_regex(r'Digest ([a-z]+=("[^"]*"|[a-z]*),? ?){0,6}', fullmatch=True))
@settings(deadline=None)
def test_credentials(text: str) -> None:
    with suppress(RemoteProtocolError):
        auth = Auth.parse(text)
        assert dict(auth.params).keys() == {name for name, _ in auth.params}


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_session_descriptions(data: st.DataObject) -> None:
    lines = OFFER.split(b"\r\n")
    for _ in range(data.draw(st.integers(0, 4))):
        where = data.draw(st.integers(0, len(lines) - 1))
        lines[where] = data.draw(st.binary(max_size=30) | st.sampled_from(lines) | st.just(lines[where][:-2]))
    with suppress(RemoteProtocolError):
        description = Description.parse(b"\r\n".join(lines))
        assert Description.parse(description.encode()).encode() == description.encode()
        negotiation = Negotiation(1)
        audio = negotiation.take_offer(description)
        negotiation.make_answer(HERE, audio.codecs).encode()
        negotiation.make_offer(HERE, SUPPORTED).encode()
        negotiation.take_answer(description)
