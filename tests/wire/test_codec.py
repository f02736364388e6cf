"""The codec: what is written is read back; what breaks the types is refused, and the place is named."""

import math
from dataclasses import dataclass

import pytest

from pbx.sip.flow import Address, Flow
from pbx.switch.events import BindingView, CallEnded, CallView, LegView, Party
from pbx.wire.codec import WireError, decode, encode
from pbx.wire.media import Ask, Closed, Command, Counters, Event, MediaLeg, Quit, Want

PAYLOADS = ((0, 8000), (101, 8000))
LEG = MediaLeg("a", ("127.0.0.1", 10000), ("192.0.2.1", 4000), None, ("192.0.2.1",), PAYLOADS, 30.0)
WANT = Want("call-1", 3, (LEG, MediaLeg("b", ("127.0.0.1", 10002))), (("a", "b"), ("b", "a")))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Every kind of annotation that the wire understands."""

    any: object
    table: dict[str, Counters]
    one: Ask | Quit | None
    flags: tuple[bool, ...] = ()
    asks: tuple[Ask, ...] = ()
    flow: Flow | None = None


@pytest.mark.parametrize("message", [
    WANT,
    Ask("ümlaut \ud800 \x00"),
    Quit(),
    Closed("c", (Counters("a", 5, 800, jitter=1.5),)),
])
def test_every_message_comes_back_as_it_was(message):
    assert decode(encode(message), Command | Event) == message


def test_nested_values_named_tuples_and_unions_come_back_as_they_were():
    flow = Flow("udp", Address("192.0.2.1", 5060), Address("::1", 5061))
    envelope = Envelope({"x": [1, None]}, {"a": Counters("a")}, Quit(), (True, False), (Ask("x"),), flow)
    back = decode(encode(envelope), Envelope)
    assert back == envelope
    assert isinstance(back.flow.remote, Address)
    assert decode(encode(Envelope(None, {}, None)), Envelope).one is None


def test_the_switchs_facts_can_cross_too():
    anna = Party("1001", "Anna Adams")
    leg = LegView("l", anna, "in", "udp:192.0.2.1:5060", "phone", "ended", counters=Counters("l"))
    call = CallView("c", "ended", anna, "1002", Party("1002"), 1.5, ended=3.0, legs=(leg,))
    assert decode(encode(CallEnded(call)), CallEnded).call == call
    flow = Flow("udp", Address("h", 1), Address("i", 2))
    binding = BindingView("1001", "sip:1001@192.0.2.1", flow, "ua", 1.0, 2.0)
    assert decode(encode(binding), BindingView) == binding


def test_what_has_a_default_may_be_left_out():
    assert decode(b'{"type":"Want","call":"c","generation":1}', Command) == Want("c", 1)


def test_a_whole_number_is_a_number_too():
    leg = decode(b'{"type":"MediaLeg","leg":"a","local":["h",2],"quiet":30}', MediaLeg)
    assert leg.quiet == 30.0
    assert type(leg.quiet) is float


@pytest.mark.parametrize(("data", "words"), [
    (b"", "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b"9" * 5000, "not JSON"),
    (b'{"type":"Ask","call":NaN}', "NaN"),
    (b"[]", "wanted an object, got an array of 0"),
    (b"{}", "type: wanted one of Ask, Quit, Want, got None"),
    (b'{"type":["Ask"]}', "type: wanted one of"),
    (b'{"type":"Closed","call":"c","counters":[]}', "type: wanted one of Ask, Quit, Want, got 'Closed'"),
    (b'{"type":"Ask"}', "Ask.call: missing"),
    (b'{"type":"Ask","call":null}', "Ask.call: wanted text, got null"),
    (b'{"type":"Ask","call":"c","colour":1}', "Ask.colour: no such field"),
    (b'{"type":"Want","call":"c","generation":true}', "Want.generation: wanted a whole number, got true"),
    (b'{"type":"Want","call":"c","generation":1.5}', "Want.generation: wanted a whole number, got a number"),
    (b'{"type":"Want","call":"c","generation":1,"hears":[["a","b"],["a"]]}',
     "Want.hears[1]: wanted an array of 2, got an array of 1"),
    (b'{"type":"Want","call":"c","generation":1,"legs":[{"leg":"a","local":["h","2"]}]}',
     "Want.legs[0].local[1]: wanted a whole number, got text"),
    (b'{"type":"Want","call":"c","generation":1,"legs":[{"leg":"a","local":["h",2],"quiet":1e999}]}',
     "Want.legs[0].quiet: wanted a number"),
])
def test_a_broken_message_is_refused_and_the_place_named(data, words):
    with pytest.raises(WireError) as caught:
        decode(data, Command)
    assert words in str(caught.value)


def test_a_number_that_json_lacks_is_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Counters("a", jitter=math.nan))


def test_an_annotation_without_a_form_is_our_own_mistake():
    @dataclass
    class Odd:
        value: int | str

    with pytest.raises(TypeError):
        decode(b'{"type":"Odd","value":1}', Odd)
