"""What a request must be before anybody looks at its meaning: the UAS checks of RFC 3261 §8.2 and §16.3."""

from __future__ import annotations

from typing import NamedTuple

from pbx.sip.body import SDP
from pbx.sip.message import Request

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, SUBSCRIBE, MESSAGE"
SUPPORTED = "100rel, timer, replaces, norefersub, path"
REGISTRAR = "path, outbound, gruu"

_SERVED = frozenset(ALLOW.split(", "))
_KNOWN = frozenset(("NOTIFY", "PUBLISH"))
_EXTENSIONS = {
    "REGISTER": frozenset(REGISTRAR.split(", ")),
    "INVITE": frozenset(("timer", "100rel", "replaces")),
    "REFER": frozenset(("norefersub",)),
    "UPDATE": frozenset(("timer",)),
}

Headers = tuple[tuple[str, str], ...]

CAPABILITIES: Headers = (
    ("Allow", ALLOW),
    ("Accept", SDP),
    ("Accept-Encoding", "identity"),
    ("Accept-Language", "en"),
    ("Supported", f"{SUPPORTED}, outbound, gruu"),
)
"""What a 200 to OPTIONS says, whoever asks (§11.2)."""


class Refusal(NamedTuple):
    """An answer that ends a request.  `slug` is for metrics; `reason` "" takes the usual phrase."""

    status: int
    slug: str
    headers: Headers = ()
    reason: str = ""


def method_refusal(request: Request) -> Refusal | None:
    """§8.2.1: 405 for a method that we know and do not serve, 501 for one that we never heard of."""
    if request.method in _SERVED:
        return None
    if request.method in _KNOWN:
        return Refusal(405, "method", (("Allow", ALLOW),))
    return Refusal(501, "unknown_method", (("Allow", ALLOW),))


def extension_refusal(request: Request) -> Refusal | None:
    """§8.2.2.3: 420 when the request requires what we do not support."""
    if not request.require:
        return None
    supported = _EXTENSIONS.get(request.method, frozenset())
    missing = [tag for tag in request.require if tag not in supported]
    return Refusal(420, "extension", (("Unsupported", ", ".join(missing)),)) if missing else None


def head_refusal(request: Request, secure: bool) -> Refusal | None:
    """The checks outside a dialog that need neither memory nor credentials.  `secure` = it came over TLS."""
    refusal = method_refusal(request)
    if refusal is not None:
        return refusal
    # sips: means TLS on every hop (§26.2.2), which plain transports cannot promise; tel: can only be dialled.
    schemes = {"sip", *(["sips"] if secure else []), *(["tel"] if request.method == "INVITE" else [])}
    if request.uri.scheme not in schemes:
        return Refusal(416, "scheme")
    # We pass these on, so their hops count (§16.3); everything else ends here.
    if request.method in ("INVITE", "MESSAGE") and request.max_forwards == 0:
        return Refusal(483, "too_many_hops")
    return extension_refusal(request)


def body_refusal(status: int, reason: str) -> Refusal:
    """The answer to a body that `body.description` would not take; 415 says what we would (§21.4.13)."""
    if status == 415:
        return Refusal(415, "body", (("Accept", SDP), ("Accept-Encoding", "identity")))
    return Refusal(status, "body", (), reason)
