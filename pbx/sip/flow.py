"""A flow: the path that a message came by and that an answer goes back on (RFC 5626 §2)."""

from typing import NamedTuple


class Address(NamedTuple):
    """An IP address in text and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Flow(NamedTuple):
    """Transport (udp, tcp, tls, ws or wss), our end and the peer's end.

    `local` is where we listen, also for a connection that we opened: a real address, never 0.0.0.0.  `name`
    is what a TLS peer must prove to be, "" = its address; connections are known by transport and `remote`.
    """

    transport: str
    local: Address
    remote: Address
    name: str = ""

    def __str__(self) -> str:
        return f"{self.transport}:{self.remote}"


SECURE = frozenset(("tls", "wss"))
"""The transports that encrypt."""
