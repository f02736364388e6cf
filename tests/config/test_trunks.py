"""Trunks and routes in a document."""

import pytest

from pbx.config import ConfigError, Office, RouteConfig, TrunkConfig, dump_yaml, load_yaml, read
from pbx.config.trunks import contradictions

CARRIER = """
extensions:
  - {number: "1001", name: Anna, password: Quiet-harbour-2026, outside: "+493012345601"}
trunks:
  - name: Carrier
    kind: register
    address: sip.carrier.example
    fallbacks: ["198.51.100.7:5080"]
    transport: tls
    username: "493012345"
    password: Strong-enough-2026
    channels: 4
    caller_id: "+493012345600"
    codecs: [PCMA]
    numbers: {"+493012345601": "1001", "*": "1001"}
routes:
  - {name: Outside, pattern: "0X.", trunks: [Carrier], strip: 1}
"""


def office(text: str) -> Office:
    return read(load_yaml(text))


def test_a_carrier_is_read_whole() -> None:
    found = office(CARRIER)
    assert found.trunks == (
        TrunkConfig(
            "Carrier",
            "register",
            "sip.carrier.example",
            fallbacks=("198.51.100.7:5080",),
            transport="tls",
            username="493012345",
            password="Strong-enough-2026",
            channels=4,
            caller_id="+493012345600",
            codecs=("PCMA",),
            numbers=(("+493012345601", "1001"), ("*", "1001")),
        ),
    )
    assert found.routes == (RouteConfig("Outside", "0X.", ("Carrier",), strip=1),)
    assert found.extensions[0].outside == "+493012345601"
    assert "Strong-enough" not in repr(found)


def test_what_is_written_is_read_again() -> None:
    found = office(CARRIER)
    assert office(dump_yaml(found)) == found


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("kind: register", "kind: magic", "trunks[0].kind", '"ip", "register"'),
        ("transport: tls", "transport: pigeon", "trunks[0].transport", "udp"),
        ("channels: 4", "channels: -1", "trunks[0].channels", "0 to 1000"),
        ("codecs: [PCMA]", "codecs: [MP3]", "trunks[0].codecs[0]", "G722"),
        ('"*": "1001"', '"*": "x"', "trunks[0].numbers", "2 to 6 digits"),
        ('pattern: "0X."', 'pattern: "0.X"', "routes[0].pattern", "a dot at the end"),
        ("trunks: [Carrier]", "trunks: []", "routes[0].trunks", "at least one"),
        ("username:", "user:", "trunks[0].user", "username"),
        ("sip.carrier.example", "sip.carrier.example:99999", "trunks[0].address", "no proper port"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, where: str, words: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        office(CARRIER.replace(old, new))
    (problem,) = refusal.value.problems
    assert problem.path == where
    assert words in problem.message


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('"+493012345601": "1001"', '"+493012345601": "1009"', "trunk Carrier.numbers"),
        ("    password: Strong-enough-2026\n", "", "trunk Carrier.password"),
        ("trunks: [Carrier]", "trunks: [Other]", "route Outside.trunks"),
    ],
)
def test_what_does_not_fit_together_is_named(old: str, new: str, where: str) -> None:
    assert [problem.path for problem in contradictions(office(CARRIER.replace(old, new)))] == [where]


def test_one_number_rings_by_one_trunk() -> None:
    other = TrunkConfig("B", "ip", "192.0.2.9", numbers=(("+493012345601", "1001"),))
    found = office(CARRIER)
    (problem,) = contradictions(Office(None, found.extensions, (*found.trunks, other), found.routes))
    assert "is a number of trunk Carrier too" in problem.message


def test_an_account_needs_a_password_and_a_name_of_its_own() -> None:
    peer = CARRIER.replace("kind: register", "kind: account")
    assert list(contradictions(office(peer))) == []
    taken = peer.replace('username: "493012345"', 'username: "1001"')
    assert [problem.path for problem in contradictions(office(taken))] == ["trunk Carrier.username"]
    bare = peer.replace("    password: Strong-enough-2026\n    channels", "    channels")
    assert [problem.path for problem in contradictions(office(bare))] == ["trunk Carrier.password"]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("198.51.100.9", "198.51.100.9/32"), ("198.51.100.9/24", "198.51.100.0/24"), ("2001:db8::/32", None)],
)
def test_sources_are_addresses_and_networks(written: str, read_as: str | None) -> None:
    found = office(CARRIER.replace("channels: 4", f'sources: ["{written}"]'))
    assert found.trunks[0].sources == (read_as or written,)
    assert office(dump_yaml(found)) == found


@pytest.mark.parametrize("written", ["0.0.0.0/0", "carrier.example", "198.51.100.0/99"])
def test_sources_that_are_none_or_everybody_are_refused(written: str) -> None:
    with pytest.raises(ConfigError):
        office(CARRIER.replace("channels: 4", f'sources: ["{written}"]'))
