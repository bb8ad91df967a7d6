"""The test vector of docs/device-protocol.md is true: of the service's code, and of the tests' own device."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from adapters.crypto.signatures import EcdsaSignatures
from domain.device_proof import FrameChain, canonical_jwk, decoded, pairing_statement, plain_code, thumbprint
from tests.tablet import Tablet, statement

DOCUMENT = Path(__file__).parents[2] / "docs" / "device-protocol.md"


@pytest.fixture
def vector() -> dict[str, str]:
    _, table = DOCUMENT.read_text(encoding="utf-8").split("## Test vector")
    return dict(re.findall(r"^\| (\w+) \| (.+?) \|$", table, re.MULTILINE))


@pytest.fixture
def key(vector: dict[str, str]) -> str:
    return canonical_jwk({"kty": "EC", "crv": "P-256", "x": vector["x"], "y": vector["y"]})


def test_the_key_is_the_one_of_its_private_scalar(vector: dict[str, str], key: str) -> None:
    assert canonical_jwk(Tablet(secret=int(vector["private_scalar"], 16)).jwk) == key
    assert thumbprint(key) == vector["thumbprint"]


def test_the_proof_of_pairing_verifies(vector: dict[str, str], key: str) -> None:
    signed = pairing_statement(plain_code(vector["code"]), key)

    assert signed.hex() == vector["pairing_statement"]
    assert EcdsaSignatures().verify(key, signed, decoded(vector["proof"]))


def test_the_chain_and_both_signatures_verify(vector: dict[str, str], key: str) -> None:
    attempt_id, messages = UUID(vector["attempt_id"]), [vector["message_0"].encode(), vector["message_1"].encode()]
    chain = FrameChain(attempt_id, vector["nonce"])
    heads = [chain.head.hex()]
    for message in messages:
        chain.add(message)
        heads.append(chain.head.hex())

    assert heads == [vector["h0"], vector["h1"], vector["h2"]]
    assert chain.statement.hex() == vector["attempt_statement"]
    assert statement(attempt_id, vector["nonce"], messages) == chain.statement
    for form in ("signature_raw", "signature_der"):
        assert EcdsaSignatures().verify(key, chain.statement, decoded(vector[form]))
