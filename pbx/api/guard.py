"""What every request must pass before a resource sees it, and the headers that every answer carries."""

import ipaddress
from collections.abc import Mapping
from enum import Enum
from typing import Any

import falcon

from pbx.api.auth import Identity, Tokens
from pbx.api.problems import Problem, unauthorised
from pbx.api.schema import LARGEST_BODY, too_large
from pbx.api.services import Services

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join((
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


class Access(Enum):
    """Who may call a route.  A role's value is the word in the access token."""

    PUBLIC = "public"
    """Everybody; a token is not looked at."""
    OPTIONAL = "optional"
    """Everybody, but the answer depends on the token; a bad one is refused."""
    MACHINE = "machine"
    """An administrator, or a program on this machine without a proxy in between."""
    ADMIN = "admin"


Roles = Mapping[tuple[str, str], Access]
"""(path template, method) -> who may."""


class Guard:
    """Falcon middleware.  What `roles` does not name is refused."""

    def __init__(self, services: Services, tokens: Tokens, roles: Roles) -> None:
        self._services = services
        self._tokens = tokens
        self._roles = roles

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        request.context.identity = None
        self._check_host(request)
        _check_site(request)
        if (request.content_length or 0) > LARGEST_BODY:
            raise too_large()

    def process_resource(
        self, request: falcon.Request, response: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        method = "GET" if request.method == "HEAD" else request.method
        access = self._roles.get((request.uri_template or "", method))
        if access is None:
            raise self._wrong_method(request)
        if access is Access.PUBLIC:
            return
        if not request.get_header("Authorization"):
            if access is Access.OPTIONAL or (access is Access.MACHINE and _on_this_machine(request)):
                return
            raise unauthorised()
        identity = self._identity(request)
        if access is not Access.OPTIONAL and identity.role != Access.ADMIN.value:
            raise Problem(403, "Your role does not allow this.")
        request.context.identity = identity

    def process_response(
        self, request: falcon.Request, response: falcon.Response, resource: object, succeeded: bool
    ) -> None:
        response.set_headers(SECURITY_HEADERS)
        if response.get_header("Cache-Control") is None:
            response.set_header("Cache-Control", "no-store")

    def _identity(self, request: falcon.Request) -> Identity:
        scheme, _, token = (request.get_header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorised("Send the access token as Authorization: Bearer.")
        return self._tokens.read(token.strip())

    def _wrong_method(self, request: falcon.Request) -> Problem:
        offered = {method for path, method in self._roles if path == request.uri_template}
        allowed = sorted(offered | {"HEAD"} if "GET" in offered else offered)
        words = " or ".join(allowed)
        return Problem(405, f"{request.method} is not possible here; wanted {words}.",
                       headers={"Allow": ", ".join(allowed)})

    def _check_host(self, request: falcon.Request) -> None:
        """A stranger's name that points here (DNS rebinding) is not ours.  HTTP/1.0 may send none."""
        given = request.get_header("Host")
        if given is None:
            return
        host = host_of(given)
        if _is_local_name(host) or host == self._services.exchange.directory.domain.lower():
            return
        if host not in {name.lower() for name in self._services.names()}:
            raise Problem(421, f"This is not {host[:100]}. Open Warden by its IP address or host name.")


def host_of(given: str) -> str:
    """The host of a Host header in lower case, without port, brackets and final dot (RFC 9110 §7.2)."""
    host = given.partition("]")[0] if given.startswith("[") else given.partition(":")[0]
    return host.removeprefix("[").rstrip(".").lower()


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    return is_address(host) and ipaddress.ip_address(host.removeprefix("::ffff:")).is_loopback


def _is_local_name(host: str) -> bool:
    """Names that no outside DNS server can answer for (RFC 6761 §6.3, RFC 6762 §3), and addresses."""
    return is_address(host) or host == "localhost" or host.endswith((".localhost", ".local"))


def _check_site(request: falcon.Request) -> None:
    """Browsers say whose page sends the request: another site's may change nothing, even with our cookie.

    Old ones say it in Origin alone; its scheme is not compared, a proxy in front may speak TLS for us.
    """
    site, origin = request.get_header("Sec-Fetch-Site"), request.get_header("Origin")
    if site is None and origin is not None:
        ours = origin.partition("://")[2].lower() == (request.get_header("Host") or "").lower()
        site = "same-origin" if ours else "cross-site"
    if request.method not in SAFE_METHODS and site not in (None, "same-origin"):
        raise Problem(403, "The request came from another site's page.")


def _on_this_machine(request: falcon.Request) -> bool:
    """A proxy on this machine would make the whole network look local: then the token is needed.

    Not `request.remote_addr`, which takes an unknown peer for 127.0.0.1."""
    forwarded = any(request.get_header(name) for name in _FORWARDED)
    return not forwarded and is_loopback(request.env.get("REMOTE_ADDR", ""))
