"""Offer and answer (RFC 3264): who takes what, where, and in which direction."""

from copy import copy
from dataclasses import replace

import pytest

from pbx.sip.audio import SUPPORTED, Audio, Codec, common, mirror, restrict
from pbx.sip.errors import LocalProtocolError, RemoteProtocolError
from pbx.sip.flow import Address
from pbx.sip.offer import Negotiation
from pbx.sip.sdp import Description

HERE = Address("192.0.2.10", 10000)
G722, PCMU, PCMA, EVENTS = SUPPORTED

OFFER = (
    b"v=0\r\n"
    b"o=anna 1 1 IN IP4 192.0.2.57\r\n"
    b"s=-\r\n"
    b"c=IN IP4 192.0.2.57\r\n"
    b"t=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8 0 18 97 98\r\n"
    b"a=rtpmap:97 Telephone-Event/8000\r\n"
    b"a=fmtp:97 0-16\r\n"
    b"a=rtpmap:98 opus/48000/2\r\n"
    b"a=ptime:20\r\n"
    b"a=maxptime:150\r\n"
    b"a=rtcp:4005\r\n"
)
VIDEO = b"m=video 4002 RTP/AVP 31\r\n"
SECURE = b"m=audio 4004 RTP/SAVP 0\r\na=crypto:1 x\r\n"


def offer(old: bytes = b"", new: bytes = b"") -> Description:
    assert old in OFFER
    return Description.parse(OFFER.replace(old, new) if old else OFFER + new)


def take(description: Description) -> Audio:
    return Negotiation(1).take_offer(description)


def answers(
    description: Description, direction: str = "sendrecv", codecs: tuple[Codec, ...] = (PCMA,)
) -> Description:
    """What a phone at 192.0.2.58:5000 answers to an offer of ours."""
    phone = Negotiation(2)
    phone.take_offer(Description.parse(description.encode()))
    return phone.make_answer(Address("192.0.2.58", 5000), codecs, direction)


def test_an_offer_says_where_what_and_how() -> None:
    assert take(offer()) == Audio(
        "192.0.2.57",
        4000,
        ("192.0.2.57", 4005),
        (
            Codec(8, "PCMA", 8000),
            Codec(0, "PCMU", 8000),
            Codec(18, "G729", 8000),
            Codec(97, "telephone-event", 8000, "0-16"),
            Codec(98, "opus", 48000),
        ),
        "sendrecv",
        20,
        150,
    )


def test_what_we_pass_on_keeps_their_numbers_and_order() -> None:
    allowed = [codec.name for codec in SUPPORTED]
    assert common(take(offer()).codecs, allowed) == (PCMA, PCMU, Codec(97, "telephone-event", 8000, "0-16"))
    assert common(SUPPORTED, ["PCMU"]) == (PCMU,)
    assert common((EVENTS,), allowed) == ()
    assert common((PCMU, Codec(100, "telephone-event", 48000)), allowed) == (PCMU,)


@pytest.mark.parametrize(
    ("lines", "codecs"),
    [
        (b"m=audio 4000 RTP/AVP 0 0 8", (PCMU, PCMA)),
        (b"m=audio 4000 RTP/AVP 0 96 128 x -1 1000000", (PCMU,)),
        (b"m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 broken\r\na=rtpmap:x\r\na=rtpmap", (PCMU,)),
        (b"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 pcmu/8000", (Codec(96, "PCMU", 8000),)),
        (b"m=audio 4000 RTP/AVP 9\r\na=rtpmap:9 G722/8000/1", (G722,)),
        (
            b"m=audio 4000 rtp/avp 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15",
            (PCMU, EVENTS),
        ),
    ],
)
def test_formats_as_peers_write_them(lines: bytes, codecs: tuple[Codec, ...]) -> None:
    head = OFFER.partition(b"m=")[0]
    assert take(Description.parse(head + lines + b"\r\n")).codecs == codecs


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        (b"a=ptime:20\r\n", b"a=sendonly\r\n", "sendonly"),
        (b"a=ptime:20\r\n", b"a=inactive\r\n", "inactive"),
        (b"a=ptime:20\r\n", b"a=recvonly\r\n", "recvonly"),
        (b"t=0 0\r\n", b"t=0 0\r\na=sendonly\r\n", "sendonly"),
        (b"c=IN IP4 192.0.2.57", b"c=IN IP4 0.0.0.0", "sendonly"),
        (b"c=IN IP4 192.0.2.57", b"c=IN IP6 ::", "sendonly"),
        (b"c=IN IP4 192.0.2.57\r\nt=0 0\r\n", b"c=IN IP4 0.0.0.0\r\nt=0 0\r\na=recvonly\r\n", "inactive"),
        (b"c=IN IP4 192.0.2.57\r\nt=0 0\r\n", b"c=IN IP4 0.0.0.0\r\nt=0 0\r\na=inactive\r\n", "inactive"),
    ],
)
def test_hold_in_all_its_spellings(old: bytes, new: bytes, direction: str) -> None:
    assert take(offer(old, new)).direction == direction


def test_a_direction_of_the_stream_beats_that_of_the_session() -> None:
    description = offer(b"t=0 0\r\n", b"t=0 0\r\na=sendonly\r\n")
    (media,) = description.media
    media = replace(media, attributes=(*media.attributes, ("sendrecv", None)))
    assert take(replace(description, media=(media,))).direction == "sendrecv"


@pytest.mark.parametrize(
    ("text", "rtcp"),
    [
        (b"53020", ("192.0.2.57", 53020)),
        (b"53020 IN IP4 192.0.2.99", ("192.0.2.99", 53020)),
        (b"0", None),
        (b"65536", None),
        (b"x", None),
        (b"53020 IN IP4 224.0.0.1", None),
    ],
)
def test_the_rtcp_port(text: bytes, rtcp: tuple[str, int] | None) -> None:
    assert take(offer(b"a=rtcp:4005", b"a=rtcp:" + text)).rtcp == rtcp
    assert take(offer(b"a=rtcp:4005\r\n", b"")).rtcp is None


@pytest.mark.parametrize("text", [b"0", b"-20", b"x", b"", b"100000"])
def test_a_senseless_ptime_is_none(text: bytes) -> None:
    assert take(offer(b"a=ptime:20", b"a=ptime:" + text)).ptime is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"m=audio 4000", b"m=audio 0"),
        (b"m=audio", b"m=video"),
        (b"RTP/AVP", b"RTP/SAVP"),
        (b"RTP/AVP 8 0 18 97 98", b"RTP/AVP 18 97 98"),
        (b"RTP/AVP 8 0 18 97 98", b"RTP/AVP 97"),
        (b"c=IN IP4 192.0.2.57\r\n", b""),
        (b"c=IN IP4 192.0.2.57", b"c=IN IP4 phone.example.com"),
        (b"c=IN IP4 192.0.2.57", b"c=IN IP4 224.0.0.1"),
        (b"c=IN IP4 192.0.2.57", b"c=IN IP4 255.255.255.255"),
        (b"c=IN IP4 192.0.2.57", b"c=IN IP6 fe80::1%eth0"),
    ],
)
def test_an_offer_without_usable_audio_is_a_488_and_changes_nothing(old: bytes, new: bytes) -> None:
    negotiation = Negotiation(1)
    before = negotiation.take_offer(offer())
    with pytest.raises(RemoteProtocolError) as caught:
        negotiation.take_offer(offer(old, new))
    assert caught.value.status == 488
    assert negotiation.remote is before
    assert [media.port for media in negotiation.make_answer(HERE, [PCMA]).media] == [10000]


def test_our_offer_on_the_wire() -> None:
    assert Negotiation(7).make_offer(HERE, SUPPORTED, "sendonly", 20).encode() == (
        b"v=0\r\n"
        b"o=- 7 7 IN IP4 192.0.2.10\r\n"
        b"s=-\r\n"
        b"c=IN IP4 192.0.2.10\r\n"
        b"t=0 0\r\n"
        b"m=audio 10000 RTP/AVP 9 0 8 101\r\n"
        b"a=rtpmap:9 G722/8000\r\n"
        b"a=rtpmap:0 PCMU/8000\r\n"
        b"a=rtpmap:8 PCMA/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-15\r\n"
        b"a=ptime:20\r\n"
        b"a=sendonly\r\n"
    )
    assert (
        b"c=IN IP6 2001:db8::1\r\n"
        in Negotiation(7).make_offer(Address("2001:db8::1", 10000), [PCMU]).encode()
    )


def test_an_answer_keeps_every_m_line_and_refuses_all_but_one() -> None:
    head, audio = OFFER[: OFFER.index(b"m=")], OFFER[OFFER.index(b"m=") :]
    negotiation = Negotiation(1)
    negotiation.take_offer(
        Description.parse(head.replace(b"t=0 0", b"t=5 6") + VIDEO + SECURE + audio + audio)
    )
    answer = negotiation.make_answer(HERE, [PCMA], "sendrecv")
    assert [(media.kind, media.port, media.proto, media.formats) for media in answer.media] == [
        ("video", 0, "RTP/AVP", ("31",)),
        ("audio", 0, "RTP/SAVP", ("0",)),
        ("audio", 10000, "RTP/AVP", ("8",)),
        ("audio", 0, "RTP/AVP", ("8", "0", "18", "97", "98")),
    ]
    assert answer.times == ("5 6",)  # §6: as in the offer
    again = negotiation.make_offer(HERE, SUPPORTED)
    assert [media.port for media in again.media] == [0, 0, 10000, 0]
    assert again.times == ("0 0",)


def test_an_answer_without_a_format_refuses_the_audio() -> None:
    negotiation = Negotiation(1)
    negotiation.take_offer(offer())
    (media,) = negotiation.make_answer(HERE, []).media
    assert (media.port, media.formats) == (0, ("8", "0", "18", "97", "98"))


@pytest.mark.parametrize(
    ("wanted", "offered", "said"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendrecv", "sendonly", "recvonly"),
        ("sendrecv", "recvonly", "sendonly"),
        ("sendrecv", "inactive", "inactive"),
        ("sendonly", "sendonly", "inactive"),
        ("recvonly", "sendonly", "recvonly"),
        ("sendonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
    ],
)
def test_an_answer_is_narrowed_to_what_the_offer_allows(wanted: str, offered: str, said: str) -> None:
    assert restrict(wanted, offered) == said
    negotiation = Negotiation(1)
    negotiation.take_offer(offer(b"a=ptime:20", b"a=" + offered.encode()))
    assert negotiation.make_answer(HERE, [PCMA], wanted).media[0].attribute(said) == ""


def test_directions_mirror() -> None:
    assert [mirror(direction) for direction in ("sendrecv", "sendonly", "recvonly", "inactive")] == [
        "sendrecv",
        "recvonly",
        "sendonly",
        "inactive",
    ]


def test_the_version_rises_only_when_the_body_changes() -> None:
    negotiation = Negotiation(7)
    first = negotiation.make_offer(HERE, [PCMU])
    assert negotiation.make_offer(HERE, [PCMU]) == first
    hold = negotiation.make_offer(HERE, [PCMU], "sendonly")
    assert (first.origin.version, hold.origin.version, hold.origin.session_id) == ("7", "8", "7")
    assert negotiation.make_offer(HERE, [PCMU]).origin.version == "9"


def test_an_answer_to_our_offer_is_taken() -> None:
    negotiation = Negotiation(1)
    answer = answers(negotiation.make_offer(HERE, SUPPORTED, "sendonly"), "recvonly")
    audio = negotiation.take_answer(answer)
    assert audio == Audio("192.0.2.58", 5000, None, (PCMA,), "recvonly")
    assert negotiation.remote == audio
    assert negotiation.take_answer(answer) == audio  # 183, then 200


def test_an_answer_counts_only_for_what_we_offered_but_with_its_numbers() -> None:
    negotiation = Negotiation(1)
    answer = answers(
        negotiation.make_offer(HERE, [PCMA, EVENTS]), codecs=(PCMU, Codec(96, "PCMA", 8000), EVENTS)
    )
    assert negotiation.take_answer(answer).codecs == (Codec(96, "PCMA", 8000), EVENTS)


@pytest.mark.parametrize("codecs", [(), (PCMU,), (EVENTS,)])
def test_an_answer_that_accepts_nothing_is_a_488(codecs: tuple[Codec, ...]) -> None:
    negotiation = Negotiation(1)
    answer = answers(negotiation.make_offer(HERE, [PCMA, EVENTS]), codecs=codecs)
    with pytest.raises(RemoteProtocolError) as caught:
        negotiation.take_answer(answer)
    assert caught.value.status == 488
    assert negotiation.remote is None
    with pytest.raises(RemoteProtocolError):
        negotiation.take_answer(replace(answer, media=()))


def test_a_refused_offer_leaves_the_agreement_but_not_the_version() -> None:
    negotiation = Negotiation(7)
    talking = negotiation.take_answer(answers(negotiation.make_offer(HERE, SUPPORTED)))
    before, agreed = copy(negotiation), negotiation.local
    hold = negotiation.make_offer(HERE, SUPPORTED, "sendonly")
    negotiation.take_answer(answers(hold, "recvonly"))
    negotiation.restore(before)
    assert (negotiation.remote, negotiation.local) == (talking, agreed)
    assert negotiation.make_offer(HERE, SUPPORTED).origin.version == "9"


def test_our_own_mistakes_are_loud() -> None:
    with pytest.raises(LocalProtocolError):
        Negotiation(1).take_answer(offer())
    with pytest.raises(LocalProtocolError):
        Negotiation(1).make_answer(HERE, [PCMU])
    with pytest.raises(LocalProtocolError):
        Negotiation(1).make_offer(HERE, [])
