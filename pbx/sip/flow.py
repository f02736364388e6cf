"""A flow: the path that a message came by and that an answer goes back on (RFC 5626 §2)."""

from typing import NamedTuple


class Address(NamedTuple):
    """An IP address in text and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Flow(NamedTuple):
    """Transport ("udp"), our end and the peer's end.  `local.host` is the real address, never 0.0.0.0."""

    transport: str
    local: Address
    remote: Address

    def __str__(self) -> str:
        return f"{self.transport}:{self.remote}"
