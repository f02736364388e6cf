"""A leg: one party's dialog and audio.  It speaks call events (ring, answer, offer, hang up), not SIP."""

from collections.abc import Iterable
from enum import Enum

from pbx.sip.audio import Audio, Codec, common
from pbx.sip.flow import Address
from pbx.sip.offer import Negotiation
from pbx.sip.sdp import Description
from pbx.sip.session import Session
from pbx.switch.causes import Cause
from pbx.switch.events import LegView, Party
from pbx.wire.media import Counters, Keys, MediaLeg


class LegState(Enum):
    TRYING = "trying"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


NOWHERE = frozenset({"0.0.0.0", "::"})
AUDIO_NAMES = ("G722", "PCMU", "PCMA", "telephone-event")


class Leg:
    """`audio` is what the party's last SDP said of its side, None before it said anything.

    `codecs` is what we last told it that we take; `sources` are the hosts that its first audio packet may
    come from, beside the one its SDP names.
    """

    session: Session  # the dialog; set as soon as there is one, before any event

    def __init__(
        self, leg: str, party: Party, negotiation: Negotiation, local: Address, sources: Iterable[str]
    ) -> None:
        self.id = leg
        self.party = party
        self.negotiation = negotiation
        self.local = local
        self.sources = tuple(sources)
        self.codecs: tuple[Codec, ...] = ()
        self.state = LegState.TRYING
        self.cause: Cause | None = None
        self.status = 0  # of its own refusal, 0 = it did not refuse
        self.counters: Counters | None = None
        self.silent = False
        self.hidden = False  # others are not to see its number
        self.heard = False  # a first packet of its audio came
        self.shown = local.host  # the address of ours that the party is told

    @property
    def outgoing(self) -> bool:
        """True for a party that we called."""
        return self.session.outgoing

    @property
    def audio(self) -> Audio | None:
        return self.negotiation.remote

    @property
    def alive(self) -> bool:
        return self.state is not LegState.ENDED

    @property
    def talking(self) -> bool:
        return self.state is LegState.ANSWERED

    # -- audio

    @property
    def _shown(self) -> Address:
        """Our end as the party sees it by now: what its router shows of us may have been found meanwhile."""
        session: Session | None = self.__dict__.get("session")
        if session is None:
            return self.local._replace(host=self.shown)
        flow = session.flow._replace(local=self.local)
        return self.local._replace(host=session.core.faces.host(flow))

    def offer(
        self, codecs: Iterable[Codec], direction: str = "sendrecv", ptime: int | None = None
    ) -> Description:
        """Our offer to this party."""
        self.codecs = tuple(codecs)
        return self.negotiation.make_offer(self._shown, self.codecs, direction, ptime)

    def reply(
        self, codecs: Iterable[Codec], direction: str = "sendrecv", ptime: int | None = None
    ) -> Description:
        """Our answer to this party's offer: those of its formats that `codecs` names."""
        named = {codec.name for codec in self.audio.codecs} if self.audio else set()
        self.codecs = common(tuple(codecs), named)
        return self.negotiation.make_answer(self._shown, self.codecs, direction, ptime)

    def media(self, quiet: float) -> MediaLeg:
        """This leg as the media process is to serve it; `quiet` seconds without a packet are told,
        when it should be sending."""
        audio = self.audio
        remote = rtcp = None
        if audio is not None and audio.host not in NOWHERE and audio.port:
            remote = (audio.host, audio.port)
            rtcp = audio.rtcp or (audio.host, audio.port + 1)
        sends = audio is not None and audio.direction in ("sendrecv", "sendonly")
        return MediaLeg(
            leg=self.id,
            local=(self.local.host, self.local.port),
            remote=remote,
            remote_rtcp=rtcp,
            sources=self.sources,
            payloads=tuple((codec.payload, codec.rate) for codec in self.codecs),
            quiet=quiet if self.talking and sends else 0.0,
            keys=self._keys(),
        )

    def _keys(self) -> Keys | None:
        keys = self.negotiation.keys
        return None if keys is None else Keys(keys[0].suite, keys[0].key, keys[1].key)

    # -- the end

    def hang_up(self, cause: Cause, now: float, status: int = 0, why: str = "") -> None:
        """Ends it in the way its state asks for: BYE, CANCEL or a refusal (with `status`, 0 = the
        cause's own) and a Reason (`why`, likewise). Harmless when it has ended."""
        if not self.alive:
            return
        if self.talking:
            self.session.bye(now, why or cause.reason)
        elif self.outgoing:
            self.session.cancel(now, why or cause.reason)
        else:
            self.session.refuse(status or cause.status, now, why or cause.reason, cause.warnings)
        self.ended(cause)

    def ended(self, cause: Cause) -> None:
        self.state = LegState.ENDED
        self.cause = self.cause or cause

    def _voice(self) -> str:
        """The format that is spoken: the first that the party named and we take, "" before it said so."""
        ours = {codec.name for codec in self.codecs} - {"telephone-event"}
        theirs = self.audio.codecs if self.audio else ()
        return next((codec.name for codec in theirs if codec.name in ours), "")

    def view(self) -> LegView:
        audio = self.audio
        held = self.talking and audio is not None and audio.direction != "sendrecv"
        return LegView(
            leg=self.id,
            party=self.party,
            direction="out" if self.outgoing else "in",
            address=str(self.session.flow.remote),
            user_agent=self.session.remote_user_agent,
            state="held" if held else self.state.value,
            codec=self._voice(),
            cause=self.cause.slug if self.cause else "",
            counters=self.counters,
            call_id=self.session.call_id,
        )


def voices(codecs: Iterable[Codec]) -> frozenset[str]:
    """The names of the voice formats that we pass on among `codecs`."""
    return frozenset(codec.name for codec in relayable(codecs)) - {"telephone-event"}


def relayable(codecs: Iterable[Codec]) -> tuple[Codec, ...]:
    """Those of a party's formats that we pass on, with its payload numbers and in its order."""
    return common(tuple(codecs), AUDIO_NAMES)
