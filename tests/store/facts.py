"""Facts as the switch tells them, for tests."""

from dataclasses import replace

from pbx.sip.flow import Address, Flow
from pbx.switch.events import BindingView, CallEnded, CallView, LegView, Party
from pbx.wire.media import Counters


def call(
    name: str, started: float = 1000.0, caller: str = "1001", dialled: str = "1002", **changes: object
) -> CallView:
    """An answered call with two legs, one of them counted."""
    ann, bob = Party(caller, f"Name {caller}"), Party(dialled, f"Name {dialled}")
    counters = Counters("a", 500, 86000, 498, 85656, 2, 1, 0, 3, 4.25)
    legs = (
        LegView("a", ann, "in", "192.0.2.1:5060", "Yealink", "ended", "PCMU", "normal", counters),
        LegView("b", bob, "out", "[2001:db8::2]:5060", "baresip", "ended", "PCMU", "normal", None),
    )
    times = (started, started + 1, started + 3, started + 60)
    view = CallView(name, "ended", ann, dialled, bob, *times, "normal", "hung up", "callee", legs)
    return replace(view, **changes)  # type: ignore[arg-type]


def ended(name: str, started: float = 1000.0, **changes: object) -> CallEnded:
    return CallEnded(call(name, started, **changes))  # type: ignore[arg-type]


def binding(contact: str = "sip:1001@192.0.2.1:5060", **changes: object) -> BindingView:
    flow = Flow("udp", Address("192.0.2.9", 5060), Address("192.0.2.1", 40000))
    times = (999_000.0, 2_000_000.0)
    view = BindingView("1001", contact, flow, "Yealink", *times, 0.5, "call-1@x", 7, ("<sip:edge;lr>",))
    return replace(view, **changes)  # type: ignore[arg-type]
