"""A phone's ping between its SIP datagrams (RFC 5626 §4.4.2): a STUN binding request (RFC 5389), answered."""

from __future__ import annotations

import struct
from ipaddress import ip_address

from pbx.sip.flow import Address

_HEAD = struct.Struct("!HHI12s")  # type, length, magic cookie, transaction
_REQUEST, _RESPONSE, _COOKIE = 0x0001, 0x0101, 0x2112A442
_XOR_MAPPED_ADDRESS = struct.Struct("!HHxBH")  # type, length, family, port; the address follows


def pong(data: bytes, source: Address) -> bytes | None:
    """The answer to a ping from `source`: where it came from, so it sees when its router gives it another
    port.  None = it is no ping."""
    if len(data) < _HEAD.size:
        return None
    kind, length, cookie, transaction = _HEAD.unpack_from(data)
    if (kind, cookie, length) != (_REQUEST, _COOKIE, len(data) - _HEAD.size):
        return None
    address = ip_address(source.host).packed
    mask = data[4 : 4 + len(address)]  # the cookie, and for IPv6 the transaction too
    hidden = bytes(byte ^ key for byte, key in zip(address, mask, strict=True))
    family, port = 1 if len(address) == 4 else 2, source.port ^ (_COOKIE >> 16)
    attribute = _XOR_MAPPED_ADDRESS.pack(0x0020, 4 + len(address), family, port) + hidden
    return _HEAD.pack(_RESPONSE, len(attribute), _COOKIE, transaction) + attribute
