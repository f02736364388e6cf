"""Registered phones as people and the store see them, and back: wall-clock times and text."""

from pbx.sip.grammar import format_params
from pbx.sip.headers import NameAddr
from pbx.sip.registrar import Binding
from pbx.switch.events import BindingView


def binding_view(binding: Binding, offset: float) -> BindingView:
    """`offset` turns monotonic seconds into wall-clock seconds."""
    return BindingView(
        aor=binding.aor,
        contact=str(binding.contact),
        flow=binding.flow,
        user_agent=binding.user_agent,
        since=binding.since + offset,
        expires=binding.expires_at + offset,
        q=binding.q,
        call_id=binding.call_id,
        cseq=binding.cseq,
        path=tuple(str(hop) for hop in binding.path),
        params=format_params(binding.contact_params),
        instance=binding.instance,
        reg_id=binding.reg_id,
    )


def binding_of(view: BindingView, offset: float) -> Binding:
    """The binding again, from before a restart."""
    contact = NameAddr.parse(f"<{view.contact}>{view.params}")
    return Binding(
        aor=view.aor,
        contact=contact.uri,
        flow=view.flow,
        source=view.flow,
        expires_at=view.expires - offset,
        since=view.since - offset,
        call_id=view.call_id,
        cseq=view.cseq,
        q=view.q,
        user_agent=view.user_agent,
        path=tuple(NameAddr.parse(hop) for hop in view.path),
        instance=view.instance,
        contact_params=contact.params,
        reg_id=view.reg_id,
    )
