"""Registered phones as people and the store see them, and back: wall-clock times and text."""

from pbx.sip.headers import NameAddr
from pbx.sip.registrar import Binding
from pbx.sip.uri import Uri
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
    )


def binding_of(view: BindingView, offset: float) -> Binding:
    """The binding again, from before a restart."""
    return Binding(
        aor=view.aor,
        contact=Uri.parse(view.contact),
        flow=view.flow,
        source=view.flow,
        expires_at=view.expires - offset,
        since=view.since - offset,
        call_id=view.call_id,
        cseq=view.cseq,
        q=view.q,
        user_agent=view.user_agent,
        path=tuple(NameAddr.parse(hop) for hop in view.path),
    )
