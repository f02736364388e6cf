"""The last messages, and the ladder that is made of them."""

import struct

from pbx.net.ladder import ladder, pcap, text, trace, verdict
from pbx.net.ring import Entry, Ring
from pbx.net.sampler import Sample
from pbx.sip.flow import Address, Flow
from pbx.switch.events import CallView, LegView, Party

US, ANNA = Address("192.0.2.1", 5060), Address("192.0.2.11", 5062)
FLOW = Flow("udp", US, ANNA)


def message(first: str, cseq: str, call_id: str = "c1", extra: str = "", body: str = "") -> bytes:
    return (
        f"{first}\r\nVia: SIP/2.0/UDP 192.0.2.11;branch=z9hG4bK1\r\n"
        "From: <sip:a@b>;tag=1\r\nTo: <sip:c@b>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {cseq}\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


INVITE = message("INVITE sip:c@b SIP/2.0", "1 INVITE", extra="Authorization: Digest response=secret\r\n")
OK = message("SIP/2.0 200 OK", "1 INVITE", extra="Content-Type: application/sdp\r\n", body="v=0\r\n")
ACK = message("ACK sip:c@b SIP/2.0", "1 ACK")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        self.now += 0.25
        return self.now


def call(**more: object) -> CallView:
    return CallView("x", "active", Party("1001"), "1002", Party("1002"), 1000.0, **more)  # type: ignore[arg-type]


def recorded(*said: tuple[bool, bytes]) -> list[Entry]:
    ring = Ring(clock=Clock())
    for sent, data in said:
        ring(sent, data, FLOW)
    return ring.of(["c1"])


def test_a_calls_messages_are_found_and_others_are_not() -> None:
    other = message("INVITE sip:c@b SIP/2.0", "1 INVITE", "c2")
    entries = recorded((False, INVITE), (False, other), (True, OK), (False, ACK))
    assert [entry.data for entry in entries] == [INVITE, OK, ACK]


def test_registrations_do_not_push_calls_out_and_room_has_an_end() -> None:
    ring = Ring(calls=10_000, others=5_000)
    ring(False, INVITE, FLOW)
    for n in range(1000):
        ring(False, message("REGISTER sip:b SIP/2.0", f"{n} REGISTER", f"r{n}"), FLOW)
    assert len(ring.of(["c1"])) == 1
    for n in range(1000):
        ring(False, message("INVITE sip:c@b SIP/2.0", "1 INVITE", f"n{n}"), FLOW)
    assert ring.of(["c1"]) == []
    assert ring.used <= 15_000


def test_the_ladder_has_times_titles_and_no_secrets() -> None:
    rungs = ladder(recorded((False, INVITE), (True, OK), (False, ACK)))
    assert [(rung.at, rung.sent, rung.title, rung.audio) for rung in rungs] == [
        (0.0, False, "INVITE", False),
        (250.0, True, "200 OK", True),
        (500.0, False, "ACK", False),
    ]
    assert rungs[0].peer == "192.0.2.11:5062"


def test_messages_and_audio_are_on_one_axis() -> None:
    entries = recorded((False, INVITE), (True, OK), (False, ACK))
    samples = [Sample(1005.25, "a", 250, 249, 3, 1.5)]
    found = trace(call(answered=1003.2), entries, samples)
    assert (found.began, found.audio[0].at) == (1000.25, 5000.0)
    words = text(found)
    assert words.startswith("Answered after 3.2 s; they are talking.")
    ack = words.index("+500.0 ms from 192.0.2.11:5062 by udp\nACK")
    assert ack < words.index("+5000.0 ms audio of leg a:")
    assert "250 packets heard, 3 lost, jitter 1.5 ms, 249 sent" in words
    assert "secret" not in words


def test_the_verdict_says_what_looked_wrong() -> None:
    fine = ladder(recorded((False, INVITE), (True, OK), (False, ACK)))
    words = verdict(call(answered=1003.2, ended=1010.2, cause_text="hung up"), fine)
    assert words == "Answered after 3.2 s, lasted 7 s; how it ended: hung up."
    lossy = ladder(recorded((False, INVITE), (False, INVITE), (True, OK), (True, OK)))
    words = verdict(call(answered=1003.2), lossy)
    assert "192.0.2.11:5062 repeated INVITE once: packets were lost" in words
    assert "We repeated 200 OK once to 192.0.2.11:5062" in words
    assert "The ACK of 192.0.2.11:5062 to our 200 never came" in words


def test_the_verdict_names_people_and_who_hung_up() -> None:
    anna = LegView("a", Party("1001", "Anna"), "in", "192.0.2.11:5062", "", "ended")
    lossy = ladder(recorded(*[(False, INVITE)] * 3, (True, OK), (False, ACK), (False, ACK)))
    over = {"cause": "normal", "cause_text": "hung up", "ended_by": "caller"}
    words = verdict(call(answered=1003.2, ended=1010.2, legs=(anna,), **over), lossy)
    assert "how it ended: hung up by the caller. Anna repeated INVITE twice, ACK once: packets" in words


def test_a_short_call_id_finds_its_own_messages_and_odd_spellings_are_found_too() -> None:
    odd = INVITE.replace(b"Call-ID: c1", b"i : c").replace(b"CSeq:", b"CSEQ :")
    notify = message("NOTIFY sip:c@b SIP/2.0", "2 NOTIFY", "c")
    ring = Ring(others=5_000, clock=Clock())
    for data in (INVITE, odd, notify, ACK):
        ring(False, data, FLOW)
    assert [entry.data for entry in ring.of(["c"])] == [odd, notify]
    for n in range(100):
        ring(False, message("REGISTER sip:b SIP/2.0", f"{n} REGISTER", f"r{n}"), FLOW)
    assert [entry.data for entry in ring.of(["c", "c1"])] == [INVITE, odd, ACK]


def test_a_capture_over_ipv6_has_sound_checksums() -> None:
    flow = Flow("udp", Address("2001:db8::1", 5060), Address("2001:db8::2", 5062))
    packet = pcap([Entry(1.0, True, INVITE + b"odd", flow)])[40:]
    assert packet[0] >> 4 == 6
    udp = packet[40:] + b"\0" * (len(packet) % 2)
    pseudo = packet[8:40] + struct.pack("!HH", 17, len(packet) - 40)
    total = sum(struct.unpack(f"!{(len(pseudo) + len(udp)) // 2}H", pseudo + udp))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


def test_a_capture_file_has_every_message_in_a_sound_packet() -> None:
    data = pcap(recorded((False, INVITE), (True, OK)))
    assert struct.unpack("<I", data[:4]) == (0xA1B2C3D4,)
    at, found = 24, []
    while at < len(data):
        _, _, size, _ = struct.unpack("<IIII", data[at : at + 16])
        packet = data[at + 16 : at + 16 + size]
        total = sum(struct.unpack("!10H", packet[:20]))
        assert (total & 0xFFFF) + (total >> 16) == 0xFFFF, "the checksum of the IP header"
        found.append((struct.unpack("!HH", packet[20:24]), packet[28:34]))
        at += 16 + size
    assert found == [((5062, 5060), b"INVITE"), ((5060, 5062), b"SIP/2.")]
    assert b"secret" not in data
