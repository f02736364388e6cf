"""A REGISTER, carried out as a whole or not at all (RFC 3261 §10.3 steps 6 to 8)."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from pbx.sip.flow import SECURE, Flow
from pbx.sip.grammar import Params, get_param
from pbx.sip.headers import NameAddr
from pbx.sip.inspect import REGISTRAR, Headers, Refusal
from pbx.sip.message import Request
from pbx.sip.reach import reach
from pbx.sip.registrar import Binding, Registrar
from pbx.sip.settings import Settings
from pbx.sip.uri import Uri

MAX_CONTACT = 512
"""Longest contact that we keep, characters: it is stored for as long as the phone likes."""
MAX_PATH = 8

FLOW_TIMER = 90
"""Seconds between the keep-alives that we ask of a phone on a connection (RFC 5626 §5.4)."""

_OURS = frozenset(("expires", "q", "pub-gruu", "temp-gruu"))
_SUPPORTED = ("Supported", REGISTRAR)


def register(
    request: Request, aor: str, source: Flow, registrar: Registrar, settings: Settings, now: float
) -> Headers | Refusal:
    """Update the bindings of `aor`.  The 200's headers (all bindings, §10.3 step 8), or a refusal."""
    outbound = False
    if request.contact_star:
        refusal = _remove_all(request, aor, registrar)
    else:
        outbound = bool(request.contacts) and _is_outbound(request)
        refusal = _update(request, aor, source, registrar, settings, now, outbound)
    return refusal or _answer(request, registrar.bindings(aor), source, outbound, now)


def _remove_all(request: Request, aor: str, registrar: Registrar) -> Refusal | None:
    if request.expires != 0:
        return Refusal(400, "contact_star", (), "Contact * Needs Expires 0")
    bindings = registrar.bindings(aor)
    if any(_out_of_order(request, binding) for binding in bindings):
        return Refusal(500, "cseq", (), "CSeq Out of Order")
    for binding in bindings:
        registrar.remove(binding, "unregistered")
    return None


def _is_outbound(request: Request) -> bool:
    """Whether the phone keeps flows (RFC 5626 §6)."""
    if "outbound" not in request.supported and "outbound" not in request.require:
        return False
    return any(_reg_id(contact) for contact in request.contacts)


def _reg_id(contact: NameAddr) -> int:
    """0 = it names no flow."""
    text = contact.param("reg-id") or ""
    sound = text.isascii() and text.isdigit() and len(text) < 10 and contact.param("+sip.instance")
    return int(text) if sound else 0


def _through(request: Request) -> bool:
    """Whether the first hop keeps the flow: it is us, or a proxy that says so in its Path (RFC 5626 §5.1)."""
    paths = request.paths
    return len(request.vias) == 1 if not paths else paths[-1].uri.param("ob") is not None


def _update(
    request: Request,
    aor: str,
    source: Flow,
    registrar: Registrar,
    settings: Settings,
    now: float,
    outbound: bool,
) -> Refusal | None:
    if outbound and not _through(request):
        return Refusal(439, "outbound")
    wanted: list[tuple[Binding, int]] = []
    for contact in request.contacts[: settings.max_contacts + 1]:
        seconds = _seconds(contact, request, settings)
        refusal = _contact_refusal(contact, seconds, settings, source)
        if refusal is not None:
            return refusal
        binding = _binding(request, aor, contact, source, now, seconds)
        if outbound and (reg_id := _reg_id(contact)):
            # Back by the very way that it came, whatever the contact says (RFC 5626 §5.3)
            binding = replace(binding, reg_id=reg_id, flow=source)
        wanted.append((binding, seconds))
    if len(wanted) > settings.max_contacts:
        return Refusal(403, "contacts", (), "Too Many Contacts")
    found = [registrar.find(binding) for binding, _ in wanted]
    if any(old is not None and _out_of_order(request, old) for old in found):
        return Refusal(500, "cseq", (), "CSeq Out of Order")
    for (binding, seconds), old in zip(wanted, found, strict=True):
        if seconds:
            registrar.put(replace(binding, since=old.since) if old is not None else binding)
        elif old is not None and registrar.find(old) is old:
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


def _answer(
    request: Request, bindings: tuple[Binding, ...], source: Flow, outbound: bool, now: float
) -> Headers:
    us = request.to.uri.bare() if "gruu" in request.supported else None
    contacts = [("Contact", _echo(binding, us, now)) for binding in bindings]
    paths = [("Path", str(path)) for path in request.paths[:MAX_PATH]]
    kept = [("Require", "outbound")] if outbound else []
    if outbound and source.transport != "udp":
        kept.append(("Flow-Timer", str(FLOW_TIMER)))
    return (*contacts, *paths, *kept, _SUPPORTED)


def _echo(binding: Binding, us: Uri | None, now: float) -> str:
    """`us` is the address of record of whoever wants to know its GRUU."""
    more: list[tuple[str, str | None]] = [] if binding.q == 1.0 else [("q", f"{binding.q:g}")]
    if us is not None and (gr := binding.gruu):
        more.append(("pub-gruu", f'"{us};gr={gr}"'))
    more.append(("expires", str(max(0, ceil(binding.expires_at - now)))))
    return str(NameAddr("", binding.contact, (*binding.contact_params, *more)))
