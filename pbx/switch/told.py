"""What the stack tells of phones and of strangers, as the facts that others learn."""

from pbx.sip import events as sip
from pbx.switch.bindings import binding_view
from pbx.switch.events import Fact, MessageRejected, PhoneRegistered, PhoneUnregistered, SignInFailed

Told = sip.Registered | sip.Unregistered | sip.AuthFailed | sip.Rejected


def fact_of(event: Told, wall_offset: float) -> Fact:
    match event:
        case sip.Registered(binding, refresh):
            return PhoneRegistered(binding_view(binding, wall_offset), refresh)
        case sip.Unregistered(binding, why):
            return PhoneUnregistered(binding_view(binding, wall_offset), why)
        case sip.AuthFailed(account, address, banned):
            return SignInFailed(account, address, banned)
        case sip.Rejected(reason, status, address, detail):
            return MessageRejected(reason, status, address, detail)
