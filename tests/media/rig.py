"""The real media process, a switch that talks to it, and phones with real sockets on the loopback."""

import contextlib
import os
import socket
import subprocess
import sys
import time

from pbx.rtp.packet import Packet
from pbx.wire import codec, link
from pbx.wire.media import Event, Latched, MediaLeg, Ready, Want

HERE = f"127.30.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # two test runs are not in each other's way
PAYLOADS = ((0, 8000), (101, 8000))
PATIENCE = 3.0
A, B = 21000, 21002


class Media:
    """`python -m pbx.media --socket …`, and a switch's link to it."""

    def __init__(self, path, *options):
        self.path = path
        self.options = options
        self.link = None
        self.start()

    def start(self):
        command = [sys.executable, "-m", "pbx.media", "--socket", str(self.path), *self.options]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.connect()

    def connect(self):
        """As a switch that has just started."""
        end = time.monotonic() + PATIENCE
        if self.link is not None:
            self.link.close()
        self.link = None
        while self.link is None:
            try:
                self.link = link.connect(self.path)
            except (FileNotFoundError, ConnectionRefusedError):
                assert time.monotonic() < end, "the media process does not listen"
                time.sleep(0.005)
        self.link.settimeout(PATIENCE)
        self.ready = self.hear(Ready)

    def say(self, command):
        self.link.send(codec.encode(command))

    def hear(self, kind, within=PATIENCE):
        """The next event of this kind; others are passed over."""
        self.link.settimeout(within)
        while True:
            data = self.link.receive()
            assert data is not None, "the media process is gone"
            event = codec.decode(data, Event)
            if isinstance(event, kind):
                return event

    def hears_nothing_of(self, kind, within=0.3):
        with contextlib.suppress(TimeoutError):
            raise AssertionError(self.hear(kind, within))

    def kill(self):
        self.link.close()
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.link.close()
        self.process.terminate()
        assert self.process.wait(PATIENCE) in (0, -9)


class Phone:
    """A phone's RTP socket, its RTCP socket, and a stream to send."""

    def __init__(self, host, ssrc=7):
        self.host = host
        self.ssrc = ssrc
        self.sequence = 100
        self.rtp = self.udp()
        self.rtcp = self.udp()

    def udp(self, port=0):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((self.host, port))
        return sock

    @property
    def address(self):
        return self.rtp.getsockname()

    def move(self):
        """Goes on from another port, as after a NAT changed its mind."""
        self.rtp.close()
        self.rtp = self.udp()

    def talk(self, port, text=b"", kind=0):
        """One packet to our port; gives what was said."""
        self.sequence += 1
        text = text or b"%s %d" % (self.host.encode(), self.sequence)
        packet = Packet(kind, self.sequence & 0xFFFF, self.sequence * 160, self.ssrc, text.ljust(160, b"."))
        self.rtp.sendto(bytes(packet), (HERE, port))
        return packet

    def listens(self, within=1.0, on=None):
        """The next packet that comes, None when there is none."""
        sock = on or self.rtp
        sock.settimeout(within)
        try:
            data, self.heard_from = sock.recvfrom(2048)
        except TimeoutError:
            return None
        return data if on else Packet.parse(data)

    def hears_nothing(self, within=0.2):
        return self.listens(within) is None

    def drain(self):
        while self.listens(0.02):
            pass

    def close(self):
        self.rtp.close()
        self.rtcp.close()


def leg(name, port, phone=None, sources=(), quiet=0.0, remote_rtcp=None):
    remote = phone.address if phone else None
    return MediaLeg(name, (HERE, port), remote, remote_rtcp, tuple(sources), PAYLOADS, quiet)


def two_way(call, generation, *legs):
    a, b = legs[0].leg, legs[1].leg
    return Want(call, generation, legs, ((a, b), (b, a)))


def talk_until_heard(speaker, port, listener):
    """The first packets may come before the process has read what is wanted."""
    end = time.monotonic() + 3
    while time.monotonic() < end:
        said = speaker.talk(port)
        heard = listener.listens(0.02)
        if heard:
            listener.drain()
            return said
    raise AssertionError("nothing was heard")


def connected(media, anna, bob):
    media.say(two_way("c", 1, leg("a", A, anna), leg("b", B, bob)))
    talk_until_heard(anna, A, bob)
    talk_until_heard(bob, B, anna)
    assert {media.hear(Latched).leg, media.hear(Latched).leg} == {"a", "b"}
