"""Starting: what a person can set right is tried before gunicorn forks, and said in one sentence."""

import os
import resource
from collections.abc import Callable

from pbx.net import addresses
from pbx.server.folder import make_folder, open_store, sole_instance
from pbx.server.gunicorn import serve
from pbx.server.office import Office
from pbx.server.options import Options, Started, StartError

_FILES = 8192  # descriptors: one for each console connection, and then some


def run(options: Options, announce: Callable[[Started], None]) -> None:
    """Host the office until a signal ends us (SystemExit).  Raises StartError.

    The sockets stay with gunicorn's master: no port is given up while a worker is replaced.
    """
    folder = make_folder(options.data)
    lock = sole_instance(folder)
    try:
        sip = addresses.bind_udp(options.sip, "--sip")
        http = addresses.bind_tcp(options.http, "--http")
    except addresses.BindError as error:
        raise StartError(str(error)) from None
    store = open_store(options.data)
    store.ensure_site(addresses.reachable(options.sip)[0])
    store.close()
    _raise_limits()
    serve(Office(options, sip, announce), http.detach(), f"warden {options.data}")
    os.close(lock)


def _raise_limits() -> None:
    """A descriptor for each console connection and then some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
