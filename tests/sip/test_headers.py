"""Typed header values: parties, hops, sequence numbers, digests."""

import pytest

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.grammar import MAX_PARAMS
from pbx.sip.headers import Auth, CSeq, NameAddr, Via
from pbx.sip.uri import Uri

ALICE = Uri("sip", "alice", "example.com")


@pytest.mark.parametrize(
    ("text", "display", "tag"),
    [
        ("<sip:alice@example.com>", "", None),
        ("<sip:alice@example.com>;tag=1", "", "1"),
        ("Alice Adams  <sip:alice@example.com> ; tag=1", "Alice Adams", "1"),
        ("caller<sip:alice@example.com>;tag=1", "caller", "1"),
        ('"Adams, \\"A\\" <x>" <sip:alice@example.com>;tag=1', 'Adams, "A" <x>', "1"),
        ('"BEL:\\\x07 NUL:\\\x00" <sip:alice@example.com>', "BEL: NUL:", None),
        ("sip:alice@example.com;tag=1", "", "1"),
        (" sip:alice@example.com ; tag = 1", "", "1"),
        ("<sip:alice@example.com>;tag=", "", None),
        ('"Änne" <sip:alice@example.com>', "Änne", None),
    ],
)
def test_parties_in_all_spellings(text: str, display: str, tag: str | None) -> None:
    party = NameAddr.parse(text)
    assert (party.display, party.uri, party.tag) == (display, ALICE, tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        '"Alice <sip:alice@example.com>',
        '"Alice" sip:alice@example.com',
        "< sip:alice@example.com >",
        "<sip:alice@example.com",
        "<sip:alice@example.com>tag=1",
        "<sip:alice@example.com>;tag=1, <sip:bob@example.com>",
        "<sip:a@b><sip:c@d>",
        "sip:alice@example.com?Route=x",
        "sip:alice,bob@example.com",
    ],
)
def test_malformed_parties_are_a_400(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        NameAddr.parse(text)
    assert caught.value.status == 400


def test_parameters_of_an_uri_in_brackets_are_the_uris() -> None:
    party = NameAddr.parse("<sip:alice@example.com;lr>;q=0.5")
    assert party.uri.param("lr") == ""
    assert party.param("lr") is None
    assert party.param("q") == "0.5"
    bare = NameAddr.parse("sip:alice@example.com;lr")
    assert bare.param("lr") == ""
    assert bare.uri.param("lr") is None


def test_a_party_prints_as_it_was_read() -> None:
    text = '"Adams, \\"A\\"" <sip:alice@example.com;lr>;tag=1;x'
    assert str(NameAddr.parse(text)) == text
    assert str(NameAddr("", ALICE).with_tag("9")) == "<sip:alice@example.com>;tag=9"
    assert (
        str(NameAddr("", ALICE).with_param("q", "0.5").with_param("ob")) == "<sip:alice@example.com>;q=0.5;ob"
    )
    assert str(NameAddr("", ALICE, (("tag", "1"),)).with_tag("2")) == "<sip:alice@example.com>;tag=2"


def test_a_hop_with_everything() -> None:
    via = Via.parse(
        "sip / 2.0 / udp\tFirst.example.com : 4000 ;ttl=16 ;branch=z9hG4bKa7;rport;received=192.0.2.9"
    )
    assert (via.transport, via.host, via.port) == ("UDP", "first.example.com", 4000)
    assert (via.branch, via.received, via.rport, via.wants_rport) == ("z9hG4bKa7", "192.0.2.9", None, True)
    assert str(via.with_param("rport", "5061")).endswith("rport=5061;received=192.0.2.9")
    assert via.with_param("rport", "5061").rport == 5061


@pytest.mark.parametrize("text", ["2001:db8::9:255", "[2001:db8::9:255]"])
def test_received_with_and_without_brackets(text: str) -> None:
    via = Via.parse(f"SIP/2.0/UDP [2001:db8::9:1];received={text};branch=z9hG4bKas3-111")
    assert via.received == "2001:db8::9:255"
    assert str(via) == f"SIP/2.0/UDP [2001:db8::9:1];received={text};branch=z9hG4bKas3-111"


def test_a_hop_of_an_old_peer_has_no_branch() -> None:
    via = Via.parse("SIP/2.0/UDP host")
    assert (via.branch, via.received, via.rport, via.wants_rport) == (None, None, None, False)


@pytest.mark.parametrize("rport", ["x", "65536000", "-1", "٣"])
def test_a_senseless_rport_is_none(rport: str) -> None:
    assert Via.parse(f"SIP/2.0/UDP host;rport={rport}").rport is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/1.0/UDP host",
        "SIP/2.0/UDP ho st",
        "SIP/2.0/UDP host:99999",
        "SIP/2.0/UDP ::1",
        "host",
    ],
)
def test_malformed_hops_are_a_400(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Via.parse(text)


def test_sequence_numbers() -> None:
    assert CSeq.parse("0009 INVITE") == (9, "INVITE")
    assert CSeq.parse("2147483647 \t BYE") == (2**31 - 1, "BYE")
    assert str(CSeq(7, "ACK")) == "7 ACK"


@pytest.mark.parametrize(
    "text", ["", "1", "INVITE", "-1 INVITE", "2147483648 INVITE", "1 IN VITE", "1 IN@VITE"]
)
def test_malformed_sequence_numbers_are_a_400(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        CSeq.parse(text)


def test_credentials_are_read() -> None:
    auth = Auth.parse(
        'digest username="Ann \\"A\\"", realm="a,b=c" ,nonce = "1",nc=00000001, qop=auth,uri="sip:x"'
    )
    assert auth.is_digest
    assert auth.get("username") == 'Ann "A"'
    assert auth.get("realm") == "a,b=c"
    assert (auth.get("nonce"), auth.get("nc"), auth.get("qop"), auth.get("opaque")) == (
        "1",
        "00000001",
        "auth",
        "",
    )


def test_a_challenge_quotes_what_rfc_7616_quotes() -> None:
    params = (("realm", 'a"b'), ("nonce", "1"), ("qop", "auth"), ("algorithm", "SHA-256"), ("stale", "true"))
    text = str(Auth("Digest", params))
    assert text == 'Digest realm="a\\"b", nonce="1", qop="auth", algorithm=SHA-256, stale=true'
    assert Auth.parse(text) == Auth("Digest", params)


def test_credentials_leave_qop_bare() -> None:
    text = str(
        Auth("Digest", (("username", "1001"), ("response", "ab"), ("qop", "auth"), ("nc", "00000001")))
    )
    assert text == 'Digest username="1001", response="ab", qop=auth, nc=00000001'


def test_an_unknown_scheme_is_read_too() -> None:
    auth = Auth.parse("NoOneKnowsThisScheme opaque-data=here")
    assert not auth.is_digest
    assert auth.get("opaque-data") == "here"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest x",
        'Digest a="b',
        "Digest =b",
        "Digest a=1, a=2",
        "Digest " + ",".join(f"a{n}=1" for n in range(MAX_PARAMS + 1)),
        "Dig@st a=1",
    ],
)
def test_malformed_credentials_are_a_400(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Auth.parse(text)
