"""Audio of many calls: PCMU packets every 20 ms in both directions, counted and timed where they arrive."""

import select
import socket
import struct
import time
from dataclasses import dataclass, field

from tests.bench.agents import Address, Line

SO_TIMESTAMPNS = 35  # the kernel's arrival time in nanoseconds, so that our own lateness is not counted
STAMP = struct.Struct("!Q")
HEADER = struct.Struct("!BBHII")
ROOM = socket.CMSG_SPACE(16)
PTIME, SLICES = 0.02, 20
SILENCE = b"\xff" * (160 - STAMP.size)


@dataclass
class Stream:
    """What one side sends and receives."""

    sock: socket.socket
    to: Address
    ssrc: int
    first: int = 0
    sent: int = 0
    received: int = 0
    delays: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, address: str, line: Line) -> "Stream":
        assert line.audio is not None
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setblocking(False)
        sock.bind((address, line.port))
        return cls(sock, line.audio, line.port)

    def start_counting(self) -> None:
        self.first += self.sent
        self.sent = self.received = 0
        self.delays.clear()

    def send(self) -> None:
        number = self.first + self.sent
        header = HEADER.pack(0x80, 0, number & 0xFFFF, number * 160 & 0xFFFFFFFF, self.ssrc)
        self.sock.sendto(header + STAMP.pack(time.time_ns()) + SILENCE, self.to)
        self.sent += 1

    def drain(self) -> None:
        while True:
            try:
                data, extra, _, _ = self.sock.recvmsg(2048, ROOM)
            except BlockingIOError:
                return
            self.received += 1
            (sent,) = STAMP.unpack_from(data, HEADER.size)
            seconds, nanoseconds = struct.unpack_from("qq", extra[0][2])
            self.delays.append(seconds * 1_000_000_000 + nanoseconds - sent)


def speak(streams: list[Stream], seconds: float) -> None:
    """Every stream sends a packet each 20 ms, spread over the 20 ms, and takes what comes."""
    poll = select.epoll()
    by_fd = {stream.sock.fileno(): stream for stream in streams}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    slices = [streams[n::SLICES] for n in range(SLICES)]
    began = time.monotonic()
    for tick in range(int(seconds / PTIME) * SLICES):
        _receive(poll, by_fd, began + tick * PTIME / SLICES)
        for stream in slices[tick % SLICES]:
            stream.send()
    _receive(poll, by_fd, time.monotonic() + 0.2)
    poll.close()


def _receive(poll: select.epoll, by_fd: dict[int, Stream], until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        for fd, _ in poll.poll(left):
            by_fd[fd].drain()
