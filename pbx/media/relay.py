"""The packet relay: what comes in on one leg's port goes out, unchanged, on the ports of those who hear it.

`carry` is the hot loop: 10,000 packets a second for 100 calls.  A port goes through three stages: *open* (any
plausible source; each packet's source is looked at), *settling* (connected, but packets of others may still
be queued, so each is looked at) and *sure* (connected and drained: the kernel checks the source, we do not).
"""

import select
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from pbx.media import ports
from pbx.media.latch import Address
from pbx.media.leg import Leg
from pbx.rtp.packet import MAX_PACKET, is_rtcp
from pbx.rtp.rtcp import packet_types
from pbx.wire.media import Latched

if TYPE_CHECKING:
    from pbx.rtp.srtp import Srtp

SETTLE = 0.2
"""Seconds from connect() until no packet of another source can still be on its way into the queue."""

DRAIN = 1000
"""Packets of one port that are looked at in one go at most."""

SSRC_OF_ECHO = 0x80
"""The bit of an echo's SSRC that is flipped: its own coming back is a loop to a phone (RFC 3550 §8.2)."""

Send = Callable[[memoryview], object]


class Line:
    """One socket of a leg in the relay.  `receive` is None until the kernel checks the source."""

    __slots__ = ("echo", "leg", "outs", "receive", "rtcp", "settled_at", "sock", "take")

    def __init__(self, leg: Leg, sock: socket.socket, rtcp: bool) -> None:
        self.leg = leg
        self.sock = sock
        self.rtcp = rtcp
        self.take = leg.reception.take
        self.receive: Callable[[bytearray], int] | None = None
        self.settled_at = inf  # until it is connected
        self.outs: tuple[tuple[Send, Leg], ...] = ()
        self.echo: Send | None = None


class Relay:
    """All audio sockets.  `latched` collects what the engine tells the switch."""

    def __init__(self, poll: select.epoll) -> None:
        self.latched: list[Latched] = []
        self._poll = poll
        self._lines: dict[int, Line] = {}
        self._pairs: dict[Leg, tuple[Line, Line]] = {}
        self._listeners: dict[Leg, tuple[Leg, ...]] = {}
        self._speakers: dict[Leg, set[Leg]] = {}
        self._own: set[Address] = set()
        self._settling: set[Line] = set()
        self._buffer = bytearray(MAX_PACKET + 1)
        self._view = memoryview(self._buffer)

    # --- what the engine asks for ---------------------------------------------------------------------------

    def open(self, leg: Leg) -> None:
        """Raises PortError."""
        rtp, rtcp = ports.open_pair(leg.local)
        pair = self._pairs[leg] = Line(leg, rtp, False), Line(leg, rtcp, True)
        for line in pair:
            self._lines[line.sock.fileno()] = line
            self._own.add(line.sock.getsockname()[:2])
            self._poll.register(line.sock, select.EPOLLIN)

    def close(self, leg: Leg) -> None:
        self.hear(leg, ())
        for line in self._pairs.pop(leg, ()):
            self._settling.discard(line)
            del self._lines[line.sock.fileno()]
            self._own.discard(line.sock.getsockname()[:2])
            line.sock.close()  # leaves the epoll set by itself
        for speaker in self._speakers.pop(leg, ()):
            self._wire(speaker)

    def hear(self, speaker: Leg, listeners: tuple[Leg, ...]) -> None:
        """From now on these hear it, and nobody else."""
        for listener in self._listeners.pop(speaker, ()):
            self._speakers.get(listener, set()).discard(speaker)
        if listeners:
            self._listeners[speaker] = listeners
        for listener in listeners:
            self._speakers.setdefault(listener, set()).add(speaker)
        self._wire(speaker)

    def release(self, leg: Leg) -> None:
        """The leg may be heard from another address: the kernel must let it through."""
        if leg not in self._pairs:
            return
        line = self._pairs[leg][0]
        self._settling.discard(line)
        line.receive, line.settled_at = None, inf
        ports.unlock(line.sock)
        self.aim(leg)

    def aim(self, leg: Leg) -> None:
        """Where the leg's audio is sent has changed: tell those whom it hears."""
        for speaker in tuple(self._speakers.get(leg, ())):
            self._wire(speaker)

    def _wire(self, speaker: Leg) -> None:
        """Works out once, not per packet, which sends a packet of this speaker causes."""
        if speaker not in self._pairs:
            return
        line = self._pairs[speaker][0]
        if line.receive is not None:
            line.receive = _receiver(line)
        sends = {listener: self._sender(listener) for listener in self._listeners.get(speaker, ())}
        line.echo = sends.pop(speaker, None)
        line.outs = tuple((send, listener) for listener, send in sends.items() if send is not None)

    def _sender(self, listener: Leg) -> Send | None:
        if listener not in self._pairs:
            return None
        line, target = self._pairs[listener][0], listener.latch.target
        if line.settled_at < inf:
            send: Send = line.sock.send
        elif target is not None:
            send = partial(_send_to, line.sock.sendto, target)
        else:
            return None
        return send if listener.srtp is None else partial(_send_sealed, send, listener.srtp)

    # --- the hot loop ---------------------------------------------------------------------------------------

    def carry(self, ready: Iterable[tuple[int, int]], now: float) -> list[int]:
        """Moves one packet from each ready socket on.  Gives back the descriptors that are none of ours."""
        lines, buffer, view = self._lines, self._buffer, self._view
        others = []
        for number, _ in ready:
            line = lines.get(number)
            if line is None:
                others.append(number)
                continue
            if line.receive is None:
                self._examine(line, now)
                continue
            try:
                size = line.receive(buffer)
            except OSError:  # nothing there, or the phone's machine said by ICMP that its port is closed
                continue
            if not line.take(buffer, size, now):
                self._set_aside(line, size)
                continue
            packet = view[:size]
            for send, listener in line.outs:
                try:
                    send(packet)
                except OSError as error:
                    if not _sent_again(send, packet, error):
                        continue
                listener.sent += 1
                listener.sent_bytes += size
            if line.echo is not None:
                self._send_back(line, line.echo, size)
        return others

    def _send_back(self, line: Line, echo: Send, size: int) -> None:
        """Comes last: it changes the packet."""
        self._buffer[8] ^= SSRC_OF_ECHO
        _pass_on(self._view[:size], ((echo, line.leg),))

    # --- the careful path -----------------------------------------------------------------------------------

    def _examine(self, line: Line, now: float) -> bool:
        """One packet of a port whose source the kernel does not check yet.  False: there was none."""
        try:
            size, source = line.sock.recvfrom_into(self._buffer)
        except BlockingIOError:
            return False
        except OSError:
            return True
        source = source[:2]  # IPv6 adds flow label and scope
        leg = line.leg
        latch = leg.rtcp_latch if line.rtcp else leg.latch
        if source in self._own or not latch.admits(source, now):  # our own ports: audio in a circle, for ever
            leg.refused += 1
            return True
        if leg.srtp is not None:
            size = leg.srtp.open(self._buffer, size)
        if line.rtcp:
            if self._carried_rtcp(leg, size):
                latch.lock(source, now)
            else:
                leg.refused += 1
        elif not line.take(self._buffer, size, now):
            self._set_aside(line, size)
        else:
            if latch.lock(source, now):
                self._lock(line, source, now)
            _pass_on(self._view[:size], line.outs)
            if line.echo is not None:
                self._send_back(line, line.echo, size)
        return True

    def _lock(self, line: Line, source: Address, now: float) -> None:
        leg = line.leg
        self.latched.append(Latched(leg.call, leg.name, source))
        if ports.lock(line.sock, source):
            line.settled_at = now + SETTLE
            self._settling.add(line)
        self.aim(leg)

    def settle(self, now: float) -> None:
        """Makes sure of the ports that were connected a while ago.  Call it a few times a second."""
        for line in [line for line in self._settling if now >= line.settled_at]:
            for _ in range(DRAIN):
                if not self._examine(line, now):
                    self._settling.discard(line)
                    line.receive = _receiver(line)
                    break

    def _set_aside(self, line: Line, size: int) -> None:
        """Not valid RTP: RTCP on the same port (RFC 5761), or refused."""
        if is_rtcp(self._view[:size]) and self._carried_rtcp(line.leg, size):
            line.leg.muxed = True
        else:
            line.leg.refused += 1

    def _carried_rtcp(self, speaker: Leg, size: int) -> bool:
        """Passes reports on, so that both ends know how they are heard.  False: it is no RTCP."""
        packet = self._view[:size]
        if size > MAX_PACKET or not packet_types(packet):
            return False
        for listener in self._listeners.get(speaker, ()):
            if listener is speaker or listener not in self._pairs:
                continue
            rtp, rtcp = self._pairs[listener]
            line, target = (rtp, listener.latch.target) if listener.muxed else (rtcp, listener.rtcp_target)
            sealed = packet if listener.srtp is None else listener.srtp.seal(packet)
            if target is not None and sealed is not None:
                with suppress(OSError):
                    line.sock.sendto(sealed, target)
        return True


def _pass_on(packet: memoryview, outs: Iterable[tuple[Send, Leg]]) -> None:
    """The hot loop's last step, for the packets that did not come through it."""
    for send, listener in outs:
        try:
            send(packet)
        except OSError as error:
            if not _sent_again(send, packet, error):
                continue
        listener.sent += 1
        listener.sent_bytes += len(packet)


def _sent_again(send: Send, packet: memoryview, error: OSError) -> bool:
    """A pending ICMP error is told instead of sending; it may be old, or forged.  Once told it is gone."""
    if isinstance(error, ConnectionRefusedError):
        with suppress(OSError):
            send(packet)
            return True
    return False


def _receiver(line: Line) -> Callable[[bytearray], int]:
    """How to read a port whose source the kernel checks."""
    receive, srtp = line.sock.recv_into, line.leg.srtp
    return receive if srtp is None else lambda buffer: srtp.open(buffer, receive(buffer))


def _send_sealed(send: Send, srtp: "Srtp", packet: memoryview) -> None:
    sealed = srtp.seal(packet)
    if sealed is None:
        raise OSError("it was sent before")
    try:
        send(memoryview(sealed))
    except ConnectionRefusedError:
        send(memoryview(sealed))  # see _sent_again, which cannot: sealed again it would be another packet


def _send_to(sendto: Callable[[memoryview, Address], int], target: Address, packet: memoryview) -> int:
    return sendto(packet, target)
