"""A time stamping authority for tests: certificates, tokens made by openssl, and tokens made wrong on purpose."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.anchors import der
from adapters.anchors.timestamp_token import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SHA256,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    TST_INFO,
)
from tests.needs import missing

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC).replace(microsecond=0)
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """A root, and a certificate for time stamps that it issued."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    root_key: ec.EllipticCurvePrivateKey = field(repr=False)

    def token(self, stamped: bytes, nonce: int | None = 7, **wrong: Any) -> bytes:
        """Return a token; ``wrong`` replaces one part: imprint, at, info, policy, content_type, bound, signature."""
        return token(self, stamped, nonce, **wrong)


def authority(
    *, usage: list[x509.ObjectIdentifier] | None = None, critical: bool = True, days: int = 30, ca: bool = True
) -> Authority:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("root", "root", root_key.public_key(), root_key, days=days)
    root = root.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    leaf = _certificate("stamps", "root", key.public_key(), root_key, days=days)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage(usage or [ExtendedKeyUsageOID.TIME_STAMPING]), critical=critical)
    return Authority(root.sign(root_key, hashes.SHA256()), leaf.sign(root_key, hashes.SHA256()), key, root_key)


def openssl() -> str:
    return shutil.which("openssl") or missing("openssl (Debian's openssl)")


def openssl_reply(one: Authority, folder: Path, query: bytes) -> bytes:
    """Return what ``openssl ts`` answers to a query."""
    pem = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tsa.key").write_bytes(one.key.private_bytes(*pem))
    (folder / "tsa.pem").write_bytes(one.certificate.public_bytes(Encoding.PEM))
    (folder / "ca.pem").write_bytes(one.root.public_bytes(Encoding.PEM))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
    (folder / "query").write_bytes(query)
    words = ["-config", folder / "tsa.cnf", "-queryfile", folder / "query", "-out", folder / "reply"]
    subprocess.run([openssl(), "ts", "-reply", *map(str, words)], check=True, capture_output=True)  # noqa: S603 - fixed words
    return (folder / "reply").read_bytes()


def granted(one_token: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_integer(0)), one_token)


def rejected(status: int = 2) -> bytes:
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_integer(status)))


def token(one: Authority, stamped: bytes, nonce: int | None, **wrong: Any) -> bytes:
    seq, oid, octets = der.SEQUENCE, der.encode_oid, der.OCTET_STRING
    algorithm = der.encode(seq, oid(wrong.get("hashed", SHA256)))
    digest = hashlib.sha256(wrong.get("imprint", stamped)).digest()
    at = wrong.get("at", NOW).strftime("%Y%m%d%H%M%S") + wrong.get("zone", "Z")
    info = der.encode(
        seq,
        der.encode_integer(wrong.get("version", 1)),
        oid("1.2.3.4.1"),
        der.encode(seq, algorithm, der.encode(octets, digest)),
        der.encode_integer(1),
        der.encode(der.GENERALIZED_TIME, at.encode()),
        b"" if nonce is None else der.encode_integer(nonce),
    )
    certificate = one.certificate.public_bytes(Encoding.DER)
    bound = hashlib.sha256(wrong.get("bound", certificate)).digest()
    binding = der.encode(seq, der.encode(seq, der.encode(seq, der.encode(octets, bound))))
    attributes = [
        _attribute(CONTENT_TYPE, oid(wrong.get("content_type", TST_INFO))),
        _attribute(MESSAGE_DIGEST, der.encode(octets, hashlib.sha256(info).digest())),
        *([] if wrong.get("unbound") else [_attribute(SIGNING_CERTIFICATE_V2, binding)]),
    ]
    signature = one.key.sign(der.encode(der.SET, *attributes), ec.ECDSA(hashes.SHA256()))
    signer = der.encode(
        seq,
        der.encode_integer(1),
        der.encode(seq, one.certificate.issuer.public_bytes(), der.encode_integer(one.certificate.serial_number)),
        der.encode(seq, oid(SHA256)),
        der.encode(der.CONTEXT_0, *attributes),
        der.encode(seq, oid(wrong.get("algorithm", ECDSA_SHA256))),
        der.encode(octets, wrong.get("signature", signature)),
    )
    data = der.encode(
        seq,
        der.encode_integer(3),
        der.encode(der.SET, der.encode(seq, oid(SHA256))),
        der.encode(seq, oid(TST_INFO), der.encode(der.CONTEXT_0, der.encode(octets, wrong.get("info", info)))),
        b"" if wrong.get("bare") else der.encode(der.CONTEXT_0, certificate),
        der.encode(der.SET, *([signer] * wrong.get("signers", 1))),
    )
    return der.encode(seq, oid(SIGNED_DATA), der.encode(der.CONTEXT_0, data))


def _attribute(kind: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode_oid(kind), der.encode(der.SET, value))


def _certificate(
    subject: str, issuer: str, public: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=abs(days)))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
