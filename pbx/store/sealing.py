"""Secrets at rest: sealed with a key of this box (AES-256-GCM), and the random ones made here."""

import os
import secrets
from hashlib import md5, sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pbx.config import validators
from pbx.store.errors import StoreError

# Nothing that XML, a phone's configuration file or a URL would escape, and no look-alikes (0 O, 1 l I).
_ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_NONCE = 12


class Box:
    """Seals and opens bytes.  `purpose` is authenticated: a value moved to another place does not open."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def of(cls, path: Path, create: bool) -> "Box":
        """With the key in `path`, which is made (mode 0600, on the disk before we return) if `create`."""
        if create and not path.exists():
            _write_key(path)
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            raise StoreError(f"{path} is missing; no password can be read without it: restore it") from None
        if len(key) != 32:
            raise StoreError(f"{path} is damaged ({len(key)} bytes, wanted 32); restore it from a backup")
        return cls(key)

    def seal(self, data: bytes, purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises StoreError if it was sealed by another key or for another purpose."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError):
            raise StoreError(f"the {purpose} does not open: box.key is not the one that sealed it") from None


def _write_key(path: Path) -> None:
    # Under another name first: a power cut leaves a whole key or none.
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(descriptor)
    new.rename(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Makes new names in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def phone_password(number: str, name: str) -> str:
    """A new random password for a phone: 20 characters, 116 bits, and never one that the checks call weak."""
    while True:
        password = "".join(secrets.choice(_ALPHABET) for _ in range(20))
        if validators.weakness(password, number, name) is None:
            return password


def claim_code() -> str:
    """A one-time code to type: three groups of four, 60 bits."""
    return "-".join("".join(secrets.choice(_CODE_ALPHABET) for _ in range(4)) for _ in range(3))


def ha1(username: str, realm: str, password: str) -> tuple[str, str]:
    """H(username:realm:password) in MD5 and SHA-256, lower-case hex (RFC 7616 §3.4.2)."""
    data = f"{username}:{realm}:{password}".encode()
    return md5(data, usedforsecurity=False).hexdigest(), sha256(data).hexdigest()
