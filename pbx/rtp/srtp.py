"""One party's encrypted audio (SRTP, RFC 3711; AES-GCM, RFC 7714): opening what it sends, sealing what it
gets."""

import base64
from typing import Final

from pylibsrtp import Error, Policy, Session

from pbx.rtp.packet import is_rtcp
from pbx.wire.media import Keys

_PROFILES: Final = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


class Srtp:
    """Both directions of a leg, RTP and RTCP alike."""

    __slots__ = ("_in", "_keys", "_out")

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._out = _session(keys.suite, keys.ours, Policy.SSRC_ANY_OUTBOUND)
        self._in = _session(keys.suite, keys.theirs, Policy.SSRC_ANY_INBOUND)

    def follow(self, keys: Keys) -> None:
        """New keys where they are new.  A direction whose key stays must keep its count of packets: to begin
        again would use the same key stream twice."""
        before, self._keys = self._keys, keys
        if (keys.suite, keys.ours) != (before.suite, before.ours):
            self._out = _session(keys.suite, keys.ours, Policy.SSRC_ANY_OUTBOUND)
        if (keys.suite, keys.theirs) != (before.suite, before.theirs):
            self._in = _session(keys.suite, keys.theirs, Policy.SSRC_ANY_INBOUND)

    def seal(self, packet: memoryview) -> bytes | None:
        """The packet for the party; None for one that was sealed before (§3.3.2), or is too long."""
        data = bytes(packet)
        try:
            return self._out.protect_rtcp(data) if is_rtcp(data) else self._out.protect(data)
        except (Error, ValueError):
            return None

    def open(self, buffer: bytearray, size: int) -> int:
        """Opens the first `size` bytes in their place and says how many are left; 0 = not the party's, or
        heard before."""
        data = bytes(memoryview(buffer)[:size])
        try:
            opened = self._in.unprotect_rtcp(data) if is_rtcp(data) else self._in.unprotect(data)
        except (Error, ValueError):
            return 0
        buffer[: len(opened)] = opened
        return len(opened)


def _session(suite: str, key: str, direction: int) -> Session:
    secret = base64.b64decode(key + "=" * (-len(key) % 4))
    return Session(Policy(secret, direction, srtp_profile=_PROFILES[suite]))
