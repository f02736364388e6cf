"""What becomes of each message of RFC 4475 and RFC 5118."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from pbx.sip.headers import Auth, NameAddr
from pbx.sip.message import MalformedMessage, Request, Response, parse
from pbx.sip.offer import Negotiation
from pbx.sip.sdp import Description
from pbx.sip.uri import aor
from tests.sip.torture import FILES, HERE, on_the_wire


def request(name: str) -> Request:
    message = parse(on_the_wire(name))
    assert isinstance(message, Request)
    return message


def response(name: str) -> Response:
    message = parse(on_the_wire(name))
    assert isinstance(message, Response)
    return message


def test_the_files_are_the_originals() -> None:
    for line in (HERE / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        if name.startswith("rfc"):
            assert sha256((HERE / name).read_bytes()).hexdigest() == digest, name


# Status of what must be refused, and whether the sender gets to hear it: a 400 needs a Via to go to, and the
# other headers that an answer copies.
REFUSED = {
    "badaspec.dat": (400, True),  # spaces inside the brackets of To
    "badinv01.dat": (400, False),  # the Via is the fault
    "badvers.dat": (505, False),  # so it is here
    "bigcode.dat": (400, False),
    "clerr.dat": (400, True),
    "insuf.dat": (400, True),  # no From, To, Call-ID
    "ltgtruri.dat": (400, True),
    "lwsruri.dat": (400, True),
    "lwsstart.dat": (400, True),
    "mcl01.dat": (400, True),
    "mismatch01.dat": (400, True),
    "mismatch02.dat": (400, True),
    "multi01.dat": (400, True),
    "ncl.dat": (400, True),
    "quotbal.dat": (400, True),
    "regbadct.dat": (400, True),
    "scalar02.dat": (400, True),
    "scalarlg.dat": (400, False),  # a response
    "test.dat": (400, False),  # of the archive, not the RFC: no version, no Via
    "trws.dat": (400, True),
    "ipv6-bad": (400, True),
    # As in the archive: without the empty line.  RFC 4475 §3.1.2.15 would have it refused for its name.
    "baddn.dat": (400, True),
}


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_messages_are_refused(name: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(on_the_wire(name))
    assert (caught.value.status, caught.value.partial is not None) == REFUSED[name]


@pytest.mark.parametrize("name", FILES.keys() - REFUSED.keys())
def test_the_others_are_read_and_survive_a_round_trip(name: str) -> None:
    message = parse(on_the_wire(name))
    again = parse(message.encode())
    assert again.encode() == message.encode()
    assert list(again.headers) == list(message.headers)


def test_a_short_tortuous_invite() -> None:
    message = request("wsinv.dat")
    assert aor(message.uri) == "vivekg"
    assert message.uri.param("unknownparam") == ""
    assert message.to.tag == "1918181833n"
    assert (message.from_.display, message.from_.tag) == ('J Rosenberg \\"', "98asjd8")
    assert message.max_forwards == 68
    assert message.cseq == (9, "INVITE")
    assert [(via.transport, via.host, via.branch) for via in message.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert message.get("Subject") == ""
    assert message.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert message.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert message.routes[0].uri.param("unknown-no-value") == ""
    (contact,) = message.contacts
    assert (contact.display, contact.param("newparam"), contact.param("q")) == (
        'Quoted string ""',
        "newvalue",
        "0.33",
    )
    assert message.content_length == 150


def test_a_wide_range_of_valid_characters() -> None:
    message = request("intmeth.dat")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert message.to.display == "BEL: NUL: DEL:"
    assert message.from_.param("fromparam''~+*_!.-%") == "работающий"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert message.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_escapes_in_uris_only_mean_something_in_uris() -> None:
    message = request("esc01.dat")
    assert aor(message.uri) == "sips:user@example.com"
    assert aor(message.to.uri) == "user"
    assert aor(message.from_.uri) == "I have spaces"
    assert message.contacts[0].uri.params == (("%6c%72", None), ("n%61me", "v%61lue%25%34%31"))
    assert message.contacts[0].uri.param("lr") is None

    message = request("esc02.dat")
    assert (message.method, message.cseq.method) == ("RE%47IST%45R", "RE%47IST%45R")
    assert message.to.display == "%Z%45"
    assert [aor(contact.uri) for contact in message.contacts] == ["alias1", "alias3"]


def test_escaped_nulls() -> None:
    message = request("escnull.dat")
    assert aor(message.to.uri) == "null-%00-null"
    assert [contact.uri.user for contact in message.contacts] == ["%00", "%00%00"]


def test_long_values() -> None:
    message = request("longreq.dat")
    assert message.to.display.startswith("I have a user name of extreme")
    assert len(message.call_id) == 141
    assert (message.vias[-1].branch or "").startswith("verylonglong")
    assert len(message.vias) == 34
    assert message.content_length == 150


def test_what_follows_the_first_message_is_ignored() -> None:
    message = request("dblreq.dat")
    assert (message.method, message.body, message.cseq) == ("REGISTER", b"", (8, "REGISTER"))


def test_a_semicolon_in_the_user_part_starts_no_parameter() -> None:
    uri = request("semiuri.dat").uri
    assert (aor(uri), uri.host, uri.params) == ("user;par=u@example.net", "example.com", ())


def test_every_transport_is_read() -> None:
    vias = request("transports.dat").vias
    assert [via.transport for via in vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_a_binary_body_is_kept() -> None:
    message = request("mpart01.dat")
    assert message.content_type == "multipart/mixed"
    assert message.body.startswith(b"--7a9cbec02ceef655\r\n")
    assert message.content_length == 553


def test_reasons_of_all_kinds() -> None:
    assert response("unreason.dat").reason == "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert (response("noreason.dat").status, response("noreason.dat").reason) == (100, "")
    assert response("bcast.dat").vias[1].host == "255.255.255.255"


@pytest.mark.parametrize(
    ("name", "read", "value"),
    [
        ("badbranch.dat", lambda m: m.via.branch, "z9hG4bK"),
        ("baddate.dat", lambda m: m.get("date"), "Fri, 01 Jan 2010 16:00:00 EST"),
        ("bext01.dat", lambda m: m.require, ("nothingsupportsthis", "nothingsupportsthiseither")),
        ("bext01.dat", lambda m: len(m.all("Proxy-Require")), 2),
        (
            "cparam01.dat",
            lambda m: (m.contacts[0].params, m.contacts[0].uri.params),
            ((("unknownparam", None),), ()),
        ),
        (
            "cparam02.dat",
            lambda m: (m.contacts[0].params, m.contacts[0].uri.params),
            ((), (("unknownparam", None),)),
        ),
        ("escruri.dat", lambda m: m.uri.headers, "Route=%3Csip:example.com%3E"),
        ("invut.dat", lambda m: m.content_type, "application/unknownformat"),
        ("lwsdisp.dat", lambda m: m.from_.display, "caller"),
        ("novelsc.dat", lambda m: m.uri.scheme, "soap.beep"),
        ("regaut01.dat", lambda m: Auth.parse(m.get("Authorization")).scheme, "NoOneKnowsThisScheme"),
        ("regescrt.dat", lambda m: m.contacts[0].uri.headers, "Route=%3Csip:sip.example.com%3E"),
        ("sdp01.dat", lambda m: m.all("Accept"), ["text/nobodyKnowsThis"]),
        ("unkscm.dat", lambda m: m.uri.scheme, "nobodyknowsthisscheme"),
        ("unksm2.dat", lambda m: (m.to.uri.scheme, m.from_.uri.scheme), ("isbn", "http")),
        ("zeromf.dat", lambda m: m.max_forwards, 0),
    ],
)
def test_what_is_valid_but_odd_is_told_as_it_is(
    name: str, read: Callable[[Request], object], value: object
) -> None:
    assert read(request(name)) == value


def test_an_rfc_2543_peer() -> None:
    message = request("inv2543.dat")
    assert (message.via.branch, message.max_forwards, message.from_.tag) == (None, None, None)
    assert message.record_routes[0].uri.param("maddr") == "ss1.example.com"
    assert message.content_length == 105


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("ipv6-good", "2001:db8::10", None),
        ("port-ambiguous", "2001:db8::10:5070", None),
        ("port-unambiguous", "2001:db8::10", 5070),
        ("ipv6-correct-abnf-2-colons", "2001:db8::192.0.2.1", None),
        ("ipv6-bug-abnf-3-colons", "2001:db8::192.0.2.1", None),
    ],
)
def test_ipv6_in_a_request_uri(name: str, host: str, port: int | None) -> None:
    uri = request(name).uri
    assert (uri.host, uri.port) == (host, port)


@pytest.mark.parametrize("name", ["via-received-param-no-delim", "via-received-param-with-delim"])
def test_ipv6_in_a_received_parameter(name: str) -> None:
    via = request(name).via
    assert (via.host, via.received) == ("2001:db8::9:1", "2001:db8::9:255")


def test_ipv4_and_ipv6_in_one_message() -> None:
    vias = request("mult-ip-in-header").vias
    assert [(via.host, via.port, via.received) for via in vias] == [
        ("2001:db8::9:1", 6050, None),
        ("192.0.2.1", None, None),
        ("2001:db8::9:255", None, "192.0.2.200"),
    ]
    mapped = request("ipv4-mapped-ipv6")
    assert mapped.via.host == "::ffff:192.0.2.10"
    assert mapped.contacts == [NameAddr.parse('"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>')]


def test_ipv6_in_a_session_description() -> None:
    assert Description.parse(request("ipv6-in-sdp").body).connection == "2001:db8::20"
    both = Description.parse(request("mult-ip-in-sdp").body)
    assert [media.connection for media in both.media] == ["192.0.2.1", "2001:db8::1"]
    assert Negotiation(1).take_offer(both).host == "192.0.2.1"
