"""What was said in a call, for people: a ladder of messages with times, and what became of it in words."""

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from pbx.net.ring import Entry
from pbx.net.sampler import Sample
from pbx.net.trace import masked, readable
from pbx.sip.message import MalformedMessage, Request, parse
from pbx.switch.events import CallView


@dataclass(frozen=True, slots=True)
class Rung:
    """One message.  `at` is milliseconds since the first one; `peer` the far end, `sent` = by us to it.

    `title` is the method, or status and reason; `repeated` = the very same was said before.
    """

    at: float
    peer: str
    transport: str
    sent: bool
    title: str
    cseq: str
    repeated: bool
    audio: bool
    text: str


@dataclass(frozen=True, slots=True)
class Trace:
    """All of a call: `began` is the first message's wall-clock time, of which `at` is counted in
    milliseconds, in the figures of its audio too."""

    began: float
    verdict: str
    messages: tuple[Rung, ...]
    audio: tuple[Sample, ...]


def trace(call: CallView, entries: Sequence[Entry], samples: Iterable[Sample]) -> Trace:
    rungs = ladder(entries)
    began = entries[0].at if entries else 0.0
    audio = tuple(replace(sample, at=round((sample.at - began) * 1000, 1)) for sample in samples)
    return Trace(began, verdict(call, rungs), rungs, audio)


def ladder(entries: Sequence[Entry]) -> tuple[Rung, ...]:
    first = entries[0].at if entries else 0.0
    seen: set[tuple[bool, bytes]] = set()
    rungs = []
    for entry in entries:
        key = entry.sent, entry.data
        rungs.append(_rung(entry, first, key in seen))
        seen.add(key)
    return tuple(rungs)


def _rung(entry: Entry, first: float, repeated: bool) -> Rung:
    flow = entry.flow
    about = round((entry.at - first) * 1000, 1), str(flow.remote), flow.transport, entry.sent
    text = readable(entry.data)
    try:
        message = parse(entry.data)
    except MalformedMessage as error:
        return Rung(*about, f"malformed: {error.reason}", "", repeated, False, text)
    title = message.method if isinstance(message, Request) else f"{message.status} {message.reason}"
    audio = message.content_type == "application/sdp"
    return Rung(*about, title, str(message.cseq), repeated, audio, text)


def verdict(call: CallView, rungs: Sequence[Rung]) -> str:
    """What became of it, in words, with what looked wrong on the way."""
    names = {leg.address: leg.party.name or leg.party.number for leg in call.legs}
    words = [_outcome(call)]
    for peer, said in _repeated(rungs, sent=False).items():
        who = names.get(peer, peer)
        words.append(f"{who} repeated {said}: packets were lost on the way, or we were late.")
    for peer, said in _repeated(rungs, sent=True).items():
        words.append(f"We repeated {said} to {names.get(peer, peer)}: it did not hear or did not answer.")
    accepts = [rung for rung in rungs if rung.sent and rung.title.startswith("200")]
    answered = {rung.peer for rung in accepts if "INVITE" in rung.cseq}
    acknowledged = {rung.peer for rung in rungs if not rung.sent and rung.title == "ACK"}
    for peer in sorted(answered - acknowledged):
        who = names.get(peer, peer)
        words.append(f"The ACK of {who} to our 200 never came: it may not reach the address in our Contact.")
    return " ".join(words)


def _repeated(rungs: Sequence[Rung], sent: bool) -> dict[str, str]:
    """By far end: "INVITE twice, BYE once"."""
    again = Counter((rung.peer, rung.title) for rung in rungs if rung.repeated and rung.sent == sent)
    said: dict[str, str] = {}
    for (peer, title), count in again.items():
        often = {1: "once", 2: "twice"}.get(count, f"{count} times")
        said[peer] = f"{said[peer]}, {title} {often}" if peer in said else f"{title} {often}"
    return said


def _outcome(call: CallView) -> str:
    a_party = call.cause == "normal" and call.ended_by in ("caller", "callee")
    why = f"{call.cause_text} by the {call.ended_by}" if a_party else call.cause_text
    if call.answered is not None:
        waited = call.answered - call.started
        if call.ended is None:
            return f"Answered after {waited:.1f} s; they are talking."
        spoke = call.ended - call.answered
        return f"Answered after {waited:.1f} s, lasted {spoke:.0f} s; how it ended: {why}."
    if call.ended is None:
        return "Not answered yet."
    return f"Not answered; after {call.ended - call.started:.1f} s: {why}."


def text(trace: Trace) -> str:
    """All of it to be read or mailed, in order of time."""
    pieces = [(rung.at, _in_words(rung)) for rung in trace.messages]
    pieces += [(sample.at, _audio_in_words(sample)) for sample in trace.audio]
    pieces.sort(key=lambda piece: piece[0])
    return "\n".join([trace.verdict + "\n", *(words for _, words in pieces)])


def _in_words(rung: Rung) -> str:
    way = "to" if rung.sent else "from"
    again = " (again)" if rung.repeated else ""
    head = f"+{rung.at:.1f} ms {way} {rung.peer} by {rung.transport}{again}"
    return f"{head}\n{rung.text.rstrip()}\n"


def _audio_in_words(sample: Sample) -> str:
    heard = f"{sample.received} packets heard, {sample.lost} lost, jitter {sample.jitter:.1f} ms"
    return f"+{sample.at:.1f} ms audio of leg {sample.leg}: {heard}, {sample.sent} sent\n"


_GLOBAL = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)  # microseconds; LINKTYPE_RAW


def pcap(entries: Iterable[Entry]) -> bytes:
    """A capture file for other programs.  Each message is a UDP datagram, whatever it came by; secrets are
    hidden as they are everywhere."""
    out = bytearray(_GLOBAL)
    for entry in entries:
        packet = _packet(entry)
        seconds = int(entry.at)
        micros = int((entry.at - seconds) * 1e6)
        out += struct.pack("<IIII", seconds, micros, len(packet), len(packet)) + packet
    return bytes(out)


def _packet(entry: Entry) -> bytes:
    ends = (entry.flow.local, entry.flow.remote)
    source, target = ends if entry.sent else ends[::-1]
    payload = masked(entry.data)[:65000]
    ours, theirs = ip_address(source.host), ip_address(target.host)
    size = 8 + len(payload)
    udp = struct.pack("!HHHH", source.port, target.port, size, 0) + payload
    addresses = ours.packed + theirs.packed
    checksum = _checksum(addresses + struct.pack("!HH", 17, size) + udp) or 0xFFFF
    udp = udp[:6] + struct.pack("!H", checksum) + udp[8:]
    if ours.version == 6:
        return struct.pack("!IHBB", 6 << 28, size, 17, 64) + addresses + udp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, 0, 0, 64, 17, 0) + addresses
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + udp


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
