"""Where a request to a contact is really sent: never to a third party, and back through the peer's NAT."""

from __future__ import annotations

from ipaddress import ip_address

from pbx.sip.flow import Address, Flow
from pbx.sip.uri import Uri


def reach(contact: Uri, source: Flow) -> Flow:
    """The flow to `contact`, which a peer named in a message that came by `source`.

    Is its host the host that the message came from, then the port is taken at its word: phones may send from
    another port than they listen on.  Else the peer is behind a NAT, or names somebody else, or says that it
    keeps the flow (RFC 5626 §4.3): what we send goes back to where the message came from.
    """
    if source.transport != "udp" or contact.host != source.remote.host:
        return source
    if contact.params and contact.param("ob") is not None:
        return source
    return source._replace(remote=Address(contact.host, contact.port or 5060))


def direct(contact: Uri, source: Flow) -> Flow | None:
    """The flow to the port that a phone on a connection says it listens on; None if it is behind a NAT."""
    if contact.host != source.remote.host:
        return None
    return source._replace(remote=Address(contact.host, contact.port or default_port(source.transport)))


def default_port(transport: str) -> int:
    """§19.1.2, RFC 7118 §4.1."""
    return {"tls": 5061, "ws": 80, "wss": 443}.get(transport, 5060)


def is_address(host: str) -> bool:
    """Whether `host` is an IP address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
