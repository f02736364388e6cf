"""URIs: what is read, what is printed, and when two are the same (RFC 3261 §19.1)."""

import pytest

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.uri import Uri, aor


def test_every_part_of_a_sip_uri_is_read() -> None:
    uri = Uri.parse("SIPS:alice:secret@PBX.example.com:5071;transport=tcp;lr?Subject=x&Priority=urgent")
    assert uri == Uri(
        "sips",
        "alice",
        "pbx.example.com",
        5071,
        (("transport", "tcp"), ("lr", None)),
        "Subject=x&Priority=urgent",
        "secret",
    )
    assert uri.param("transport") == "tcp"
    assert uri.param("lr") == ""
    assert uri.param("maddr") is None
    assert str(uri.bare()) == "sips:alice@pbx.example.com:5071"


@pytest.mark.parametrize(
    "text",
    [
        "sip:1001@192.0.2.1",
        "sip:192.0.2.1:5060",
        "sip:1001@[2001:db8::10]:5060;transport=udp",
        "sip:[2001:db8::10]",
        "sip:user;par=u%40example.net@example.com",
        "sip:a:b@c:1;d;e=f?g=h",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "tel:+358-555-1234567;postd=pp22",
        "isbn:2983792873",
        "http://www.example.com/a?b",
    ],
)
def test_printing_undoes_parsing(text: str) -> None:
    assert str(Uri.parse(text)) == text
    assert Uri.parse(str(Uri.parse(text))) == Uri.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "sip:@host",
        "sip::pw@host",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b c",
        "sip:a@host:",
        "sip:a@host:65536",
        "sip:a@host:123456",
        "sip:a@host:x",
        "sip:2001:db8::10",
        "sip:a@[2001:db8::1::1]",
        "sip:a@[fe80::1%eth0]",
        "sip:a@[::1",
        "sip:a@host;;lr",
        "sip:a@host;a=b>",
        "sip:ä@host",
        "sip:a\0@host",
        "sip:a@host\r\nX: y",
        "<sip:a@host>",
        "1abc:x",
        "tel:",
        "tel:12 34",
        "mailto:",
        "x:a b",
    ],
)
def test_what_is_no_uri_is_a_400(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        Uri.parse(text)
    assert caught.value.status == 400


def test_an_uri_too_long_for_the_cache_is_read_all_the_same() -> None:
    assert Uri.parse(f"sip:{'x' * 5000}@host").user == "x" * 5000


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("sip:1001@pbx", "1001"),
        ("sip:sips%3Auser%40example.com@example.net", "sips:user@example.com"),
        ("sip:%2A43@pbx", "*43"),
        ("sip:%C3%BC@pbx", "ü"),
        ("sip:null-%00-null@example.com", "null-%00-null"),
        ("sip:a%0D%0AX%3A@example.com", "a%0D%0AX%3A"),
        ("sip:100%zz@pbx", "100%zz"),
        ("sip:pbx", ""),
        ("tel:+49-(30).1234", "+49301234"),
        ("isbn:123", ""),
    ],
)
def test_the_user_part_is_unescaped_unless_that_would_reveal_control_characters(text: str, user: str) -> None:
    assert aor(Uri.parse(text)) == user


# The pairs of §19.1.4.
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        ("sip:a@[2001:DB8:0::1]", "sip:a@[2001:db8::1]"),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ],
)
def test_equivalent_uris(one: str, other: str) -> None:
    assert Uri.parse(one).equivalent(Uri.parse(other))
    assert Uri.parse(other).equivalent(Uri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a@b", "sip:b"),
        ("isbn:1", "isbn:2"),
    ],
)
def test_different_uris(one: str, other: str) -> None:
    assert not Uri.parse(one).equivalent(Uri.parse(other))
    assert not Uri.parse(other).equivalent(Uri.parse(one))
