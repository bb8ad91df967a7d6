"""A TLS certificate for a house that has none yet. One that the hospital brings is used and never touched."""

from __future__ import annotations

import ipaddress
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.crypto.entropy import SystemClock
from adapters.crypto.key_files import folder_lock, write_beside
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from application.ports.clock import Clock

CERTIFICATE = "cert.pem"
KEY = "key.pem"
OURS = "faceauth self-signed"
"""Organisation in the certificates made here: how they are told from the hospital's."""

LIFETIME = timedelta(days=397)
"""The longest that browsers took for granted (CA/Browser Forum Baseline Requirements 1.7.1 to 2.1, section 6.3.2)."""

RENEW_BEFORE = timedelta(days=14)
CLOCK_SLACK = timedelta(hours=1)
"""A phone whose clock is behind must not find the certificate in its future."""

PUBLIC_FILE = 0o644
ALWAYS = ("localhost", "127.0.0.1", "::1")
MAX_COMMON_NAME = 64


def ensure_self_signed(folder: Path, hosts: Sequence[str], *, clock: Clock | None = None) -> tuple[Path, Path]:
    """Return the paths of (certificate, private key), PEM, in that folder.

    Makes a self-signed P-256 pair (key 0600) for ``hosts``, localhost and this machine's name where there is none,
    and makes it anew when it ends within 14 days, misses one of ``hosts`` or does not fit its key. A certificate of
    another origin is returned as it is, expired or not. Raises ``ConfigurationError`` for a host that cannot stand in
    a certificate, for files of another origin that cannot work, and where the system refuses.
    """
    certificate_path, key_path = folder / CERTIFICATE, folder / KEY
    names = [_general_name(host) for host in hosts if not _unspecified(host)]
    now = (clock or SystemClock()).now()
    try:
        with folder_lock(folder):
            if not _usable(certificate_path, key_path, names, now):
                _make(certificate_path, key_path, [*names, *_own_names()], now)
    except OSError as error:
        raise ConfigurationError(f"the TLS files in {folder} cannot be used: {error.strerror}") from error
    return certificate_path, key_path


def _usable(certificate_path: Path, key_path: Path, names: Sequence[x509.GeneralName], now: datetime) -> bool:
    if not certificate_path.exists():
        if key_path.exists():
            raise ConfigurationError(f"{key_path} has no {CERTIFICATE} beside it: add it or remove the key")
        return False
    certificate = _read_certificate(certificate_path)
    matches = key_path.exists() and _fits(certificate, key_path)
    if not _is_ours(certificate):
        if not matches:
            raise ConfigurationError(f"{key_path} must be the unencrypted PEM key of {certificate_path}")
        return True
    covered = set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    return matches and covered.issuperset(names) and certificate.not_valid_after_utc - now > RENEW_BEFORE


def _make(certificate_path: Path, key_path: Path, names: Sequence[x509.GeneralName], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, list(dict.fromkeys(names)), now)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # The certificate first: after a crash in between it is ours without its key, and made again.
    write_beside(certificate_path, certificate.public_bytes(Encoding.PEM), PUBLIC_FILE).replace(certificate_path)
    write_beside(key_path, key_pem).replace(key_path)


def _signed(key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName], now: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, OURS),
            x509.NameAttribute(NameOID.COMMON_NAME, str(names[0].value)[:MAX_COMMON_NAME]),
        ]
    )
    public = key.public_key()
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    begins = now - CLOCK_SLACK
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _is_ours(certificate: x509.Certificate) -> bool:
    organisations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return certificate.issuer == certificate.subject and [entry.value for entry in organisations] == [OURS]


def _fits(certificate: x509.Certificate, key_path: Path) -> bool:
    try:
        key = load_pem_private_key(key_path.read_bytes(), password=None)
    except (ValueError, TypeError):  # not a key, or one under a password
        return False
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        raise ConfigurationError(f"{path} is not a certificate in PEM form: replace or remove it") from None


def _own_names() -> list[x509.GeneralName]:
    own = socket.gethostname()
    return [_general_name(host) for host in ALWAYS] + ([x509.DNSName(own)] if own and own.isascii() else [])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host.encode("idna").decode())
    except ValueError:
        raise ConfigurationError(f"{host!r} cannot stand in a certificate: give a host name or an address") from None


def _unspecified(host: str) -> bool:
    """Tell an address that means "every interface" when listening and nothing in a certificate."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def read_expiry(path: Path) -> datetime:
    """Return when the certificate in that file ends, aware UTC. Raises ``ConfigurationError``."""
    return _read_certificate(path).not_valid_after_utc
