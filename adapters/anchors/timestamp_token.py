"""Verify a time stamp token (RFC 3161, RFC 5816): whom it is from, what it stamps, and when.

Not checked: revocation of any certificate, name constraints and certificate policies; and nobody here says how far the
authority's clock may be from ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.anchors.der import (
    CONTEXT_0,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    DerError,
    Element,
    encode,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
SHA256: Final = "2.16.840.1.101.3.4.2.1"
HASHES: Final[Mapping[str, tuple[str, hashes.HashAlgorithm]]] = {
    SHA256: ("sha256", hashes.SHA256()),
    "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384()),
    "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512()),
}
SIGNATURES: Final[Mapping[str, str]] = {
    "1.2.840.113549.1.1.11": SHA256,
    "1.2.840.113549.1.1.12": "2.16.840.1.101.3.4.2.2",
    "1.2.840.113549.1.1.13": "2.16.840.1.101.3.4.2.3",
    "1.2.840.10045.4.3.2": SHA256,
    "1.2.840.10045.4.3.3": "2.16.840.1.101.3.4.2.2",
    "1.2.840.10045.4.3.4": "2.16.840.1.101.3.4.2.3",
}
"""RSA (PKCS #1 v1.5) and ECDSA, and the hash that each says it was made with."""
RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
LONGEST_CHAIN: Final = 6
UNREADABLE: Final = (
    LookupError,
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading raises for certificates and values that nobody should have made."""


class TokenError(ValueError):
    """A time stamp token that proves nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says: when, under which policy (OID in dots), and the nonce that it answers, if any."""

    at: datetime
    policy: str
    nonce: int | None


def verify_token(token: bytes, stamped: bytes, trusted: Sequence[x509.Certificate]) -> Stamp:
    """Return what a token says of ``stamped``, signed by whom ``trusted`` vouch for. Raises ``TokenError``."""
    try:
        return _verify(token, stamped, trusted)
    except DerError as error:
        raise TokenError(f"not a time stamp token: {error}") from None
    except TokenError:
        raise
    except UNREADABLE:
        raise TokenError("not a time stamp token that can be read") from None


def _verify(token: bytes, stamped: bytes, trusted: Sequence[x509.Certificate]) -> Stamp:
    kind, wrapped = parse(token).expect(SEQUENCE).children()
    _need(kind.oid() == SIGNED_DATA, "it is not signed data")
    parts = parse(wrapped.expect(CONTEXT_0).content).expect(SEQUENCE).children()
    content_type, content = parts[2].expect(SEQUENCE).children()
    _need(content_type.oid() == TST_INFO, "it holds no time stamp")
    info = parse(content.expect(CONTEXT_0).content).expect(OCTET_STRING).content
    signers = parts[-1].expect(SET).children()
    _need(len(signers) == 1, "it has not exactly one signer")
    certificates = [
        x509.load_der_x509_certificate(each.raw)
        for part in parts[3:-1]
        if part.tag == CONTEXT_0
        for each in part.children()
        if each.tag == SEQUENCE
    ]
    stamp = _stamp(info, stamped)
    signer = _signed_by(signers[0], info, [*certificates, *trusted])
    _check_chain(signer, certificates, trusted, stamp.at)
    return stamp


def _stamp(info: bytes, stamped: bytes) -> Stamp:
    version, policy, imprint, _serial, at, *more = parse(info).expect(SEQUENCE).children()
    algorithm, digest = imprint.expect(SEQUENCE).children()
    _need(version.integer() == 1, "it is of another version")
    name = HASHES.get(algorithm.expect(SEQUENCE).children()[0].oid(), ("", None))[0]
    _need(bool(name), "its hash is not one of SHA-256, SHA-384 and SHA-512")
    same = hmac.compare_digest(digest.expect(OCTET_STRING).content, hashlib.new(name, stamped).digest())
    _need(same, "it stamps something else")
    nonces = [each.integer() for each in more if each.tag == INTEGER]
    return Stamp(_time(at), policy.oid(), nonces[0] if nonces else None)


def _time(element: Element) -> datetime:
    text = element.expect(GENERALIZED_TIME).content.decode("ascii")
    whole, _, fraction = text.removesuffix("Z").partition(".")
    _need(text.endswith("Z") and len(whole) == len("20300101080000"), "its time is no UTC")
    read = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return read.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else read


def _signed_by(signer: Element, info: bytes, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    _version, sid, hashed_with, attributes, signed_with, signature = signer.expect(SEQUENCE).children()[:6]
    digest_oid = hashed_with.expect(SEQUENCE).children()[0].oid()
    _need(digest_oid in HASHES, "its hash is not one of SHA-256, SHA-384 and SHA-512")
    name, _ = HASHES[digest_oid]
    found = _attributes(attributes.expect(CONTEXT_0))
    _need(found[CONTENT_TYPE].oid() == TST_INFO, "its signature is over something else")
    digest = found[MESSAGE_DIGEST].expect(OCTET_STRING).content
    _need(hmac.compare_digest(digest, hashlib.new(name, info).digest()), "its content was changed")
    certificate = next((each for each in certificates if _names(sid, each)), None)
    if certificate is None:
        raise TokenError("the certificate of its signer is not there")
    _need(_bound(found, certificate), "it is bound to another certificate")
    # RFC 5652, section 5.4: what is signed has the tag of a SET, not the one it travels with.
    _check_signature(
        certificate,
        signature.expect(OCTET_STRING).content,
        encode(SET, attributes.content),
        signed_with.expect(SEQUENCE).children()[0].oid(),
        digest_oid,
    )
    return certificate


def _attributes(signed: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for each in signed.children():
        kind, values = each.expect(SEQUENCE).children()
        (value,) = values.expect(SET).children()
        _need(kind.oid() not in found, "an attribute stands there twice")
        found[kind.oid()] = value
    _need({CONTENT_TYPE, MESSAGE_DIGEST} <= set(found), "it lacks attributes that are signed")
    return found


def _names(sid: Element, certificate: x509.Certificate) -> bool:
    if sid.tag != SEQUENCE:
        return False  # by key identifier: not read here
    issuer, serial = sid.children()
    return issuer.raw == certificate.issuer.public_bytes() and serial.integer() == certificate.serial_number


def _bound(attributes: Mapping[str, Element], certificate: x509.Certificate) -> bool:
    """Say whether the signed attributes name that very certificate (RFC 2634 by SHA-1, RFC 5816 by another)."""
    raw = certificate.public_bytes(encoding=Encoding.DER)
    name, value = "sha256", attributes.get(SIGNING_CERTIFICATE_V2)
    if value is None:
        name, value = "sha1", attributes.get(SIGNING_CERTIFICATE)
    if value is None:
        return False
    first = value.expect(SEQUENCE).children()[0].children()[0].expect(SEQUENCE).children()
    if first[0].tag == SEQUENCE:
        name, first = HASHES[first[0].children()[0].oid()][0], first[1:]
    return hmac.compare_digest(first[0].expect(OCTET_STRING).content, hashlib.new(name, raw).digest())


def _check_signature(
    certificate: x509.Certificate, signature: bytes, signed: bytes, algorithm: str, digest_oid: str
) -> None:
    hashed = digest_oid if algorithm == RSA_ENCRYPTION else SIGNATURES.get(algorithm)
    _need(hashed == digest_oid, "its signature is of a kind that is not known here")
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), HASHES[digest_oid][1])
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(HASHES[digest_oid][1]))
        else:
            raise TokenError("its signer has a key of a kind that is not known here")
    except InvalidSignature:
        raise TokenError("its signature does not verify") from None


def _check_chain(
    signer: x509.Certificate, others: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate], at: datetime
) -> None:
    """Walk from the signer to somebody trusted, each certificate good at that time, each issuer allowed to issue."""
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    only = list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    _need(only and usage.critical, "its signer is not for time stamps alone (RFC 3161, section 2.3)")
    current = signer
    for depth in range(LONGEST_CHAIN):
        _need(current.not_valid_before_utc <= at <= current.not_valid_after_utc, "a certificate had no force then")
        if current in trusted:
            return
        current = next(
            (each for each in (*trusted, *others) if each != current and _issued(each, current, depth)), current
        )
    raise TokenError("nobody who is trusted vouches for its signer")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate, below: int) -> bool:
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usages = [each.value for each in issuer.extensions if isinstance(each.value, x509.KeyUsage)]
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return (
        basic.ca
        and all(usage.key_cert_sign for usage in usages)
        and (basic.path_length is None or basic.path_length >= below)
    )


def _need(holds: bool, why: str) -> None:
    if not holds:
        raise TokenError(why)
