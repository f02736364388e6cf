"""Under which names people and their browsers reach us."""

import socket
from contextlib import suppress

from pbx.net import addresses
from pbx.sip.flow import Address


def names(sip: Address) -> tuple[str, ...]:
    """Under which names browsers may ask for us; the first is the one that phones reach."""
    with suppress(OSError):
        host = socket.gethostname()
        ours = (*addresses.reachable(sip), *addresses.own_addresses(), host, f"{host}.local")
        return tuple(dict.fromkeys(ours))
    return addresses.reachable(sip)


def may_come(sip: Address, origin: str, host: str) -> bool:
    """Whether a page of this origin may speak SIP: one of ours, whatever the port."""
    asked = origin.partition("://")[2]
    ours = names(sip)
    return asked in ours or asked.rpartition(":")[0] in ours
