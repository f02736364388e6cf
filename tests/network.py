"""A small office network in namespaces: the product in one, each phone in its own, on a subnet of its own.

The phones have no way to each other but through the product, so audio that arrives was relayed by it.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyroute2 import netns


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Sockets opened here belong to that namespace; "" is our own."""
    if not namespace:
        yield
        return
    netns.pushns(namespace)
    try:
        yield
    finally:
        netns.popns()


def prefix(namespace: str) -> list[str]:
    """Words before a command that make it run there."""
    return ["ip", "netns", "exec", namespace] if namespace else []


@dataclass
class Network:
    """The product is 10.79.N.1 on the subnet of the Nth phone, which is 10.79.N.2.  Needs root."""

    phones: int
    name: str = field(default_factory=lambda: f"warden-{os.getpid()}")

    @property
    def switch(self) -> str:
        return f"{self.name}-0"

    def phone(self, number: int) -> str:
        return f"{self.name}-{number}"

    def start(self) -> None:
        for n in range(self.phones + 1):
            _ip("netns", "add", self.phone(n))
            _ip("-n", self.phone(n), "link", "set", "lo", "up")
        for n in range(1, self.phones + 1):
            here, there = self.switch, self.phone(n)
            _ip(
                "link",
                "add",
                f"phone{n}",
                "netns",
                here,
                "type",
                "veth",
                "peer",
                "name",
                "lan",
                "netns",
                there,
            )
            _ip("-n", here, "address", "add", f"10.79.{n}.1/24", "dev", f"phone{n}")
            _ip("-n", there, "address", "add", f"10.79.{n}.2/24", "dev", "lan")
            _ip("-n", here, "link", "set", f"phone{n}", "up")
            _ip("-n", there, "link", "set", "lan", "up")
            _ip("-n", there, "route", "add", "default", "via", f"10.79.{n}.1")

    def stop(self) -> None:
        for n in range(self.phones + 1):
            subprocess.run(["ip", "netns", "delete", self.phone(n)], capture_output=True, check=False)


def _ip(*words: str) -> None:
    done: subprocess.CompletedProcess[str] = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
