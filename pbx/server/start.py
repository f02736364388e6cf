"""Starting: what a person can set right is tried before gunicorn forks, and said in one sentence."""

import os
import resource
from collections.abc import Callable

from pbx.net import addresses
from pbx.server.folder import make_folder, open_store, sole_instance
from pbx.server.gunicorn import serve
from pbx.server.office import Office
from pbx.server.options import Options, Sockets, Started, StartError

_FILES = 16384  # descriptors: one for each connection of a phone or a console, and then some


def run(options: Options, announce: Callable[[Started], None]) -> None:
    """Host the office until a signal ends us (SystemExit).  Raises StartError.

    The sockets stay with gunicorn's master: no port is given up while a worker is replaced.
    """
    folder = make_folder(options.data)
    lock = sole_instance(folder)
    try:
        sip = _bind_sip(options)
        http = addresses.bind_tcp(options.http, "--http")
    except addresses.BindError as error:
        raise StartError(str(error)) from None
    store = open_store(options.data)
    store.ensure_site(addresses.reachable(options.sip)[0])
    store.close()
    _raise_limits()
    serve(Office(options, sip, announce), http.detach(), f"warden {options.data}")
    os.close(lock)


def _bind_sip(options: Options) -> Sockets:
    udp = addresses.bind_udp(options.sip, "--sip")
    wanted = {"tcp": options.sip, "tls": options.tls, "wss": options.wss, "ws": options.ws}
    option = {"tcp": "--sip", "tls": "--tls", "wss": "--wss", "ws": "--ws"}
    listening = {
        transport: addresses.bind_tcp(address, option[transport])
        for transport, address in wanted.items()
        if address is not None
    }
    return Sockets(udp, listening)


def _raise_limits() -> None:
    """A descriptor for each console connection and then some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
