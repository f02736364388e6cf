"""Offer and answer about one audio stream (RFC 3264): what each side takes, where, and in which direction."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Final

from pbx.sip.errors import LocalProtocolError, RemoteProtocolError
from pbx.sip.flow import Address
from pbx.sip.sdp import Attributes, Description, Media, Origin

DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")

_AUDIO_PROTO: Final = "RTP/AVP"
# AVPF adds feedback that nobody must send: an answer in its name promises nothing else (RFC 4585 §3.2).
_AUDIO_PROTOS: Final = frozenset((_AUDIO_PROTO, "RTP/AVPF"))
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
_RATES: Final = MappingProxyType({codec.name: codec.rate for codec in SUPPORTED})


@dataclass(frozen=True, slots=True)
class Audio:
    """What one side says about its audio.

    `host` is an IP address (0.0.0.0 or :: = send it nothing), `port` the RTP port.  `rtcp` is None where RTCP
    goes to the next port.  `codecs` are all that it names, in its order.  `direction` is as that side sees
    it.  `ptime` and `maxptime` in milliseconds.
    """

    host: str
    port: int
    rtcp: tuple[str, int] | None
    codecs: tuple[Codec, ...]
    direction: str = "sendrecv"
    ptime: int | None = None
    maxptime: int | None = None


def common(offered: Sequence[Codec], allowed: Iterable[str]) -> tuple[Codec, ...]:
    """Those of `offered` that are named in `allowed`, with their numbers and in their order.

    A rate that is not ours drops a format (telephone-event/48000 belongs to Opus); events without a voice
    format are no audio, and give ().
    """
    names = frozenset(allowed)
    codecs = tuple(c for c in offered if c.name in names and _RATES.get(c.name, c.rate) == c.rate)
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


@dataclass(frozen=True, slots=True)
class KeptNegotiation:
    """An agreement as plain values; `local` is our last description as text, "" = none."""

    session_id: int
    version: int
    ip: int
    stream: int
    local: str
    remote: Audio | None


class Negotiation:
    """One leg's offers and answers.  `local` is what we last said, `remote` what the peer last said.

    Our version rises by one when what we say changes, and only then (§8).  The m-lines keep their number and
    order for the life of the session (§8); all but one audio line are refused.
    """

    __slots__ = (
        "_ip",
        "_lines",
        "_offer",
        "_sent",
        "_session_id",
        "_stream",
        "_username",
        "_version",
        "local",
        "remote",
    )

    def __init__(self, session_id: int, username: str = "-", ip: int = 0) -> None:
        """`session_id` and `username` go into our o-line.

        `ip` (4 or 6) is the version that our audio port speaks: audio at an address of the other one is not
        usable.  0 = either is.
        """
        self._ip = ip
        self.local: Description | None = None
        self.remote: Audio | None = None
        self._session_id = session_id
        self._username = username
        self._version = session_id
        self._sent: Description | None = None  # as `local`, but never taken back
        self._offer: Description | None = None  # the peer's, until it is answered
        self._lines: tuple[Media, ...] = ()  # every m-line of the session, refused
        self._stream = 0  # which of them is our audio

    def take_offer(self, description: Description) -> Audio:
        """Read the peer's offer, for `make_answer` to answer; 488 and no change without usable audio."""
        for number, media in enumerate(description.media):
            audio = self._usable(description, media)
            if audio is not None and common(audio.codecs, _RATES):
                self._offer, self._stream, self.remote = description, number, audio
                self._lines = tuple(_refused(media) for media in description.media)
                return audio
        raise RemoteProtocolError(488, "No Usable Audio")

    def take_answer(self, description: Description) -> Audio:
        """Read the peer's answer to our last offer; 488 and no change if it takes no audio of it."""
        if self.local is None:
            raise LocalProtocolError("an answer without an offer of ours")
        offered = {(codec.name, codec.rate) for codec in _codecs(self.local.media[self._stream])}
        audio = None
        if self._stream < len(description.media):
            audio = self._usable(description, description.media[self._stream])
        if audio is not None:
            audio = replace(audio, codecs=tuple(c for c in audio.codecs if (c.name, c.rate) in offered))
        if audio is None or not common(audio.codecs, _RATES):
            raise RemoteProtocolError(488, "Audio Not Accepted")
        self.remote = audio
        return audio

    def make_offer(
        self, local: Address, codecs: Iterable[Codec], direction: str = "sendrecv", ptime: int | None = None
    ) -> Description:
        """Offer `codecs` (at least one) at `local`.  `ptime` in milliseconds."""
        media = _stream(local, tuple(codecs), direction, ptime)
        if not media.formats:
            raise LocalProtocolError("an offer without a format")
        return self._say(local, media, ("0 0",))

    def make_answer(
        self, local: Address, codecs: Iterable[Codec], direction: str = "sendrecv", ptime: int | None = None
    ) -> Description:
        """Answer the offer taken last; no codec at all refuses its audio.

        `direction` is narrowed to what the offer allows (§6.1).
        """
        if self._offer is None or self.remote is None:
            raise LocalProtocolError("an answer to no offer")
        proto = self._offer.media[self._stream].proto
        media = _stream(local, tuple(codecs), restrict(direction, self.remote.direction), ptime, proto)
        return self._say(local, media if media.formats else self._lines[self._stream], self._offer.times)

    def restore(self, before: "Negotiation") -> None:
        """The agreement of `before`, a copy of this object, stands again: the new offer was refused (§8).

        What the peer has seen stays seen, so the version does not go back.
        """
        self.local, self.remote = before.local, before.remote
        self._offer, self._lines, self._stream = before._offer, before._lines, before._stream

    def keep(self) -> KeptNegotiation:
        """What another process needs to go on with this agreement."""
        local = self.local.encode().decode() if self.local is not None else ""
        return KeptNegotiation(self._session_id, self._version, self._ip, self._stream, local, self.remote)

    @classmethod
    def of(cls, kept: KeptNegotiation) -> "Negotiation":
        """The agreement that was kept."""
        one = cls(kept.session_id, ip=kept.ip)
        one._version, one._stream, one.remote = kept.version, kept.stream, kept.remote
        if kept.local:
            one.local = one._sent = Description.parse(kept.local.encode())
            one._lines = tuple(_refused(media) for media in one.local.media)
        return one

    def _usable(self, description: Description, media: Media) -> Audio | None:
        """What an m-line says, or None if that is nothing to us."""
        audio = _audio(description, media)
        if audio is None or self._ip in (0, ip_address(audio.host).version):
            return audio
        return None

    def _say(self, local: Address, media: Media, times: tuple[str, ...]) -> Description:
        if not self._lines:
            self._lines = (_refused(media),)
        lines = (*self._lines[: self._stream], media, *self._lines[self._stream + 1 :])
        said = self._description(local, lines, times)
        if self._sent is not None and said != self._sent:
            self._version += 1
            said = self._description(local, lines, times)
        self.local = self._sent = said
        return said

    def _description(self, local: Address, lines: tuple[Media, ...], times: tuple[str, ...]) -> Description:
        origin = Origin(self._username, str(self._session_id), str(self._version), local.host)
        return Description(origin, connection=local.host, times=times, media=lines)


def _refused(media: Media) -> Media:
    return Media(media.kind, 0, media.proto, media.formats)


def _stream(
    local: Address, codecs: tuple[Codec, ...], direction: str, ptime: int | None, proto: str = _AUDIO_PROTO
) -> Media:
    attributes: list[tuple[str, str | None]] = []
    for codec in codecs:
        attributes.append(("rtpmap", f"{codec.payload} {codec.name}/{codec.rate}"))
        if codec.fmtp:
            attributes.append(("fmtp", f"{codec.payload} {codec.fmtp}"))
    if ptime is not None:
        attributes.append(("ptime", str(ptime)))
    attributes.append((direction, None))
    formats = tuple(str(codec.payload) for codec in codecs)
    return Media("audio", local.port, proto, formats, None, tuple(attributes))


def _audio(description: Description, media: Media) -> Audio | None:
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
        _codecs(media),
        direction,
        _milliseconds(media.attribute("ptime")),
        _milliseconds(media.attribute("maxptime")),
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


def _codecs(media: Media) -> tuple[Codec, ...]:
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
