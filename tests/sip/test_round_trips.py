"""Whatever is built and written reads back as the same: parse(build(x)) == x."""

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.sip.headers import Auth, CSeq, NameAddr, Via
from pbx.sip.message import Request, Response, build_request, build_response, parse
from pbx.sip.sdp import Description, Media, Origin
from pbx.sip.uri import Uri

PATIENT = settings(deadline=None)

WORD = st.text(string.ascii_letters + string.digits + "-._+", min_size=1, max_size=12)
OWN = {"algorithm", "branch", "nc", "qop", "rport", "stale", "tag", "userhash"}  # what they hold has a form
NAME = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=8).filter(
    lambda name: name not in OWN
)
SHOWN = st.text(max_size=20).map(lambda text: "".join(filter(str.isprintable, text)).strip())
HOST = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{0,4})?", fullmatch=True) | st.sampled_from(
    ["192.0.2.7", "2001:db8::7", "::1"]
)
PORT = st.none() | st.integers(1, 65535)
PARAMS = st.dictionaries(NAME, st.none() | WORD, max_size=3).map(lambda found: tuple(found.items()))
SIP_URI = st.builds(
    Uri,
    st.sampled_from(["sip", "sips"]),
    st.none() | st.from_regex(r"([A-Za-z0-9+*_.!~-]|%[0-9A-F]{2}){1,10}", fullmatch=True),
    HOST,
    PORT,
    PARAMS,
    st.just("") | st.from_regex(r"[a-z]{1,5}=[a-z0-9]{1,5}", fullmatch=True),
)
TEL = st.builds(
    Uri, st.just("tel"), st.from_regex(r"\+[0-9]{1,12}", fullmatch=True), st.just(""), params=PARAMS
)
PARTY = st.builds(NameAddr, SHOWN, SIP_URI | TEL, PARAMS)
VIA = st.builds(Via, st.sampled_from(["UDP", "TCP", "TLS", "WSS"]), HOST, PORT, PARAMS)
VALUE = st.text(st.characters(min_codepoint=32, exclude_categories=["C", "Z"]), min_size=1, max_size=30)
Attributes = tuple[tuple[str, str | None], ...]
ATTRIBUTES = st.lists(st.tuples(NAME, st.none() | WORD), max_size=4).map(tuple)
MEDIA = st.builds(
    Media,
    st.sampled_from(["audio", "video", "image"]),
    st.integers(0, 65535),
    st.sampled_from(["RTP/AVP", "RTP/SAVP", "udptl"]),
    st.lists(WORD, min_size=1, max_size=4).map(tuple),
    st.none() | HOST,
    ATTRIBUTES,
    st.sets(st.sampled_from(["i=x", "b=AS:64", "k=clear:y"])).map(sorted).map(tuple),
)


@PATIENT
@given(SIP_URI | TEL)
def test_a_uri(uri: Uri) -> None:
    assert Uri.parse(str(uri)) == uri


@PATIENT
@given(PARTY)
def test_a_party(party: NameAddr) -> None:
    assert NameAddr.parse(str(party)) == party


@PATIENT
@given(VIA)
def test_a_via(via: Via) -> None:
    assert Via.parse(str(via)) == via


@PATIENT
@given(st.dictionaries(NAME, SHOWN, min_size=1, max_size=6))
def test_credentials(params: dict[str, str]) -> None:
    auth = Auth("Digest", (*params.items(), ("nonce", 'with "quotes" and \\')))
    assert Auth.parse(str(auth)) == auth


@PATIENT
@given(
    st.builds(Origin, WORD, WORD, WORD, HOST),
    WORD,
    st.none() | HOST,
    ATTRIBUTES,
    st.lists(MEDIA, max_size=4).map(tuple),
)
def test_a_description(
    origin: Origin, name: str, host: str | None, attributes: Attributes, media: tuple[Media, ...]
) -> None:
    said = Description(origin, name, host, ("0 0",), attributes, media)
    again = Description.parse(said.encode())
    assert again.encode() == said.encode()
    assert (again.origin, again.connection, again.attributes) == (said.origin, host, attributes)
    assert [each.formats for each in again.media] == [each.formats for each in media]
    assert [sorted(each.lines) for each in again.media] == [sorted(each.lines) for each in media]


@PATIENT
@given(
    st.sampled_from(["INVITE", "OPTIONS", "MESSAGE", "NOTIFY"]),
    SIP_URI,
    st.tuples(PARTY, PARTY, VIA, st.integers(0, 2**31 - 1)),
    st.lists(st.tuples(st.sampled_from(["Subject", "X-Own", "Call-Info", "Reason"]), VALUE), max_size=5),
    st.binary(max_size=80),
)
def test_a_request_and_the_answer_to_it(
    method: str,
    uri: Uri,
    parties: tuple[NameAddr, NameAddr, Via, int],
    more: list[tuple[str, str]],
    body: bytes,
) -> None:
    from_, to, via, number = parties
    headers = [("Via", str(via)), ("From", str(from_)), ("To", str(to)), ("Call-ID", "x@y")]
    request = build_request(method, uri, [*headers, ("CSeq", f"{number} {method}"), *more], body)
    again = parse(request.encode())
    assert isinstance(again, Request)
    assert (again.method, again.uri, again.body) == (method, uri, body)
    assert (again.from_, again.to, again.via) == (from_, to, via)
    assert again.cseq == CSeq(number, method)
    assert sorted(again.headers) == sorted(request.headers)
    answer = build_response(again, 486, to_tag="mine", body=body)
    heard = parse(answer.encode())
    assert isinstance(heard, Response)
    assert (heard.status, heard.body, heard.via, heard.cseq) == (486, body, via, request.cseq)
    assert heard.to.tag == (to.tag or "mine")
