"""The office as the call path reads it: immutable values, swapped whole when the configuration changes.

The store builds a `Directory` from its tables; the switch reads nothing else.  A save makes a new one, so no
live call ever sees half a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Extension:
    """A number that people dial, and who answers it; `outside` is the number that carriers show for it."""

    number: str
    name: str
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A device's SIP account: what a digest is checked against.

    `ha1` maps a digest algorithm ("MD5", "SHA-256") to H(username:realm:password) in lower-case hex (RFC 7616
    §3.4.2).
    """

    username: str
    extension: str
    ha1: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier or another PBX.

    Kind "ip": known by the IP address `address` alone, calls without a digest come from there only; kind
    "register": we register at `address` (a name or IP address, perhaps with a port), with `password` in the
    clear, because a digest of ours needs it; kind "account": it shows us `username` and `password`.  The
    other fields are as `pbx.config.TrunkConfig` says.
    """

    name: str
    kind: str
    address: str
    fallbacks: tuple[str, ...] = ()
    transport: str = ""
    username: str = ""
    auth_username: str = ""
    password: str = field(default="", repr=False)
    domain: str = ""
    expires: int = 600
    channels: int = 0
    caller_id: str = ""
    codecs: tuple[str, ...] = ()
    probe: int = 30
    external: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    srtp: str = "off"

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is to be reached, in order of preference."""
        return (self.address, *self.fallbacks)


@dataclass(frozen=True, slots=True)
class OutboundRoute:
    """Which dialled numbers go out by which trunks: see `pbx.config.RouteConfig`."""

    name: str
    pattern: str
    trunks: tuple[str, ...]
    strip: int = 0
    prepend: str = ""


def _none() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything a call needs to know of the office.

    `domain` is the SIP domain and the digest realm; `revision` rises by one with every saved change.
    """

    domain: str
    revision: int = 0
    extensions: Mapping[str, Extension] = field(default_factory=_none)
    accounts: Mapping[str, Account] = field(default_factory=_none)
    trunks: tuple[Trunk, ...] = ()
    routes: tuple[OutboundRoute, ...] = ()
