"""`python -m pbx.media`: the media process, started by the switch or by systemd.

`--socket PATH` listens there for the switch, and for the next one when it restarts; `--fd N` talks over a
link that the parent left open.  SIGTERM ends it at once; SIGINT is the terminal's and means the switch.
"""

import argparse
import gc
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pbx.media import ports
from pbx.media.engine import LINGER, Engine
from pbx.wire import link

PRIORITY = 10
"""Of SCHED_RR: above everything that is not real time, below the kernel's own threads."""

FILES = 65536


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until told to stop.  Exit status: 0 stopped, 1 could not start (the reason is on stderr)."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    _raise_limits()
    host, first, last = options.rtp
    taken = ports.taken(host, range(first, last + 1)) if host else ()
    listener = None
    try:
        if options.socket is not None:
            listener = link.listen(options.socket)
        controller = link.adopt(options.fd) if options.fd is not None else None
    except OSError as error:
        print(f"warden-media: {options.socket or options.fd}: {error.strerror}", file=sys.stderr)
        return 1
    engine = Engine(listener, controller, taken, options.linger)
    gc.collect()
    gc.freeze()
    gc.disable()  # the engine collects when it suits the audio
    try:
        engine.run()
    finally:
        engine.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="warden-media", description="Relays the audio of calls.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", type=Path, metavar="PATH", help="listen here for the switch")
    where.add_argument("--fd", type=int, metavar="N", help="the open link to the switch")
    parser.add_argument(
        "--rtp", type=_range, metavar="HOST:FIRST-LAST", default=("", 0, 0),
        help="audio ports to look through at start; those in use are told to the switch",
    )
    parser.add_argument(
        "--linger", type=float, metavar="SECONDS", default=LINGER,
        help="how long to wait without a switch (default %(default)g)",
    )
    return parser


def _range(text: str) -> tuple[str, int, int]:
    host, _, ports_text = text.rpartition(":")
    first, _, last = ports_text.partition("-")
    return host.strip("[]"), int(first), int(last)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _raise_limits() -> None:
    """Two descriptors a leg; and the audio before everything else, where we may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most) if most >= 0 else FILES, most))
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except PermissionError:
        print("warden-media: no right to real-time priority: audio may stutter under load", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
