"""`warden run`."""

import argparse
from typing import TYPE_CHECKING

from pbx.cli.errors import CommandError

if TYPE_CHECKING:
    from pbx.server.options import Options
    from pbx.sip.flow import Address

_FEWEST = 4  # audio ports: one call


def run(options: argparse.Namespace) -> int:
    # Before anything imports socket, ssl or threading: whoever did so first would keep the blocking ones.
    from gevent import monkey

    monkey.patch_all()

    from pbx import logs
    from pbx.cli.banner import print_banner
    from pbx.server.options import StartError

    logs.set_up(options.verbose)
    chosen = read_options(options)
    from pbx.server.start import run as start

    try:
        start(chosen, print_banner)
    except StartError as error:
        raise CommandError(str(error)) from None
    return 0


def read_options(options: argparse.Namespace) -> "Options":
    from pbx.server.options import Options

    http, sip = _address(options.http, "--http"), _address(options.sip, "--sip")
    first, last = _range(options.rtp)
    if first <= sip.port <= last:
        where = f"--sip {sip} lies among the audio ports {first}-{last}"
        raise CommandError(f"{where}: choose another port, or others with --rtp FIRST-LAST.")
    tls = _beside(options.tls, "--tls", sip, 1)
    wss = _beside(options.wss, "--wss", sip, 2)
    ws = _beside(options.ws, "--ws", sip, 3)
    hep = _address(options.hep, "--hep") if options.hep else None
    return Options(options.data.absolute(), http, sip, first, last, tls, wss, ws, hep)


def _beside(text: str, option: str, sip: "Address", step: int) -> "Address | None":
    """Where a further transport listens: as told, not at all, or some ports above the first."""
    if text == "off":
        return None
    return _address(text, option) if text else sip._replace(port=sip.port + step)


def _address(text: str, option: str) -> "Address":
    from pbx.net.addresses import parse_address

    try:
        return parse_address(text)
    except ValueError as error:
        raise CommandError(f"{option}: {error}.") from None


def _range(text: str) -> tuple[int, int]:
    """First and last audio port; the first is made even, for RTP has the even ports (RFC 3550 §11)."""
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal():
        low, high = int(first) + int(first) % 2, int(last)
        if 1024 <= low <= high - _FEWEST + 1 and high <= 65535:
            return low, high
    raise CommandError(f"--rtp: {text!r} is not a range of ports from 1024 to 65535, like 10000-20000.")
