"""One audio stream as an m-line tells it: formats, address, direction, keys; how it is read and written."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Final

from pbx.sip import crypto
from pbx.sip.crypto import Crypto
from pbx.sip.flow import Address
from pbx.sip.sdp import Attributes, Description, Media

DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")

PLAIN: Final = "RTP/AVP"
SECURE: Final = "RTP/SAVP"
# AVPF adds feedback that nobody must send: an answer in its name promises nothing else (RFC 4585 §3.2).
_SECURE_PROTOS: Final = frozenset((SECURE, "RTP/SAVPF"))
_AUDIO_PROTOS: Final = _SECURE_PROTOS | {PLAIN, "RTP/AVPF"}
_EVENTS: Final = "telephone-event"
_RTPMAP: Final = re.compile(r"([0-9]{1,3}) +([!-.0-~]{1,64})/([0-9]{1,6})(?:/[0-9]{1,3})?")
_MIRROR: Final = MappingProxyType({"sendonly": "recvonly", "recvonly": "sendonly"})
# Direction of a party that asked us, the RFC 2543 way, to send it nothing (RFC 3264 §8.4).
_DEAF: Final = MappingProxyType({"sendrecv": "sendonly", "recvonly": "inactive"})


@dataclass(frozen=True, slots=True)
class Codec:
    """One format of an m-line: RTP payload number, encoding name, clock rate in Hz, fmtp parameters."""

    payload: int
    name: str
    rate: int
    fmtp: str = ""


SUPPORTED: Final = (
    Codec(9, "G722", 8000),  # sampled at 16 kHz; 8000 is a mistake of RFC 1890 that stayed (RFC 3551 §4.5.2)
    Codec(0, "PCMU", 8000),
    Codec(8, "PCMA", 8000),
    Codec(101, _EVENTS, 8000, "0-15"),
)
"""The formats that we take, best first."""

# Formats that need no rtpmap (RFC 3551 §6) and that phones do offer.
_STATIC: Final = MappingProxyType(
    {
        0: ("PCMU", 8000),
        3: ("GSM", 8000),
        4: ("G723", 8000),
        8: ("PCMA", 8000),
        9: ("G722", 8000),
        13: ("CN", 8000),
        15: ("G728", 8000),
        18: ("G729", 8000),
    }
)
_SPELLING: Final = MappingProxyType({codec.name.lower(): codec.name for codec in SUPPORTED})
RATES: Final = MappingProxyType({codec.name: codec.rate for codec in SUPPORTED})


@dataclass(frozen=True, slots=True)
class Audio:
    """What one side says about its audio.

    `host` is an IP address (0.0.0.0 or :: = send it nothing), `port` the RTP port.  `rtcp` is None where RTCP
    goes to the next port.  `codecs` are all that it names, in its order.  `direction` is as that side sees
    it.  `ptime` and `maxptime` in milliseconds.  `crypto` is how it encrypts what it sends, None = not.
    """

    host: str
    port: int
    rtcp: tuple[str, int] | None
    codecs: tuple[Codec, ...]
    direction: str = "sendrecv"
    ptime: int | None = None
    maxptime: int | None = None
    crypto: Crypto | None = None


def common(offered: Sequence[Codec], allowed: Iterable[str]) -> tuple[Codec, ...]:
    """Those of `offered` that are named in `allowed`, with their numbers and in their order.

    A rate that is not ours drops a format (telephone-event/48000 belongs to Opus); events without a voice
    format are no audio, and give ().
    """
    names = frozenset(allowed)
    codecs = tuple(c for c in offered if c.name in names and RATES.get(c.name, c.rate) == c.rate)
    return codecs if any(codec.name != _EVENTS for codec in codecs) else ()


def mirror(direction: str) -> str:
    """The same direction as the other side sees it."""
    return _MIRROR.get(direction, direction)


def restrict(wanted: str, offered: str) -> str:
    """The nearest to `wanted` that may answer `offered` (§6.1): we send only what they receive, and so on."""
    sends = wanted in {"sendrecv", "sendonly"} and offered in {"sendrecv", "recvonly"}
    receives = wanted in {"sendrecv", "recvonly"} and offered in {"sendrecv", "sendonly"}
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


def is_webrtc(description: Description) -> bool:
    """Whether its audio is a browser's, whose keys come by DTLS (RFC 8827 §6.5)."""
    return any(media.proto.upper().startswith("UDP/TLS/RTP/") for media in description.media)


def is_secure(proto: str) -> bool:
    return proto.upper() in _SECURE_PROTOS


def media_of(
    local: Address,
    codecs: tuple[Codec, ...],
    direction: str,
    ptime: int | None,
    proto: str,
    line: Crypto | None,
) -> Media:
    attributes: list[tuple[str, str | None]] = [("crypto", str(line))] if line is not None else []
    for codec in codecs:
        attributes.append(("rtpmap", f"{codec.payload} {codec.name}/{codec.rate}"))
        if codec.fmtp:
            attributes.append(("fmtp", f"{codec.payload} {codec.fmtp}"))
    if ptime is not None:
        attributes.append(("ptime", str(ptime)))
    attributes.append((direction, None))
    formats = tuple(str(codec.payload) for codec in codecs)
    return Media("audio", local.port, proto, formats, None, tuple(attributes))


def audio_of(description: Description, media: Media) -> Audio | None:
    """What an m-line says, or None if it is no plain RTP audio to one host, or is refused."""
    host = media.connection or description.connection or ""
    address = _unicast(host)
    if media.kind != "audio" or media.proto.upper() not in _AUDIO_PROTOS or not media.port or address is None:
        return None
    direction = _direction(media.attributes) or _direction(description.attributes) or "sendrecv"
    if address.is_unspecified:
        direction = _DEAF.get(direction, direction)
    return Audio(
        host,
        media.port,
        _rtcp(media.attribute("rtcp"), host),
        codecs_of(media),
        direction,
        _milliseconds(media.attribute("ptime")),
        _milliseconds(media.attribute("maxptime")),
        crypto.first(media.attributes),
    )


def _unicast(host: str) -> IPv4Address | IPv6Address | None:
    # A name would have to be looked up, and one packet to a group would be many: both are refused.
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return None if address.is_multicast or host == "255.255.255.255" or "%" in host else address


def _direction(attributes: Attributes) -> str | None:
    return next((name for name, _ in attributes if name in DIRECTIONS), None)


def _rtcp(text: str | None, host: str) -> tuple[str, int] | None:
    """`a=rtcp:port [IN IP4 host]` (RFC 3605)."""
    words = (text or "").split()
    port = _number(words[0], 65535) if words else None
    where = words[3] if len(words) == 4 else host
    return (where, port) if port and _unicast(where) else None


def codecs_of(media: Media) -> tuple[Codec, ...]:
    """The formats that an m-line names, each payload number once, without those that nothing describes."""
    maps = _by_payload(media.attributes, "rtpmap")
    fmtps = _by_payload(media.attributes, "fmtp")
    codecs: dict[int, Codec] = {}
    for text in media.formats:
        payload = _number(text, 127)
        if payload is None:
            continue
        found = _RTPMAP.fullmatch(maps.get(payload, ""))
        name, rate = (found[2], int(found[3])) if found else _STATIC.get(payload, ("", 0))
        if name:
            fmtp = fmtps.get(payload, "").partition(" ")[2].strip()
            codecs[payload] = Codec(payload, _SPELLING.get(name.lower(), name), rate, fmtp)
    return tuple(codecs.values())


def _by_payload(attributes: Attributes, kind: str) -> Mapping[int, str]:
    """Attributes of a kind, by the payload number they begin with; the first of a number counts."""
    found: dict[int, str] = {}
    for name, value in attributes:
        if name == kind and value:
            payload = _number(value.partition(" ")[0], 127)
            if payload is not None:
                found.setdefault(payload, value)
    return found


def _milliseconds(text: str | None) -> int | None:
    return _number(text, 1000) or None if text else None


def _number(text: str, largest: int) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or (number := int(text)) > largest:
        return None
    return number
