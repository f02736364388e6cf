"""Requests that are too large for a datagram go by TCP, where the far side takes it (RFC 3261 §18.1.1)."""

from __future__ import annotations

from collections.abc import Callable

from pbx.sip.flow import Flow

LARGE = 1300
"""Bytes that any path carries as one packet."""

PATIENCE = 1.0
"""Seconds in which an answer must come by TCP; then the request goes as a datagram after all, in pieces."""

GRUDGE = 3600.0
"""Seconds in which a host that gave none is not tried again."""

_MOST = 1000  # hosts that are remembered


class Detour:
    """`may(host)` says whether a host could take a connection: nobody behind a NAT can."""

    __slots__ = ("_failed", "may")

    def __init__(self) -> None:
        self.may: Callable[[str], bool] = lambda host: False
        self._failed: dict[str, float] = {}

    def around(self, flow: Flow, now: float) -> Flow | None:
        """The way by TCP, None = there is none."""
        host = flow.remote.host
        if flow.transport != "udp" or self._failed.get(host, 0.0) > now or not self.may(host):
            return None
        return flow._replace(transport="tcp")

    def failed(self, flow: Flow, now: float) -> None:
        """No answer came that way."""
        if len(self._failed) >= _MOST:
            del self._failed[next(iter(self._failed))]
        self._failed[flow.remote.host] = now + GRUDGE
