# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates of simulated hosts that speak TLS and of clients that log in with one, made at the start and valid for a day."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# The alternative name of Microsoft's that holds an account's user principal name (szOID_NT_PRINCIPAL_NAME; from memory).
_PRINCIPAL = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING = 0x0C
# A DER string of more bytes has a length of several bytes.
_LONGEST = 127


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues the certificates with which clients log in to one host.

    Attributes:
        folder: where they are written, with their private keys.
    """

    folder: Path
    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate

    @classmethod
    def start(cls, folder: Path) -> Authority:
        """Return a new authority that nobody trusts yet."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("winsim clients")
        constraint = x509.BasicConstraints(ca=True, path_length=0)
        certificate = _draft(name, name, key).add_extension(constraint, critical=True).sign(key, hashes.SHA256())
        return cls(folder, key, certificate)

    def issue(self, user: str) -> Path:
        """Write a certificate for an account, and its private key, into one file; return where.

        Raises:
            ValueError: the name is too long for a certificate of this simulator.
        """
        principal = f"{user}@localhost".encode()
        if len(principal) > _LONGEST:
            raise ValueError(f"no certificate can be made for {user!r}: the name is too long")
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _draft(_name(user), self._certificate.subject, key)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.OtherName(_PRINCIPAL, bytes((_UTF8_STRING, len(principal))) + principal)]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        path = self.folder / f"{user}.pem"
        _write(path, key, certificate)
        return path

    def trusted_by(self, context: ssl.SSLContext) -> None:
        """Let a TLS server ask clients for a certificate; a client without one is served, one of another authority is not."""
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=self._certificate.public_bytes(serialization.Encoding.PEM).decode())


def user_of(certificate: bytes) -> str | None:
    """Return the user of a certificate, by its user principal name; None if it has none."""
    try:
        names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    found = [name.value[2:].decode("utf-8", "replace") for name in names if isinstance(name, x509.OtherName) and name.type_id == _PRINCIPAL]
    return found[0].partition("@")[0] if found else None


def server_context(clients: Authority | None = None) -> tuple[ssl.SSLContext, bytes]:
    """Return a TLS context with a self-signed certificate, and that.

    Args:
        clients: who issues certificates that clients may show; without it they are not asked for one.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _draft(_name("winsim"), _name("winsim"), key).sign(key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="winsim-") as folder:
        path = Path(folder) / "host.pem"
        _write(path, key, certificate)
        context.load_cert_chain(path)
    if clients is not None:
        clients.trusted_by(context)
    return context, certificate.public_bytes(serialization.Encoding.DER)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _draft(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _write(path: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """Write key and certificate into a file that its owner alone may read."""
    path.touch(mode=0o600)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
