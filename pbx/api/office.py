"""Changing the configuration, and what a phone needs to be told of it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar
from xml.sax.saxutils import escape

import falcon
import segno

from pbx.api.guard import host_of, is_address, is_loopback
from pbx.api.services import Services
from pbx.directory import Directory
from pbx.sip.flow import Address

T = TypeVar("T")

SIP_PORT = 5060
_WILDCARDS = ("0.0.0.0", "::")


def change(services: Services, fn: Callable[..., T], *args: Any) -> T:
    """Runs one of the store's changes and puts the office that results into use.

    Change and snapshot are one piece of work on the store's thread, and the newest snapshot wins: two changes
    at once cannot leave the older one in use.
    """
    def work() -> tuple[T, Directory]:
        return fn(*args), services.store.directory()

    result, directory = services.offload.store(work)
    if directory.revision > services.exchange.directory.revision:
        services.exchange.use(directory)
    return result


def phone_server(services: Services, request: falcon.Request) -> Address:
    """Where phones should register: the bound address; when that is every address, the one that this browser
    reached us at, unless only this very machine could use it."""
    host, port = services.sip
    if host in _WILDCARDS:
        asked = host_of(request.get_header("Host") or "")
        host = asked if is_address(asked) and not is_loopback(asked) else next(iter(services.names()), asked)
    return Address(host, port)


def phone_setup(
    services: Services, request: falcon.Request, number: str, name: str, password: str
) -> dict[str, Any]:
    """All that a softphone asks for.  The only answer that has a phone's password in it, shown once."""
    domain = services.exchange.directory.domain
    server = phone_server(services, request)
    return {
        "username": number,
        "password": password,
        "domain": domain,
        "server": str(server),
        "transport": "udp",
        "uri": f"sip:{number}@{_bracketed(domain)}",
        "qr_svg": services.offload.cpu(qr_code, account_document(domain, server, number, name, password)),
    }


def account_document(domain: str, server: Address, number: str, name: str, password: str) -> str:
    """The text of the QR code: a Grandstream Wave account.

    There is no standard for this.  A password has no place in a SIP URI that people pass on, and Linphone and
    Zoiper read only the address of a provisioning server from a code.  Wave (Android, iOS) reads a whole
    account with server, user and password: this XML.  Into other softphones the fields beside the code are
    typed.  The form is known from what other PBXes print for Wave; it was not tried with the app itself.
    """
    where = _bracketed(domain) if server.port == SIP_PORT else f"{_bracketed(domain)}:{server.port}"
    proxy = "" if server.host == domain else str(server)
    values = (
        ("RegisterServer", where),
        ("OutboundServer", proxy),
        ("UserID", number),
        ("AuthID", number),
        ("AuthPass", password),
        ("AccountName", number),
        ("DisplayName", name),
        ("Dialplan", "{x+|*x+|*++}"),
        ("RandomPort", "0"),
    )
    account = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in values)
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return f'{head}<AccountConfig version="1"><Account>{account}</Account></AccountConfig>'


def qr_code(text: str) -> str:
    """An SVG without style attributes or scripts, so a strict Content-Security-Policy shows it.

    Takes some 20 ms of CPU: call it through `Offload.cpu`.
    """
    out = BytesIO()
    segno.make(text, error="l", micro=False).save(
        out, kind="svg", xmldecl=False, nl=False, omitsize=True, svgclass=None, lineclass=None, light="#fff"
    )
    return out.getvalue().decode()


def _bracketed(domain: str) -> str:
    """An IPv6 domain as a URI spells it (RFC 3261 §25.1 IPv6reference)."""
    return f"[{domain}]" if ":" in domain else domain
