"""A REGISTER, carried out as a whole or not at all (RFC 3261 §10.3 steps 6 to 8)."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from pbx.sip.flow import SECURE, Flow
from pbx.sip.grammar import Params, get_param
from pbx.sip.headers import NameAddr
from pbx.sip.inspect import Headers, Refusal
from pbx.sip.message import Request
from pbx.sip.reach import reach
from pbx.sip.registrar import Binding, Registrar
from pbx.sip.settings import Settings

MAX_CONTACT = 512
"""Longest contact that we keep, characters: it is stored for as long as the phone likes."""
MAX_PATH = 8

_OURS = frozenset(("expires", "q"))


def register(
    request: Request, aor: str, source: Flow, registrar: Registrar, settings: Settings, now: float
) -> Headers | Refusal:
    """Update the bindings of `aor`.  The 200's headers (all bindings, §10.3 step 8), or a refusal."""
    if request.contact_star:
        refusal = _remove_all(request, aor, registrar)
    else:
        refusal = _update(request, aor, source, registrar, settings, now)
    return refusal or _answer(request, registrar.bindings(aor), now)


def _remove_all(request: Request, aor: str, registrar: Registrar) -> Refusal | None:
    if request.expires != 0:
        return Refusal(400, "contact_star", (), "Contact * Needs Expires 0")
    bindings = registrar.bindings(aor)
    if any(_out_of_order(request, binding) for binding in bindings):
        return Refusal(500, "cseq", (), "CSeq Out of Order")
    for binding in bindings:
        registrar.remove(binding, "unregistered")
    return None


def _update(
    request: Request, aor: str, source: Flow, registrar: Registrar, settings: Settings, now: float
) -> Refusal | None:
    wanted: list[tuple[Binding, int]] = []
    for contact in request.contacts[: settings.max_contacts + 1]:
        seconds = _seconds(contact, request, settings)
        refusal = _contact_refusal(contact, seconds, settings, source)
        if refusal is not None:
            return refusal
        wanted.append((_binding(request, aor, contact, source, now, seconds), seconds))
    if len(wanted) > settings.max_contacts:
        return Refusal(403, "contacts", (), "Too Many Contacts")
    found = [registrar.find(aor, binding.contact) for binding, _ in wanted]
    if any(old is not None and _out_of_order(request, old) for old in found):
        return Refusal(500, "cseq", (), "CSeq Out of Order")
    for (binding, seconds), old in zip(wanted, found, strict=True):
        if seconds:
            registrar.put(replace(binding, since=old.since) if old is not None else binding)
        elif old is not None and registrar.find(aor, old.contact) is old:
            registrar.remove(old, "unregistered")
    return None


def _out_of_order(request: Request, binding: Binding) -> bool:
    return binding.call_id == request.call_id and request.cseq.number <= binding.cseq


def _seconds(contact: NameAddr, request: Request, settings: Settings) -> int:
    """How long this contact asks for, cut to what we allow; nonsense counts as the default (§10.2.1.1)."""
    text = contact.param("expires")
    if text is None:
        asked = settings.default_expires if request.expires is None else request.expires
    else:
        sound = text.isascii() and text.isdigit() and len(text) <= 10
        asked = int(text) if sound else settings.default_expires
    return min(asked, settings.max_expires)


def _contact_refusal(contact: NameAddr, seconds: int, settings: Settings, source: Flow) -> Refusal | None:
    schemes = ("sip", "sips") if source.transport in SECURE else ("sip",)
    if contact.uri.scheme not in schemes or not contact.uri.host or len(str(contact)) > MAX_CONTACT:
        return Refusal(400, "contact", (), "Contact Not Usable")
    if 0 < seconds < settings.min_expires:
        return Refusal(423, "too_brief", (("Min-Expires", str(settings.min_expires)),))
    return None


def _binding(
    request: Request, aor: str, contact: NameAddr, source: Flow, now: float, seconds: int
) -> Binding:
    path = tuple(request.paths[:MAX_PATH])
    return Binding(
        aor=aor,
        contact=contact.uri,
        flow=reach(path[0].uri if path else contact.uri, source),  # RFC 3327 §5.3
        source=source,
        expires_at=now + seconds,
        since=now,
        call_id=request.call_id,
        cseq=request.cseq.number,
        q=_q(contact.params),
        user_agent=(request.get("User-Agent") or "")[:200],
        path=path,
        instance=contact.param("+sip.instance") or "",
        contact_params=tuple((name, value) for name, value in contact.params if name not in _OURS),
    )


def _q(params: Params) -> float:
    """§20.10: 0 to 1, 1 where there is none or nonsense."""
    text = get_param(params, "q") or "1"
    try:
        value = float(text)
    except ValueError:
        return 1.0
    return value if 0.0 <= value <= 1.0 else 1.0


def _answer(request: Request, bindings: tuple[Binding, ...], now: float) -> Headers:
    contacts = [("Contact", _echo(binding, now)) for binding in bindings]
    paths = [("Path", str(path)) for path in request.paths[:MAX_PATH]]
    return (*contacts, *paths, *([("Supported", "path")] if paths else []))


def _echo(binding: Binding, now: float) -> str:
    q: Params = () if binding.q == 1.0 else (("q", f"{binding.q:g}"),)
    expires: Params = (("expires", str(max(0, ceil(binding.expires_at - now)))),)
    return str(NameAddr("", binding.contact, (*binding.contact_params, *q, *expires)))
