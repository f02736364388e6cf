"""Keys of encrypted audio as a session description tells them: `a=crypto` (RFC 4568)."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pbx.sip.sdp import Attributes

SUITES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "AES_CM_128_HMAC_SHA1_80": 30,
        "AES_CM_128_HMAC_SHA1_32": 30,
        "AEAD_AES_128_GCM": 28,
        "AEAD_AES_256_GCM": 44,
    }
)
"""What we can encrypt with, by its name there: bytes of master key and salt (RFC 4568 §6.2, RFC 7714 §14)."""

SUITE: Final = "AES_CM_128_HMAC_SHA1_80"
"""The one that we offer: everybody has it (RFC 4568 §6.2)."""

_LINE: Final = re.compile(
    r"([0-9]{1,9}) +([A-Za-z0-9_]+) +inline:([A-Za-z0-9+/]+={0,2})"
    r"(?:\|(?:2\^[0-9]{1,2}|[0-9]{1,15}))?"  # how many packets the key is good for; ours never live so long
    r"((?: +[!-~]+)*) *"
)


@dataclass(frozen=True, slots=True)
class Crypto:
    """One line: `tag` tells it from the others of its description; `key` is master key and salt, base64."""

    tag: int
    suite: str
    key: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{self.key}"


def first(attributes: Attributes) -> Crypto | None:
    """The first line that we can follow; None = nothing here can be decrypted."""
    lines = (_parse(value) for name, value in attributes if name == "crypto" and value)
    return next((line for line in lines if line is not None), None)


def _parse(text: str) -> Crypto | None:
    """A line with an MKI, several keys, or a parameter that changes what is encrypted is not for us: who does
    not understand one must not take the line (§6.3.7)."""
    found = _LINE.fullmatch(text)
    if found is None or any(not each.upper().startswith("WSH=") for each in found[4].split()):
        return None
    suite = found[2].upper()
    try:
        size = len(base64.b64decode(found[3] + "=" * (-len(found[3]) % 4), validate=True))
    except binascii.Error:
        return None
    return Crypto(int(found[1]), suite, found[3]) if size == SUITES.get(suite) else None
