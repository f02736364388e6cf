"""A call that comes in: who calls, and whether it is taken."""

from pbx.directory import Account, Trunk
from pbx.sip import events as sip
from pbx.switch import identity
from pbx.switch.call import Call
from pbx.switch.causes import Cause
from pbx.switch.desk import Desk
from pbx.switch.events import Party
from pbx.switch.transfer import take_over
from pbx.switch.trunks import caller_number


def invited(desk: Desk, event: sip.Invited, now: float) -> None:
    """A new call by an account or a trunk."""
    session = event.session
    if desk.closing:
        session.refuse(Cause.SHUTDOWN.status, now, Cause.SHUTDOWN.reason)
        return
    if (cause := desk.trunks.refusal(event.caller)) is not None:
        session.refuse(cause.status, now, cause.reason)
        return
    party = _caller(desk, event)
    if event.replaces is not None:
        take_over(desk, event, party, now)
        return
    name = desk.name()
    host, source = session.flow.local.host, session.flow.remote.host
    srtp = event.caller.srtp if isinstance(event.caller, Trunk) else "off"
    caller = desk.new_leg(name, 0, party, host, (source,), srtp)
    if caller is None:
        session.refuse(Cause.NO_PORTS.status, now, Cause.NO_PORTS.reason)
        return
    hops = session.request.max_forwards
    hops = 70 if hops is None else hops
    call = Call(desk, name, caller, event.dialled, hops, now, _for_whom(desk, event))
    caller.hidden = identity.hides(session.request)
    desk.calls[name] = call
    desk.attach(call, caller, session)
    call.begin(event.sdp, now)


def _for_whom(desk: Desk, event: sip.Invited) -> str:
    """What was dialled; from outside, the extension that the number called belongs to, "" = none."""
    if isinstance(event.caller, Account):
        return event.dialled
    to = event.session.request.to.uri.user or ""
    return desk.trunks.called(event.caller, event.dialled, to)


def _caller(desk: Desk, event: sip.Invited) -> Party:
    """Who calls: an extension by our own directory, never by what the message claims; a trunk's
    caller by its From."""
    if isinstance(event.caller, Account):
        number = event.caller.extension
        extension = desk.stack.directory.extensions.get(number)
        return Party(number, extension.name if extension else "")
    says = event.session.request.from_
    return Party(caller_number(says.uri), says.display[:64], "trunk", event.caller.name)
