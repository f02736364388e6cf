"""The 2xx of a session, as it is sent to an INVITE or an UPDATE (RFC 3261 §13.3.1.4, RFC 3311 §5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx.sip.body import SDP
from pbx.sip.inspect import ALLOW, SUPPORTED
from pbx.sip.message import Request, Response, build_response
from pbx.sip.refresh import agree
from pbx.sip.sdp import Description

if TYPE_CHECKING:
    from pbx.sip.session import Session


def success(session: Session, request: Request, sdp: Description | None, now: float) -> Response:
    """With `sdp` as offer or answer; the session timer starts as it says (RFC 4028 §9)."""
    headers = [
        *[("Record-Route", route) for route in request.all("Record-Route")],
        ("Contact", session.contact()),
        ("Allow", ALLOW),
        ("Supported", SUPPORTED),
        *session.shows,
        *agree(session, request, now),
        ("Server", session.core.settings.user_agent),
    ]
    if sdp is None:
        return build_response(request, 200, None, headers, b"", session.id)
    session.said = sdp
    headers.append(("Content-Type", SDP))
    return build_response(request, 200, None, headers, sdp.encode(), session.id)
