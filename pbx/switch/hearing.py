"""What happens to a session, as its call hears it."""

from collections.abc import Callable
from typing import Any

from pbx.sip import events as sip
from pbx.switch import redirect
from pbx.switch import renegotiation as audio
from pbx.switch.call import Call
from pbx.switch.causes import Cause, of_cancel, passed_on
from pbx.switch.diagnosis import no_ack
from pbx.switch.events import Trouble
from pbx.switch.keys import pressed
from pbx.switch.leg import Leg
from pbx.switch.transfer import refer

GONE = {
    "bye": Cause.NORMAL,
    "no_ack": Cause.NO_ACK,
    "gone": Cause.UNREACHABLE,
    "timeout": Cause.UNREACHABLE,
    "expired": Cause.EXPIRED,
}


def _answered(call: Call, leg: Leg, event: sip.Answered, now: float) -> None:
    call.answered(leg, event.sdp, now)
    call.desk.listening.answered(call.id, now)


def _ended(call: Call, leg: Leg, event: sip.Ended, now: float) -> None:
    if event.why == "no_ack":
        call.desk.tell(Trouble("no_ack", no_ack(call.desk, leg), call.id))
    if call.transfer is None:
        call.reason = passed_on(event.reason)
    call.gone(leg, GONE[event.why], now)


LEG_EVENTS: dict[type, Callable[[Call, Leg, Any, float], None]] = {
    sip.Rang: lambda call, leg, event, now: call.rang(leg, event.status, event.sdp, now),
    sip.Answered: _answered,
    sip.Refused: redirect.refused,
    sip.Confirmed: lambda call, leg, event, now: audio.confirmed(call, leg, event.sdp, now),
    sip.Offered: lambda call, leg, event, now: audio.offered(call, leg, event.sdp, now),
    sip.OfferAnswered: lambda call, leg, event, now: audio.offer_answered(call, leg, event.sdp, now),
    sip.OfferRefused: lambda call, leg, event, now: audio.offer_refused(call, leg, event.status, now),
    sip.Informed: pressed,
    sip.Referred: lambda call, leg, event, now: refer(call, leg, event.referral, now),
    sip.Cancelled: lambda call, leg, event, now: call.gone(leg, of_cancel(event.reason), now),
    sip.Ended: _ended,
}
