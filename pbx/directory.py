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
    """A number that people dial, and who answers it."""

    number: str
    name: str


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
    """A carrier or another PBX.  Kind "ip": known by its address alone, calls without a digest from there
    only.
    """

    name: str
    kind: str
    address: str


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
