"""Keys that people press in a call, as far as they are told by SIP (INFO)."""

from pbx.sip.events import Informed
from pbx.sip.inside import inform
from pbx.switch.call import Call
from pbx.switch.leg import Leg


def pressed(call: Call, leg: Leg, event: Informed, now: float) -> None:
    """The other party hears it in the same form, if it takes that."""
    other = call.bridge.other(leg)
    if other is not None and "INFO" in other.session.allowed:
        inform(other.session, event.content_type, event.body, now)
