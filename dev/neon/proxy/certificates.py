"""A certificate authority of our own, and one certificate by which we pass for Neon.

Made once per directory. With `hostaddr=127.0.0.1` a client reaches us under a host name of Neon's,
and `sslmode=verify-full sslrootcert=<authority>` verifies.
"""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from dev.locks import turn
from dev.neon.project.names import REGION

DOMAINS = (REGION, "local.neon.tech")
LIFE = timedelta(days=3650)


class Certificates:
    def __init__(self, directory: Path) -> None:
        self.authority = directory / "ca.pem"
        self._server = directory / "server.pem"  # key and certificate in one file
        directory.mkdir(parents=True, exist_ok=True)
        with turn(directory / "certificates.lock"):
            if not self._server.exists():
                self._make()

    def context(self, on_name: Callable[[str | None], None]) -> ssl.SSLContext:
        """TLS for one connection; on_name hears the server name (SNI) that its client asks for."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._server)
        context.set_alpn_protocols(["postgresql"])
        context.sni_callback = lambda _socket, name, _context: on_name(name)
        return context

    @cached_property
    def end_point(self) -> bytes:
        """What SCRAM binds a login to: tls-server-end-point, RFC 5929, section 4."""
        certificate = x509.load_pem_x509_certificate(self._server.read_bytes())
        return certificate.fingerprint(hashes.SHA256())  # the hash of its own signature

    def _make(self) -> None:
        """Make both, the server's whole and last: that it exists says that all is made.

        The authority's key is dropped: nothing else can ever be signed with it.
        """
        root_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        root = _authority(root_key)
        self.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        partial = self._server.with_suffix(".partial")
        partial.touch(mode=0o600)
        server = _server(key, root, root_key).public_bytes(serialization.Encoding.PEM)
        partial.write_bytes(_private(key) + server)
        partial.rename(self._server)


def _authority(key: EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Thaw, a Neon on the laptop")
    signs_certificates_only = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = _certificate(name, name, key, key, ca=True)
    return certificate.add_extension(signs_certificates_only, critical=True).sign(
        key, hashes.SHA256()
    )


def _server(
    key: EllipticCurvePrivateKey, root: x509.Certificate, root_key: EllipticCurvePrivateKey
) -> x509.Certificate:
    certificate = _certificate(_name(DOMAINS[0]), root.subject, key, root_key, ca=False)
    names = x509.SubjectAlternativeName([x509.DNSName(f"*.{domain}") for domain in DOMAINS])
    return certificate.add_extension(names, critical=False).sign(root_key, hashes.SHA256())


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    issuer_key: EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.CertificateBuilder:
    """What both have; strict verifiers want the two key identifiers."""
    # Over 20 lines: one certificate, a field each.
    now = datetime.now(UTC)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # for clocks that are behind
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(own, critical=False)
        .add_extension(signer, critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
