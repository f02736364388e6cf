"""What `warden run` says when the office is up: where the console is, how to get in, how to set phones up."""

from contextlib import suppress
from typing import TYPE_CHECKING

from pbx.net.addresses import reachable
from pbx.sip.flow import Address

if TYPE_CHECKING:
    from pbx.server.options import Options, Started


def print_banner(started: "Started") -> None:
    with suppress(OSError):  # nobody reads it: no reason not to run
        print("\n".join(lines(started)), flush=True)


def lines(started: "Started") -> list[str]:
    options = started.options
    consoles = [f"http://{Address(host, options.http.port)}/" for host in reachable(options.http)]
    phones = reachable(options.sip)
    port = "" if options.sip.port == 5060 else f", port {options.sip.port}"
    text = ["", "Warden VoIP is up.  Ctrl-C stops it.", ""]
    text += [f"  {label:<12}{value}" for label, value in zip(("Console", *[""] * 9), consoles, strict=False)]
    if not started.dashboard:
        text.append("              (its pages are not built yet: run make; the API works)")
    if started.code:
        text += [f"  {'First time':<12}open the console and claim it with this code: {started.code}"]
    text += [
        f"  {'Softphone':<12}server {' or '.join(phones)}{port}, domain {started.domain}",
        f"  {'':<12}{_transports(options)}",
        f"  {'':<12}user name = the extension's number, password = shown once when it is made",
    ]
    if not started.extensions:
        text += [f"  {'':<12}there is no extension yet: make two in the console, or warden import FILE"]
    text += [f"  {'Try':<12}dial *43, the echo test", f"  {'Data':<12}{options.data}", ""]
    return text


def _transports(options: "Options") -> str:
    others = (("TLS", options.tls), ("WSS", options.wss), ("WS", options.ws))
    return ", ".join(["UDP or TCP", *(f"{name} on port {at.port}" for name, at in others if at is not None)])
