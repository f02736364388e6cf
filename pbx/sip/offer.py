"""Offer and answer about one audio stream (RFC 3264): what each side takes, where, and in which direction."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from random import Random

from pbx.sip import crypto
from pbx.sip.audio import (
    PLAIN,
    RATES,
    SECURE,
    Audio,
    Codec,
    audio_of,
    codecs_of,
    common,
    is_secure,
    media_of,
    restrict,
)
from pbx.sip.crypto import SUITE, SUITES, Crypto
from pbx.sip.errors import LocalProtocolError, RemoteProtocolError
from pbx.sip.flow import Address
from pbx.sip.sdp import Description, Media, Origin


@dataclass(frozen=True, slots=True)
class KeptNegotiation:
    """An agreement as plain values; `local` is our last description as text, "" = none."""

    session_id: int
    version: int
    ip: int
    stream: int
    local: str
    remote: Audio | None
    srtp: str = "off"


class Negotiation:
    """One leg's offers and answers.  `local` is what we last said, `remote` what the peer last said.

    Our version rises by one when what we say changes, and only then (§8).  The m-lines keep their number and
    order for the life of the session (§8); all but one audio line are refused.
    """

    __slots__ = (
        "_ip",
        "_key",
        "_lines",
        "_offer",
        "_random",
        "_sent",
        "_session_id",
        "_stream",
        "_username",
        "_version",
        "local",
        "remote",
        "srtp",
    )

    def __init__(
        self,
        session_id: int,
        username: str = "-",
        ip: int = 0,
        srtp: str = "off",
        random: Random | None = None,
    ) -> None:
        """`session_id` and `username` go into our o-line.

        `ip` (4 or 6) is the version that our audio port speaks: audio at an address of the other one is not
        usable.  0 = either is.  `srtp` is what we ask for: "off", "optional" (beside plain audio, RFC 8643)
        or "required"; an offer that encrypts is always welcome.  `random` makes our keys.
        """
        self._ip = ip
        self.srtp = srtp
        self._random = random
        self._key = ("", "")  # suite, and what we encrypt with by it
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
            if audio is not None and common(audio.codecs, RATES):
                self._offer, self._stream, self.remote = description, number, audio
                self._lines = tuple(_refused(media) for media in description.media)
                return audio
        raise RemoteProtocolError(488, "No Usable Audio")

    def take_answer(self, description: Description) -> Audio:
        """Read the peer's answer to our last offer; 488 and no change if it takes no audio of it."""
        if self.local is None:
            raise LocalProtocolError("an answer without an offer of ours")
        offered = {(codec.name, codec.rate) for codec in codecs_of(self.local.media[self._stream])}
        audio = None
        if self._stream < len(description.media):
            audio = self._usable(description, description.media[self._stream])
        if audio is not None:
            audio = replace(audio, codecs=tuple(c for c in audio.codecs if (c.name, c.rate) in offered))
            audio = self._agreed(audio, self.local.media[self._stream])
        if audio is None or not common(audio.codecs, RATES):
            raise RemoteProtocolError(488, "Audio Not Accepted")
        self.remote = audio
        return audio

    def make_offer(
        self, local: Address, codecs: Iterable[Codec], direction: str = "sendrecv", ptime: int | None = None
    ) -> Description:
        """Offer `codecs` (at least one) at `local`.  `ptime` in milliseconds."""
        proto, line = self._terms()
        media = media_of(local, tuple(codecs), direction, ptime, proto, line)
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
        direction = restrict(direction, self.remote.direction)
        media = media_of(local, tuple(codecs), direction, ptime, proto, self._ours(self.remote.crypto))
        return self._say(local, media if media.formats else self._lines[self._stream], self._offer.times)

    @property
    def keys(self) -> tuple[Crypto, Crypto] | None:
        """How what we send is encrypted, and what they send; None = not at all."""
        theirs = self.remote.crypto if self.remote is not None else None
        ours = self._ours(theirs)
        return None if ours is None or theirs is None else (ours, theirs)

    def insist(self) -> Description | None:
        """The last offer once more, of encrypted audio alone: some refuse it beside plain audio.  None = it
        was not of both, or is answered."""
        if self.srtp != "optional" or self.local is None or self.remote is not None:
            return None
        self.srtp = "required"
        media = self.local.media[self._stream]
        local = Address(self.local.connection or "", media.port)
        return self._say(local, replace(media, proto=SECURE), self.local.times)

    def _terms(self) -> tuple[str, Crypto | None]:
        """Transport and keys of our next offer: as agreed, and before that as we like it."""
        if self.local is not None and self.remote is not None:
            theirs = self.remote.crypto
            return self.local.media[self._stream].proto, self._ours(theirs)
        if self.srtp == "off":
            return PLAIN, None
        line = Crypto(1, SUITE, self._made(SUITE))
        return (SECURE if self.srtp == "required" else PLAIN), line

    def _ours(self, theirs: Crypto | None) -> Crypto | None:
        """Our end of an agreement: the same tag and suite (RFC 4568 §7.1.2), a key of our own."""
        return theirs and Crypto(theirs.tag, theirs.suite, self._made(theirs.suite))

    def _made(self, suite: str) -> str:
        """Our key stays the same for the whole session, so that nothing that is under way is lost."""
        if self._key[0] != suite:
            if self._random is None:
                raise LocalProtocolError("a key without randomness")
            self._key = (suite, base64.b64encode(self._random.randbytes(SUITES[suite])).decode())
        return self._key[1]

    def _agreed(self, audio: Audio, said: Media) -> Audio | None:
        """The answer to what was `said`, with keys only if we asked for some; None = it does not fit."""
        asked = crypto.first(said.attributes)
        theirs = audio.crypto
        if asked is None or theirs is None or (asked.tag, asked.suite) != (theirs.tag, theirs.suite):
            theirs = None
        if theirs is None and is_secure(said.proto):
            return None
        return replace(audio, crypto=theirs)

    def restore(self, before: "Negotiation") -> None:
        """The agreement of `before`, a copy of this object, stands again: the new offer was refused (§8).

        What the peer has seen stays seen, so the version does not go back.
        """
        self.local, self.remote = before.local, before.remote
        self._offer, self._lines, self._stream = before._offer, before._lines, before._stream
        self._key = before._key

    def keep(self) -> KeptNegotiation:
        """What another process needs to go on with this agreement."""
        local = self.local.encode().decode() if self.local is not None else ""
        return KeptNegotiation(
            self._session_id, self._version, self._ip, self._stream, local, self.remote, self.srtp
        )

    @classmethod
    def of(cls, kept: KeptNegotiation, random: Random | None = None) -> "Negotiation":
        """The agreement that was kept."""
        one = cls(kept.session_id, ip=kept.ip, srtp=kept.srtp, random=random)
        one._version, one._stream, one.remote = kept.version, kept.stream, kept.remote
        if kept.local:
            one.local = one._sent = Description.parse(kept.local.encode())
            one._lines = tuple(_refused(media) for media in one.local.media)
            line = crypto.first(one.local.media[one._stream].attributes)
            one._key = (line.suite, line.key) if line is not None else one._key
        return one

    def _usable(self, description: Description, media: Media) -> Audio | None:
        """What an m-line says, or None if that is nothing to us."""
        audio = audio_of(description, media)
        if audio is None or self._ip not in (0, ip_address(audio.host).version):
            return None
        if audio.crypto is None:
            return None if self.srtp == "required" or is_secure(media.proto) else audio
        return audio

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
