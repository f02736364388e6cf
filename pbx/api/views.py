"""Values as the API shows them: plain documents of calls, phones, revisions and facts."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pbx.directory import Directory
from pbx.switch.events import (
    BindingView,
    CallChanged,
    CallEnded,
    CallStarted,
    DirectoryChanged,
    Fact,
    PhoneRegistered,
    PhoneUnregistered,
    Trouble,
    TrunkChanged,
)


def plain(value: Any) -> Any:
    """Dataclasses as objects by their field names, tuples as arrays, all the way down."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def phone(binding: BindingView, directory: Directory) -> dict[str, Any]:
    """One registered phone.  `name` is "" when its extension is gone already."""
    extension = directory.extensions.get(binding.aor)
    return {
        "extension": binding.aor,
        "name": extension.name if extension else "",
        "contact": binding.contact,
        "address": str(binding.flow.remote),
        "transport": binding.flow.transport,
        "user_agent": binding.user_agent,
        "since": binding.since,
        "expires": binding.expires,
    }


def event(fact: Fact, directory: Directory) -> tuple[str, Any] | None:
    """(event name, data) of a fact that the console follows; None for those that only metrics count."""
    match fact:
        case CallStarted(call):
            return "call.started", plain(call)
        case CallChanged(call):
            return "call.changed", plain(call)
        case CallEnded(call):
            return "call.ended", plain(call)
        case PhoneRegistered(binding, refresh):
            return "phone.registered", {**phone(binding, directory), "refresh": refresh}
        case PhoneUnregistered(binding, why):
            return "phone.unregistered", {**phone(binding, directory), "why": why}
        case TrunkChanged(trunk):
            return "trunk.changed", plain(trunk)
        case Trouble():
            return "trouble", plain(fact)
        case DirectoryChanged():
            return "directory.changed", plain(fact)
        case _:
            return None
