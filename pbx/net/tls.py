"""TLS without sockets: bytes of the network in, bytes of the peer out, and the office's own certificate."""

import datetime
import ipaddress
import logging
import os
import ssl
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_YEARS = 10
_CHUNK = 65536

log = logging.getLogger("warden.net.tls")


class Tls:
    """One end of a TLS connection.  `receive` may raise ssl.SSLError: then the connection is to be closed."""

    def __init__(self, context: ssl.SSLContext, server: bool, name: str = "") -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._in, self._out, server_side=server, server_hostname=name or None)
        self._early: list[bytes] = []
        self.ready = False
        self.ended = False

    def receive(self, data: bytes) -> bytes:
        """What the peer says.  `pending` may have grown by what the protocol itself wants to say."""
        if data:
            self._in.write(data)
        if not self.ready and not self._shaken():
            return b""
        said = bytearray()
        with suppress(ssl.SSLWantReadError):
            while piece := self._ssl.read(_CHUNK):
                said += piece
            self.ended = True
        return bytes(said)

    def send(self, data: bytes) -> None:
        """Say it to the peer, once the handshake is done."""
        if self.ready:
            self._ssl.write(data)
        else:
            self._early.append(data)

    def pending(self) -> bytes:
        """What is to be put on the network now."""
        return self._out.read()

    def close(self) -> None:
        """Say that no more comes; `pending` has the words for it."""
        if self.ready:
            with suppress(ssl.SSLError):
                self._ssl.unwrap()

    def _shaken(self) -> bool:
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.ready = True
        for data in self._early:
            self._ssl.write(data)
        self._early.clear()
        return True


class Certificates:
    """The contexts that connections are made with.  `refresh` takes up changed files."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        """`folder` holds `tls.crt` and `tls.key`, made here for `names` (hosts and addresses) when missing.

        With a `ca.crt` its authorities are believed, beside the system's, about carriers' certificates.
        """
        self._certificate, self._key, self._ca = (folder / name for name in ("tls.crt", "tls.key", "ca.crt"))
        if not (self._certificate.exists() and self._key.exists()):
            self._make(tuple(names))
        self.reload()

    def reload(self) -> None:
        """Raises OSError or ssl.SSLError when the files are no good; what was in use then stays."""
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.minimum_version = ssl.TLSVersion.TLSv1_2
        server.load_cert_chain(self._certificate, self._key)
        client = ssl.create_default_context()
        client.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._ca.exists():
            client.load_verify_locations(self._ca)
        self.server, self.client = server, client
        self.stamp = self._stamp()

    def refresh(self) -> None:
        """Take up files that changed since they were read; trouble is logged and changes nothing."""
        stamp = self._stamp()
        if stamp == self.stamp:
            return
        try:
            self.reload()
            log.info("the TLS certificate was read again")
        except (OSError, ssl.SSLError) as error:
            self.stamp = stamp
            log.error("the new TLS certificate is no good, the old one stays in use: %s", error)

    def _stamp(self) -> tuple[float, ...]:
        return tuple(
            file.stat().st_mtime if file.exists() else 0.0
            for file in (self._certificate, self._key, self._ca)
        )

    def _make(self, names: tuple[str, ...]) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (names or ("warden",))[0][:64])])
        today = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))  # clocks of phones may be a little behind
            .not_valid_after(today + datetime.timedelta(days=365 * _YEARS))
            .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(key, hashes.SHA256())
        )
        unlocked = serialization.NoEncryption()
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked
        )
        with open(os.open(self._key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secret)
        self._certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
