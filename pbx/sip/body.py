"""The body of a message: the session description in it, or why we cannot take it (RFC 3261 §8.2.3, RFC
5621)."""

from __future__ import annotations

from email import message_from_bytes

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.message import Message
from pbx.sip.sdp import Description

SDP = "application/sdp"


def description(message: Message) -> Description | None:
    """The session description, None if there is no body or only one that may be ignored.

    RemoteProtocolError 415 for a body that we must understand and do not, 400 or 488 for a bad description.
    """
    if not message.body:
        return None
    if message.get("Content-Encoding") not in (None, "identity"):
        raise RemoteProtocolError(415, "Unsupported Content-Encoding")
    # A body without a type is most likely what every body is; RFC 3261 §7.4.1 demands the header.
    kind = message.content_type
    if kind in (SDP, ""):
        return Description.parse(message.body)
    if kind.startswith("multipart/") and (part := _part(message)) is not None:
        return Description.parse(part)
    if "handling=optional" in (message.get("Content-Disposition") or "").replace(" ", "").lower():
        return None
    raise RemoteProtocolError(415, "Unsupported Media Type")


def _part(message: Message) -> bytes | None:
    """The session description among the parts of a body (RFC 5621 §3.1), None without one."""
    head = f"Content-Type: {message.get('Content-Type')}\r\n\r\n".encode()
    whole = message_from_bytes(head + message.body)
    for part in whole.walk():
        if part.get_content_type() == SDP:
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else None
    return None


def readable(message: Message) -> Description | None:
    """The session description if it can be read: in responses and ACKs, which get no answer."""
    try:
        return description(message)
    except RemoteProtocolError:
        return None
