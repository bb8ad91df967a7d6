"""What sealing and signing may cost; limits are several times what was measured, for busy machines."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from adapters.crypto.entropy import SystemClock, SystemIds
from adapters.crypto.key_ring import KeyRing
from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import JwtIssuer
from adapters.crypto.vault import EnvelopeVault
from adapters.memory.data_keys import MemoryDataKeyStore
from application.ports.vault import Binding

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEMPLATE_BYTES = 640 * 4


def median_ms(work: Callable[[], object], rounds: int = 200) -> float:
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def test_opening_a_template_without_a_key_cache_costs_next_to_nothing(tmp_path: Path) -> None:
    ring, data_keys = KeyRing.open(tmp_path / "keys" / "ring.json"), MemoryDataKeyStore()
    data_keys.activate(ring.active_kek())
    vault = EnvelopeVault(ring, data_keys)
    vault.create_key("subject:a")
    binding = Binding("subject:a", "enrollment.template", uuid4(), "sface+fr@1")
    sealed = vault.seal(binding, bytes(TEMPLATE_BYTES))

    assert median_ms(lambda: vault._data_key("subject:a")) < 0.1
    assert median_ms(lambda: vault.unseal(binding, sealed)) < 0.5


def test_a_token_is_made_within_two_milliseconds(tmp_path: Path) -> None:
    issuer = JwtIssuer(
        keys=SigningKeys.open(tmp_path / "keys" / "signing.json"),
        pairwise_key=bytes(32),
        issuer="https://faceauth.test",
        audience="hospital",
        client_id="faceauth-app",
        clock=SystemClock(),
        ids=SystemIds(),
    )

    def issue() -> str:
        token, _ = issuer.issue_access(
            subject_id=uuid4(),
            session_id=uuid4(),
            department="radiology",
            amr=("face",),
            acr="urn:faceauth:passive",
            authenticated_at=datetime.now(UTC),
        )
        return token

    token = issue()
    assert median_ms(issue) < 2
    assert median_ms(lambda: issuer.verify(token)) < 2
