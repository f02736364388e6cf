"""Who a party is told it talks to, and which way the call came to it: the headers of an outgoing leg.

Privacy is RFC 3323, P-Asserted-Identity RFC 3325, History-Info RFC 7044, Diversion RFC 5806, Referred-By
RFC 3892.  Nothing that a peer claims is copied: what we send is made of what we know, and a carrier's
Diversion and History-Info are read and written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.headers import NameAddr
from pbx.sip.inspect import Headers
from pbx.sip.message import Request
from pbx.sip.uri import Uri, aor
from pbx.switch.events import Party

if TYPE_CHECKING:
    from pbx.directory import Trunk
    from pbx.switch.call import Call
    from pbx.switch.leg import Leg

NOWHERE = "anonymous.invalid"
ANONYMOUS = NameAddr("Anonymous", Uri("sip", "anonymous", NOWHERE))
"""Who calls without showing a number (RFC 3323 §4.1.1.3)."""

MAX_PAST = 5
"""So many earlier stations of a call are told of, a carrier's and ours each."""

_HIDE = frozenset(("id", "user"))


class Move(NamedTuple):
    """The call left `number` because of `reason`, Diversion's word for it; "" = a person handed it over."""

    number: str
    reason: str


def hides(request: Request) -> bool:
    """Whether the caller wants its number kept from those it calls."""
    asked = request.get("Privacy")
    if asked and not _HIDE.isdisjoint(word.strip().lower() for word in asked.replace(",", ";").split(";")):
        return True
    return request.from_.uri.host == NOWHERE


def name_of(party: Party, domain: str) -> NameAddr:
    return NameAddr(party.name, _uri(party.number, domain))


def shown(leg: Leg, domain: str) -> NameAddr:
    """A party as others may see it."""
    return ANONYMOUS if leg.hidden else name_of(leg.party, domain)


def meet(leg: Leg, other: Leg | Party, domain: str) -> None:
    """From our next offer or answer on a phone shows whom it talks to.  Carriers have no use for it."""
    if leg.party.kind == "extension":
        name = name_of(other, domain) if isinstance(other, Party) else shown(other, domain)
        leg.session.shows = (("P-Asserted-Identity", str(name)),)


def to_phone(call: Call, caller: Leg, callee: str) -> Headers:
    """The headers of an INVITE to a phone of `callee`; a plain call has none."""
    told = past(call, caller, callee, call.desk.stack.directory.domain)
    if call.transfer is not None and not call.transfer.by.hidden:
        by = name_of(call.transfer.by.party, call.desk.stack.directory.domain)
        told += (("Referred-By", str(by)),)
    return told


def to_trunk(call: Call, trunk: Trunk, domain: str, number: str) -> tuple[NameAddr, Headers]:
    """From, and the headers of an INVITE that goes to a carrier, which is told who calls also when those it
    calls are not to know."""
    caller = call.caller
    us = _uri(_outside(call, trunk, caller.party.number), domain)
    headers = (("P-Asserted-Identity", f"<{us}>"), *past(call, caller, number, domain, trunk))
    if caller.hidden:
        return ANONYMOUS, (*headers, ("Privacy", "id"))
    return NameAddr(caller.party.name if not trunk.caller_id else "", us), headers


def _outside(call: Call, trunk: Trunk, number: str) -> str:
    """An inside number as a carrier knows it."""
    extension = call.desk.stack.directory.extensions.get(number)
    return (extension.outside if extension else "") or trunk.caller_id or trunk.username or number


def past(call: Call, caller: Leg, target: str, domain: str, trunk: Trunk | None = None) -> Headers:
    """How a call that was moved or handed over came to `target`; inside numbers are not told a trunk."""
    moves = call.moves[-MAX_PAST:]
    if call.transfer is not None:
        moves = [*moves, Move(call.transfer.by.party.number, "")]
    told = caller.session.request if caller.party.kind == "trunk" and not caller.outgoing else None
    diversions, before = _read(told, "Diversion"), _read(told, "History-Info")
    if not moves and not diversions and not before:
        return ()
    stations = [
        (_uri(_outside(call, trunk, number) if trunk else number, domain), why) for number, why in moves
    ]
    diverted = [str(NameAddr("", uri, (("reason", why),))) for uri, why in reversed(stations) if why]
    diverted += [_station(each, "reason") for each in diversions]
    return (
        *(("Diversion", value) for value in diverted),
        *_history(before, stations, _uri(target, domain)),
    )


def _history(
    before: Sequence[NameAddr], stations: Sequence[tuple[Uri, str]], target: Uri
) -> list[tuple[str, str]]:
    """RFC 7044 §10.3: every station goes on from the one before it."""
    if not before and not stations:
        return []
    values = [_station(each, "index") for each in before]
    last = before[-1].param("index") or "1" if before else ""
    for uri, why in stations:
        last, came = (f"{last}.1", f";mp={last}") if last else ("1", "")
        reason = "?Reason=SIP%3Bcause%3D302" if why else ""
        values.append(f"<{uri}{reason}>;index={last}{came}")
    values.append(f"<{target}>;index={last}.1" + (f";mp={last}" if stations else ""))
    return [("History-Info", value) for value in values]


def _read(request: Request | None, header: str) -> list[NameAddr]:
    """A carrier's list, as far as it can be read."""
    found = []
    for value in request.all(header)[:MAX_PAST] if request is not None else ():
        try:
            each = NameAddr.parse(value)
        except RemoteProtocolError:
            continue
        if each.uri.user and len(value) <= 256:
            found.append(each)
    return found


def _station(each: NameAddr, param: str) -> str:
    """Number, host and one parameter: all that is passed on."""
    value = each.param(param) or ""
    plain = value if value.replace("-", "").replace(".", "").isalnum() else ""
    uri = _uri(aor(each.uri), each.uri.host or NOWHERE)
    return str(NameAddr("", uri, ((param, plain),) if plain else ()))


def _uri(number: str, domain: str) -> Uri:
    return Uri("sip", quote(number, safe="+*#-_.!~'()&=$,;?/"), domain)
