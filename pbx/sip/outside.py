"""Our address as a peer sees it: learnt from the `received` and `rport` of its answers (RFC 3261 §18.2.1, RFC
3581), and what else an answer tells of whoever is in between."""

from __future__ import annotations

from pbx.sip.core import Core
from pbx.sip.errors import RemoteProtocolError
from pbx.sip.flow import Address, Flow
from pbx.sip.message import Request, Response
from pbx.sip.reach import is_address
from pbx.sip.uri import format_host


def learn(core: Core, response: Response, flow: Flow, fixed: str = "") -> None:
    """From now on the peer of `flow` is told the address that it sees, or `fixed`, with the port that it
    sees."""
    via = response.via
    host = fixed or via.received or ""
    if not is_address(host):
        return
    # A connection that the peer would open goes to the port that we listen on.
    port = (via.rport if flow.transport == "udp" else None) or flow.local.port
    seen = Address(host, port if port < 65536 else flow.local.port)
    if seen == flow.local:
        core.faces.hide(flow.remote.host)
    else:
        core.faces.show(flow.remote.host, seen)


def rewritten(request: Request, response: Response, user: str = "") -> str:
    """What `response` repeats of our `request` in other words than ours, "" when nothing: then a router's SIP
    ALG is at work.  `user` is the user part of a Contact of ours.

    A registrar may write down the address that it saw instead of our Contact's; nobody has reason to touch
    the rest.
    """
    ours, theirs = request.via, response.via
    if (ours.host, ours.port, ours.transport) != (theirs.host, theirs.port, theirs.transport):
        there = format_host(theirs.host, theirs.port)
        return f"our Via {format_host(ours.host, ours.port)} came back as {there}"
    if not user:
        return ""
    try:
        contacts = [each.uri for each in response.contacts if each.uri.user == user]
        written = {each.uri.host for each in request.contacts} | {theirs.received, theirs.host}
    except RemoteProtocolError:
        return ""
    for uri in contacts:
        if uri.host not in written:
            return f"our Contact at {ours.host} came back as {format_host(uri.host, uri.port)}"
    return ""
