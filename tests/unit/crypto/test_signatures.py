"""Signatures of devices: both forms are taken, and nothing that is none."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from adapters.crypto.signatures import EcdsaSignatures
from domain.device_proof import canonical_jwk, thumbprint
from tests.tablet import Tablet, text_of

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (SP 800-186, section 3.2.1.3)."""
MESSAGE = b"what was signed"


def verify(tablet: Tablet, signature: bytes, message: bytes = MESSAGE) -> bool:
    return EcdsaSignatures().verify(canonical_jwk(tablet.jwk), message, signature)


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("der", [False, True], ids=["raw", "DER"])
def test_a_signature_is_of_one_key_and_one_message(der: bool) -> None:
    tablet, other = Tablet(der=der), Tablet(der=der)
    signature = tablet.sign(MESSAGE)

    assert verify(tablet, signature)
    assert not verify(tablet, signature, MESSAGE + b"!")
    assert not verify(other, signature)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x30",
        bytes(64),
        b"\xff" * 64,
        b"\x30" * 72,
        bytes(1_000_000),
        raw(1, 0),
        raw(0, 1),
        raw(ORDER, 1),
        raw(1, ORDER),
        encode_dss_signature(0, 0),
        encode_dss_signature(1, 1) + b"\0",
    ],
    ids=lambda signature: signature[:4].hex() + f"/{len(signature)}",
)
def test_what_is_no_signature_is_not_taken_for_one(signature: bytes) -> None:
    assert not verify(Tablet(), signature)


@pytest.mark.parametrize("more", [b"\0", b"\x30\x00"])
def test_nothing_follows_a_signature(more: bytes) -> None:
    tablet = Tablet(der=True)

    assert not verify(tablet, tablet.sign(MESSAGE) + more)


@pytest.mark.parametrize(
    ("x", "y"),
    [(b"\0" * 32, b"\0" * 32), (b"\1" * 32, b"\1" * 32), (b"\xff" * 32, b"\xff" * 32)],
    ids=["zero", "off the curve", "beyond the field"],
)
def test_a_point_off_the_curve_verifies_nothing(x: bytes, y: bytes) -> None:
    key = canonical_jwk({"kty": "EC", "crv": "P-256", "x": text_of(x), "y": text_of(y)})

    assert not EcdsaSignatures().verify(key, MESSAGE, Tablet().sign(MESSAGE))


def test_a_thumbprint_is_that_of_rfc_7638() -> None:
    tablet = Tablet()

    assert thumbprint(canonical_jwk(tablet.jwk)) == text_of(tablet.thumbprint)
