"""What the office is started with, and what is told when it is up."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pbx.sip.flow import Address


class StartError(Exception):
    """The office cannot start; the message is one sentence with the fix."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `warden run` was told.  `rtp_first` and `rtp_last` bound the audio ports, both included.

    `sip` is for UDP and TCP; `tls`, `ws` and `wss` are None where they are off.  `hep` is where a Homer
    collects messages, None = nowhere.
    """

    data: Path
    http: Address
    sip: Address
    rtp_first: int
    rtp_last: int
    tls: Address | None = None
    wss: Address | None = None
    ws: Address | None = None
    hep: Address | None = None


@dataclass(frozen=True, slots=True)
class Sockets:
    """The bound SIP sockets: datagrams, and what listens, by transport."""

    udp: socket.socket
    listening: Mapping[str, socket.socket]


@dataclass(frozen=True, slots=True)
class Started:
    """What people are told when the office is up; `code` claims it, None when somebody has."""

    options: Options
    code: str | None
    domain: str
    extensions: int
    dashboard: bool


def installed_version() -> str:
    try:
        return version("warden-voip")
    except PackageNotFoundError:  # run from the source folder
        return "0.1.0"
