"""Key backups: everything secret in one file that only the escrow key opens, which lies somewhere else.

Layout: magic, length of the header (4 bytes, big-endian), header (JSON, readable), then HPKE (RFC 9180) in base mode:
DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, with everything before as ``info``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from adapters.crypto.sealed_file import head_of, read_header, write_private
from domain.errors import BackupDamagedError, BackupForeignError, ConfigurationError

MAGIC: Final = b"faceauth key backup 1\n"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ID_DIGITS: Final = 32


def new_pair(passphrase: bytes | None = None) -> tuple[bytes, bytes]:
    """Return (private, public) escrow key as PEM; the private one encrypted where there is a passphrase."""
    private = X25519PrivateKey.generate()
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def load_public(path: Path) -> X25519PublicKey:
    """Read the public escrow key. Raises ``ConfigurationError``."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"FACEAUTH_ESCROW_KEY {path} cannot be read: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        raise ConfigurationError(f"{path} holds no public X25519 key: make a pair with 'faceauth backup escrow'")
    return key


def load_private(path: Path, passphrase: bytes | None = None) -> X25519PrivateKey:
    """Read the private escrow key. Raises ``ConfigurationError``, also for a wrong or missing passphrase."""
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise ConfigurationError(f"{path} holds no private X25519 key that opens with this passphrase")
    return key


def key_id(public: X25519PublicKey) -> str:
    """Return the name of an escrow key: the first half of the SHA-256 of its raw form, in hex."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:_ID_DIGITS]


def write_key_backup(path: Path, public: X25519PublicKey, header: Mapping[str, Any], content: bytes) -> None:
    """Seal ``content`` to the escrow key in a new file (0600). Raises ``ConfigurationError`` as ``write_private``."""
    head = head_of(MAGIC, {**header, "escrow": key_id(public)})
    sealed = _SUITE.encrypt(content, public, info=head)
    write_private(path, lambda file: file.write(head + sealed))


def read_key_backup_header(path: Path) -> dict[str, Any]:
    """Return what a key backup says of itself, unproven. Raises ``BackupDamagedError``, ``ConfigurationError``."""
    return read_header(path, MAGIC)[0]


def open_key_backup(path: Path, private: X25519PrivateKey) -> bytes:
    """Return the content. Raises ``BackupForeignError`` (another escrow key), ``BackupDamagedError``."""
    header, start = read_header(path, MAGIC)
    if header.get("escrow") != key_id(private.public_key()):
        raise BackupForeignError(f"{path} is sealed to another escrow key")
    whole = path.read_bytes()
    try:
        return _SUITE.decrypt(whole[start:], private, info=whole[:start])
    except (InvalidTag, ValueError):
        raise BackupDamagedError(f"{path} is damaged, cut off or changed: use another backup") from None
