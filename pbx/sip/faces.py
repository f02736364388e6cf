"""How peers see us: the one place that says which address of ours goes into Via, Contact and SDP."""

from __future__ import annotations

from pbx.sip.flow import Address, Flow


class Faces:
    """A peer on our own network sees a flow's local end.  One beyond a router sees the router's outside,
    which whoever found it out tells here (a trunk, from the `received` of its answers)."""

    __slots__ = ("_outside",)

    def __init__(self) -> None:
        self._outside: dict[str, Address] = {}

    def of(self, flow: Flow) -> Address:
        """Where the peer of `flow` can answer us."""
        return self._outside.get(flow.remote.host, flow.local)

    def host(self, flow: Flow) -> str:
        """The host of `of`, for an SDP: audio ports are the same outside."""
        return self.of(flow).host

    def show(self, peer: str, outside: Address) -> None:
        """From now on the host `peer` sees us at `outside`."""
        self._outside[peer] = outside

    def hide(self, peer: str) -> None:
        """From now on the host `peer` sees us as we are."""
        self._outside.pop(peer, None)
