"""What is told of a call: its view while it lives, its record when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx.switch.events import CallView

if TYPE_CHECKING:
    from pbx.switch.call import Call


def view_of(call: Call) -> CallView:
    """A call as it is now, or its record when it is over."""
    return CallView(
        call=call.id,
        state=call.state.value,
        caller=call.caller.party,
        dialled=call.dialled,
        callee=call.callee,
        started=call.times["started"],
        ringing=call.times.get("ringing"),
        answered=call.times.get("answered"),
        ended=call.times.get("ended"),
        cause=call.cause.slug if call.cause else "",
        cause_text=call.cause.words if call.cause else "",
        ended_by=call.ended_by,
        transferred=call.transferred,
        legs=(*(leg.view() for leg in call.legs), *call.past),
    )
