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
    words = [_outcome(call)]
    again = Counter(rung.peer for rung in rungs if rung.repeated and not rung.sent)
    for peer, count in again.items():
        words.append(f"{peer} repeated {count} messages: packets were lost on the way, or we answered late.")
    ours = Counter(rung.peer for rung in rungs if rung.repeated and rung.sent)
    for peer, count in ours.items():
        words.append(f"We had to repeat {count} messages to {peer}: it did not hear or did not answer.")
    accepts = [rung for rung in rungs if rung.sent and rung.title.startswith("200")]
    answered = {rung.peer for rung in accepts if "INVITE" in rung.cseq}
    acknowledged = {rung.peer for rung in rungs if not rung.sent and rung.title == "ACK"}
    for peer in sorted(answered - acknowledged):
        words.append(f"The ACK of {peer} to our 200 never came: it may not reach the address in our Contact.")
    return " ".join(words)


def _outcome(call: CallView) -> str:
    if call.answered is not None:
        waited = call.answered - call.started
        if call.ended is None:
            return f"Answered after {waited:.1f} s; they are talking."
        spoke = call.ended - call.answered
        return f"Answered after {waited:.1f} s, lasted {spoke:.0f} s; how it ended: {call.cause_text}."
    if call.ended is None:
        return "Not answered yet."
    return f"Not answered; after {call.ended - call.started:.1f} s: {call.cause_text}."


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
    udp = struct.pack("!HHHH", source.port, target.port, 8 + len(payload), 0) + payload
    ours, theirs = ip_address(source.host), ip_address(target.host)
    if ours.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + ours.packed + theirs.packed + udp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + ours.packed + theirs.packed
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return head[:10] + struct.pack("!H", checksum) + head[12:] + udp
