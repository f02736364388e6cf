"""Facts as table rows and back.

Columns that are a value's own fields are taken from its class, so a field that no migration made a column for
is an error in the first test, not a loss.
"""

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from pbx.sip.flow import Address, Flow
from pbx.switch.events import BindingView, CallView, LegView, Party
from pbx.wire.media import Counters

Row = dict[str, Any]


def _fields(kind: type, *apart: str) -> tuple[str, ...]:
    """The names of a dataclass's fields but those that are kept apart."""
    return tuple(field.name for field in fields(kind) if field.name not in apart)


_CALL = _fields(CallView, "caller", "callee", "legs")
_LEG = _fields(LegView, "party", "counters")
_COUNTED = _fields(Counters, "leg")
_BINDING = _fields(BindingView, "flow", "path")


def call_row(call: CallView) -> Row:
    row = {name: getattr(call, name) for name in _CALL}
    for end, party in (("caller", call.caller), ("callee", call.callee)):
        row |= {f"{end}_number": party.number, f"{end}_name": party.name, f"{end}_kind": party.kind}
    return row


def leg_rows(call: CallView) -> Iterable[Row]:
    for position, leg in enumerate(call.legs):
        row = {"call": call.call, "position": position}
        row |= {"number": leg.party.number, "name": leg.party.name, "kind": leg.party.kind}
        row |= {name: getattr(leg, name) for name in _LEG}
        yield row | {name: getattr(leg.counters, name, None) for name in _COUNTED}


def binding_row(binding: BindingView) -> Row:
    flow = binding.flow
    row = {name: getattr(binding, name) for name in _BINDING}
    row |= {"slot": binding.slot, "transport": flow.transport, "path": json.dumps(binding.path)}
    row |= {"local_host": flow.local.host, "local_port": flow.local.port}
    return row | {"remote_host": flow.remote.host, "remote_port": flow.remote.port}


def call_view(row: Row, legs: Iterable[Row]) -> CallView:
    caller, callee = (
        Party(row[f"{end}_number"], row[f"{end}_name"], row[f"{end}_kind"]) for end in ("caller", "callee")
    )
    views = tuple(map(_leg_view, legs))
    return CallView(**{name: row[name] for name in _CALL}, caller=caller, callee=callee, legs=views)


def _leg_view(row: Row) -> LegView:
    counters = None
    if row["received"] is not None:
        counters = Counters(row["leg"], **{name: row[name] for name in _COUNTED})
    party = Party(row["number"], row["name"], row["kind"])
    return LegView(**{name: row[name] for name in _LEG}, party=party, counters=counters)


def binding_view(row: Row) -> BindingView:
    local = Address(row["local_host"], row["local_port"])
    remote = Address(row["remote_host"], row["remote_port"])
    flow, path = Flow(row["transport"], local, remote), tuple(json.loads(row["path"]))
    return BindingView(**{name: row[name] for name in _BINDING}, flow=flow, path=path)
