"""Binding, and naming what is in the way."""

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pbx.net.addresses import BindError, bind_tcp, bind_udp
from pbx.sip.flow import Address

pytestmark = pytest.mark.integration

ONE, OTHER = "127.84.251.1", "127.84.251.2"


def hold(pipe: Connection) -> None:
    """A program that has one address's port, UDP and TCP, until it is told to end."""
    udp = bind_udp(Address(OTHER, 0), "--sip")
    port = udp.getsockname()[1]
    tcp = bind_tcp(Address(OTHER, port), "--http")
    pipe.send(port)
    pipe.recv()
    udp.close()
    tcp.close()


def test_the_program_in_the_way_is_named_and_not_one_on_another_address() -> None:
    ours, theirs = get_context("spawn").Pipe()
    program = get_context("spawn").Process(target=hold, args=(theirs,))
    program.start()
    port = ours.recv()
    me = f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
    with bind_udp(Address(ONE, port), "--sip"), bind_tcp(Address(ONE, port), "--http"):
        for bind, option in ((bind_udp, "--sip"), (bind_tcp, "--http")):
            with pytest.raises(BindError, match=f"pid {program.pid}.*{option}"):
                bind(Address(OTHER, port), option)
            with pytest.raises(BindError) as refused:
                bind(Address(ONE, port), option)
            assert me in str(refused.value)
    ours.send(None)
    program.join(5)
    assert program.exitcode == 0


@pytest.mark.parametrize("host", ["127.84.251.3", "::1"])
def test_every_address_meets_any_of_them(host: str) -> None:
    everywhere = "::" if ":" in host else "0.0.0.0"
    with bind_udp(Address(host, 0), "--sip") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BindError, match=f"pid {os.getpid()}"):
            bind_udp(Address(everywhere, port), "--sip")
