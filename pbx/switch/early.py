"""Sound before the answer: announcements and ringing tones that the far end makes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.sdp import Description
from pbx.switch.bridge import Bridge
from pbx.switch.leg import Leg

if TYPE_CHECKING:
    from pbx.switch.call import Call


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
    answer = call.caller.reply(audio.codecs, audio.direction, audio.ptime)
    call.restate()
    return answer
