"""Is the office well?  Probes that use what phones use, every ten seconds, each answer a sentence."""

import logging
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import gevent
from gevent.event import Event

from pbx.sip.flow import Address

PERIOD = 10.0  # seconds
_PATIENCE = 2.0  # seconds for our own SIP port to answer
_SOME_DISK, _LITTLE_DISK = 2 << 30, 256 << 20  # bytes free: warn, fail below
_LATE, _TOO_LATE = 0.1, 1.0  # seconds of the hub's lateness

OK, WARNING, FAILED = "ok", "warning", "failed"
Finding = tuple[str, str]

log = logging.getLogger("warden.health")


@dataclass(frozen=True, slots=True)
class Check:
    """`status` is ok, warning or failed since `since` (seconds since 1970); `text` says what to do."""

    slug: str
    title: str
    status: str
    text: str
    since: float


@dataclass(frozen=True, slots=True)
class Probe:
    """`look()` gives (status, text); one that raises has failed."""

    slug: str
    title: str
    look: Callable[[], Finding]


class Health:
    """Runs the probes one after the other; `checks()` is the last answer of each."""

    def __init__(self, probes: Sequence[Probe], wall: Callable[[], float] = time.time) -> None:
        self._probes, self._wall = tuple(probes), wall
        self._checks: dict[str, Check] = {}
        self._greenlet: gevent.Greenlet | None = None
        self._looked, self._wanted = Event(), Event()

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill()

    def soon(self) -> None:
        """Something changed: look now, not at the end of the period."""
        self._wanted.set()

    def checks(self) -> tuple[Check, ...]:
        """Waits for the first round if need be, which takes at most a few seconds."""
        self._looked.wait(_PATIENCE + 1)
        return tuple(self._checks.values())

    def look(self) -> None:
        """One round."""
        for probe in self._probes:
            try:
                status, text = probe.look()
            except Exception as error:
                log.exception("the probe %r failed", probe.slug)
                status, text = FAILED, f"The check itself failed: {error}."
            self._note(probe, status, text)
        self._looked.set()

    def _note(self, probe: Probe, status: str, text: str) -> None:
        before = self._checks.get(probe.slug)
        changed = before is None or before.status != status
        if changed and (before is not None or status != OK):
            log.log(logging.INFO if status == OK else logging.WARNING, "%s: %s", probe.title, text)
        since = self._wall() if before is None or changed else before.since
        self._checks[probe.slug] = Check(probe.slug, probe.title, status, text, since)

    def _run(self) -> None:
        while True:
            self._wanted.clear()
            self.look()
            self._wanted.wait(PERIOD)


def sip_answers(sip: Address) -> Finding:
    """Ask our own SIP port over a real socket, as a phone would (OPTIONS, RFC 3261 §11)."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(sip.host, sip.host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.connect((host, sip.port))
        sock.settimeout(_PATIENCE)
        began = time.monotonic()
        sock.send(_options(Address(host, sip.port), Address(*sock.getsockname()[:2])))
        try:
            answer = sock.recv(65535)
        except OSError:
            return FAILED, f"SIP port {sip} does not answer: restart the phone system."
    if not answer.startswith(b"SIP/2.0 200 "):
        return FAILED, f"SIP port {sip} answers wrongly: restart the phone system."
    return OK, f"SIP port {sip} answered within {(time.monotonic() - began) * 1000:.1f} ms."


def disk_has_room(directory: Path) -> Finding:
    usage = shutil.disk_usage(directory)
    text = f"{usage.free / 2**30:.1f} of {usage.total / 2**30:.1f} GiB are free where {directory} is"
    if usage.free < _LITTLE_DISK:
        return FAILED, f"{text}: call records will soon be lost, free some space now."
    if usage.free < _SOME_DISK:
        return WARNING, f"{text}: free some space."
    return OK, f"{text}."


def hub_is_quick(worst: float) -> Finding:
    """`worst`: the greatest lateness of the last minute, seconds."""
    text = f"Within the last minute the program reacted {worst * 1000:.0f} ms late at most"
    if worst > _TOO_LATE:
        return FAILED, f"{text}: the machine is overloaded, end other programs or use a faster one."
    if worst > _LATE:
        return WARNING, f"{text}: the machine is busy, look for what else runs on it."
    return OK, f"{text}."


def ports_are_left(used: int, total: int) -> Finding:
    text = f"{used} of {total} audio ports are in use"
    if used >= total:
        return FAILED, f"{text}: no further call has audio, give a wider range with --rtp."
    if used > 0.8 * total:
        return WARNING, f"{text}: give a wider range with --rtp."
    return OK, f"{text}."


def _options(to: Address, source: Address) -> bytes:
    token = secrets.token_hex(8)
    return (
        f"OPTIONS sip:{to} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {source};branch=z9hG4bK{token};rport\r\n"
        f"Max-Forwards: 70\r\n"
        f"From: <sip:health@{source}>;tag={token}\r\n"
        f"To: <sip:{to}>\r\n"
        f"Call-ID: {token}\r\n"
        f"CSeq: 1 OPTIONS\r\n"
        f"Content-Length: 0\r\n\r\n"
    ).encode()
