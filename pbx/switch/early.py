"""Sound before the answer: announcements and ringing tones that the far end makes itself, or several far ends
of one INVITE, of which any may answer (RFC 3261 §13.2.2.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pbx.sip.audio import Codec
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.sdp import Description
from pbx.switch.bridge import Bridge
from pbx.switch.leg import Leg, voices

if TYPE_CHECKING:
    from pbx.switch.call import Call


class EarlyAnswer(NamedTuple):
    """What the caller was told before the answer."""

    sdp: Description
    direction: str


def early_audio(call: Call, leg: Leg, sdp: Description | None) -> Description | None:
    """The answer that lets the caller hear it before it is answered.

    With several phones ringing there is no early sound: the caller's one offer can have one answer only
    (RFC 3261 §13.2.1), and it belongs to the phone that takes the call.
    """
    ringing = [each for each in call.legs[1:] if each.alive]
    if sdp is None or len(ringing) > 1 or call.caller.audio is None:
        return None
    try:
        audio = leg.negotiation.take_answer(sdp)
    except RemoteProtocolError:
        return None
    call.bridge = Bridge([call.caller, leg])
    if call.early is None:
        answer = call.caller.reply(audio.codecs, audio.direction, audio.ptime)
        call.early = EarlyAnswer(answer, audio.direction)
    call.restate()
    return call.early.sdp


def final_answer(call: Call, codecs: Iterable[Codec], direction: str, ptime: int | None) -> Description:
    """What the caller's 200 says: an early answer was the answer, whoever takes the call in the end."""
    caller = call.caller
    if caller.audio is None:
        return caller.offer(codecs, ptime=ptime)
    return call.early.sdp if call.early is not None else caller.reply(codecs, direction, ptime)


def outdated(call: Call, caller: Leg) -> bool:
    """Whether who took the call speaks otherwise than the caller was told when it heard early sound."""
    early, call.early = call.early, None
    other = call.bridge.other(caller)
    if early is None or other is None or other.audio is None:
        return False
    return other.audio.direction != early.direction or not voices(caller.codecs) <= voices(other.audio.codecs)
