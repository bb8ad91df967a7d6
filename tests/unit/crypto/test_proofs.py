"""Proofs of possession (RFC 9449): one request, one key, nothing brought along but the public half."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry

from adapters.crypto.proofs import KeyProofs
from domain.errors import ProofInvalidError

ORIGIN = "https://faceauth.test"
PATH = "/face-auth/token/refresh"
KEY = ECKey.generate_key("P-256")
PROOFS = KeyProofs([ORIGIN, "https://10.0.0.7:8443"])


def proof(key: Any = KEY, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A good proof with some header parameters or claims changed; None takes one away."""
    head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)} | (header or {})
    body = {"jti": "a-1", "htm": "POST", "htu": ORIGIN + PATH, "iat": int(time.time())} | claims
    registry = JWSRegistry(algorithms=["ES256", "HS256", "RS256"], strict_check_header=False)
    registry.check_header = lambda header: None  # type: ignore[method-assign]  # noqa: ARG005
    return jwt.encode(
        {name: value for name, value in head.items() if value is not None},
        {name: value for name, value in body.items() if value is not None},
        key,
        registry=registry,
    )


def refuse(text: str, **request: Any) -> None:
    given: dict[str, Any] = {"method": "POST", "path": PATH} | request
    with pytest.raises(ProofInvalidError, match=r"^the proof of the key is not valid$"):
        PROOFS.read(text, **given)


def test_a_good_proof_tells_the_thumbprint_of_its_key() -> None:
    read = PROOFS.read(proof(iat=1_700_000_000), method="POST", path=PATH)

    assert (read.key, read.proof_id, read.made_at.timestamp()) == (KEY.thumbprint(), "a-1", 1_700_000_000)


@pytest.mark.parametrize(
    "address",
    [
        ORIGIN + PATH + "?a=b#c",
        "HTTPS://FaceAuth.Test:443" + PATH,
        "https://10.0.0.7:8443" + PATH,
    ],
)
def test_the_address_is_compared_without_query_and_in_any_spelling(address: str) -> None:
    PROOFS.read(proof(htu=address), method="POST", path=PATH)


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htu": "https://evil.test" + PATH},
        {"htu": "http://faceauth.test" + PATH},
        {"htu": "https://faceauth.test:8443" + PATH},
        {"htu": "https://faceauth.test@evil.test" + PATH},
        {"htu": "https://evil@faceauth.test" + PATH},
        {"htu": ORIGIN + "/face-auth/token/revoke"},
        {"htu": PATH},
        {"htu": "https://[" + PATH},
        {"htu": ["a"]},
        {"htu": None},
        {"jti": ""},
        {"jti": "x" * 257},
        {"jti": 7},
        {"jti": None},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": 1e300},
    ],
)
def test_a_proof_for_another_request_or_without_its_facts_is_refused(claims: dict[str, Any]) -> None:
    refuse(proof(**claims))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"jwk": None},
        {"jwk": "a"},
        {"jwk": {}},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
        {"jwk": ECKey.generate_key("P-384").as_dict(private=False)},
        {"jwk": ECKey.generate_key("P-256").as_dict(private=False)},
        {"jwk": KEY.as_dict(private=True)},
        {"kid": "a"},
        {"jku": "https://evil.test"},
        {"crit": ["exp"]},
        {"x5c": ["a"]},
    ],
)
def test_a_proof_with_another_header_is_refused(header: dict[str, Any]) -> None:
    refuse(proof(header=header))


def test_other_algorithms_are_refused() -> None:
    refuse(proof(OctKey.import_key("k" * 32), header={"alg": "HS256", "jwk": KEY.as_dict(private=False)}))
    refuse(proof(OctKey.import_key("k" * 32), header={"alg": "HS256"}))
    refuse(proof(RSAKey.generate_key(2048), header={"alg": "RS256"}))


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 5000, "\ud800", "é"])
def test_what_is_no_proof_is_refused(text: str) -> None:
    refuse(text)


def test_with_a_token_the_proof_is_for_that_token() -> None:
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"token").digest()).rstrip(b"=").decode()
    PROOFS.read(proof(ath=digest), method="POST", path=PATH, access_token="token")

    refuse(proof(ath=digest), access_token="another")
    refuse(proof(), access_token="token")
    refuse(proof(ath="é"), access_token="token")
    refuse(proof(ath=1), access_token="token")
