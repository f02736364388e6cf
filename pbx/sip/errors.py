"""Errors of the SIP core, split by who is to blame."""


class SipError(Exception):
    """Root of everything `pbx.sip` raises on purpose."""


class RemoteProtocolError(SipError):
    """The peer broke the protocol; answer a request with `status` and `reason`, drop a response."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class LocalProtocolError(SipError):
    """We were about to break the protocol: a bug of ours, never the peer's doing."""
