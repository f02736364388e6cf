"""One party's audio: what is wanted of it, whose packets it takes, what it counted, whether it is silent."""

from math import inf
from typing import TYPE_CHECKING

from pbx.media.latch import REBIND, Address, Latch, canonical, usable
from pbx.rtp.stats import Reception
from pbx.wire.media import Counters, Failed, Keys, MediaLeg, Resumed, Silent

if TYPE_CHECKING:
    from pbx.rtp.srtp import Srtp

PACKETS_A_SECOND = 1000
"""What a party may send: 20 times what a phone does.  More is a loop or an attack and is refused."""


class Leg:
    """State of a leg; no socket.  `sent` and `sent_bytes` are counted by who sends."""

    __slots__ = (
        "_silent_since", "_waiting_since", "call", "failure", "latch", "local", "muxed", "name", "quiet",
        "reception", "refused", "remote_rtcp", "rtcp_latch", "sent", "sent_bytes", "srtp",
    )

    def __init__(self, call: str, name: str) -> None:
        self.call = call
        self.name = name
        self.local: Address = ("", 0)
        self.remote_rtcp: Address | None = None
        self.quiet = 0.0
        self.failure: Failed | None = None  # why it has no port
        self.latch = Latch()
        self.rtcp_latch = Latch()
        self.reception = Reception()
        self.muxed = False  # it sends RTCP from its RTP port, so it wants it there too (RFC 5761)
        self.refused = 0
        self.sent = 0
        self.sent_bytes = 0
        self.srtp: Srtp | None = None
        self._waiting_since = -inf
        self._silent_since = inf

    def state(self, wanted: MediaLeg, now: float) -> bool:
        """The newest statement.  True: whom it listens to is open again."""
        self.local = wanted.local
        self.remote_rtcp = self._usable(wanted.remote_rtcp)
        if wanted.quiet != self.quiet:
            self.quiet, self._waiting_since, self._silent_since = wanted.quiet, now, inf
        self.reception.accept(wanted.payloads)
        self.srtp = _followed(self.srtp, wanted.keys)
        remote = self._usable(wanted.remote)
        hosts = {host for source in wanted.sources if (host := canonical(source)) is not None}
        self.rtcp_latch.state(self.remote_rtcp or _next_port(remote), hosts, now)
        return self.latch.state(remote, hosts, now)

    def _usable(self, address: Address | None) -> Address | None:
        """IPv4 cannot send to IPv6, nor the other way round."""
        usable_address = usable(address)
        if usable_address is None or (":" in usable_address[0]) != (":" in self.local[0]):
            return None
        return usable_address

    @property
    def rtcp_target(self) -> Address | None:
        """Where its RTCP is sent.  A NAT makes the SDP's words about RTCP as wrong as those about RTP."""
        if self.rtcp_latch.locked is not None:
            return self.rtcp_latch.locked
        target = self.latch.target
        if self.remote_rtcp is not None and (target is None or target[0] == self.remote_rtcp[0]):
            return self.remote_rtcp
        return _next_port(target)

    def must_rebind(self, now: float) -> bool:
        """Locked, but silent for so long that the phone may be heard from another port by now."""
        return self.latch.locked is not None and now - self.reception.heard >= REBIND

    def watch(self, now: float) -> Silent | Resumed | None:
        """What there is to tell about silence; call it a few times a second."""
        heard = self.reception.heard
        if self._silent_since < inf:
            if heard <= self._silent_since:
                return None
            self._silent_since = inf
            return Resumed(self.call, self.name)
        silence = now - max(heard, self._waiting_since)
        if not 0 < self.quiet <= silence:
            return None
        self._silent_since = now
        return Silent(self.call, self.name, round(silence, 3))

    def tell_again(self) -> None:
        """Who was told of its silence is gone: the next switch must be told too."""
        self._silent_since = inf

    def counters(self) -> Counters:
        reception, sequence = self.reception, self.reception.sequence
        return Counters(
            self.name, reception.packets, reception.octets, self.sent, self.sent_bytes, sequence.lost,
            sequence.reordered, sequence.duplicated, self.refused, round(reception.jitter * 1000, 3),
        )


def _followed(srtp: "Srtp | None", keys: Keys | None) -> "Srtp | None":
    if keys is None:
        return None
    if srtp is None:
        from pbx.rtp.srtp import Srtp  # the library is loaded by the first call that needs it

        return Srtp(keys)
    srtp.follow(keys)
    return srtp


def _next_port(address: Address | None) -> Address | None:
    """RTCP's port unless it is told otherwise: the next one (RFC 3550 §11)."""
    return None if address is None or address[1] == 65535 else (address[0], address[1] + 1)
