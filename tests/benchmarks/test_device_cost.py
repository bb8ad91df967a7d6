"""What a paired device costs the service per attempt: a chain over its frames and one signature."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from adapters.crypto.signatures import EcdsaSignatures
from domain.device_proof import FrameChain, canonical_jwk
from tests.tablet import Tablet

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = os.urandom(120_000)
"""About a 720p JPEG of quality 0.85."""
FRAMES = 60
MOST_MS_CHAIN, MOST_MS_SIGNATURE = 100.0, 5.0
"""Loose, for a busy machine: a sign-in has 2 s. Measured: see the ADR."""


def best_ms(work: Callable[[], object], rounds: int) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return 1000 * (time.perf_counter() - began)

    return min(once() for _ in range(rounds))


def test_the_chain_of_a_whole_attempt_costs_little() -> None:
    chain = FrameChain(uuid4(), "nonce")

    def whole() -> None:
        for _ in range(FRAMES):
            chain.add(FRAME)

    spent = best_ms(whole, 5)

    print(f"chain: {spent:.2f} ms for {FRAMES} frames of {len(FRAME)} bytes")  # noqa: T201 - the point of a benchmark
    assert spent < MOST_MS_CHAIN


def test_one_signature_costs_little() -> None:
    tablet, verifier = Tablet(), EcdsaSignatures()
    key, signature = canonical_jwk(tablet.jwk), tablet.sign(b"statement")

    spent = best_ms(lambda: verifier.verify(key, b"statement", signature), 50)

    print(f"signature: {spent:.3f} ms")  # noqa: T201 - the point of a benchmark
    assert spent < MOST_MS_SIGNATURE
