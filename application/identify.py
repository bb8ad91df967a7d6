"""Whose face it is: the gallery's nearest entries of one department, under the rules of matching."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.person import claimed_by
from application.services import Services
from domain.biometrics import Embedding
from domain.policies.matching import Matched, NotMatched


def matched(
    services: Services, department: str, probes: Sequence[Embedding], *, claim: str | None
) -> Matched | NotMatched:
    """Search with the current model's probe; only where that finds nobody, with the former one's.

    ``claim`` is the username claimed (1:1), None where nobody was named (1:N). At least one probe.
    """
    claimed = _claimed_subject(services, claim)
    decisions = (
        services.policies.matching.decide(
            services.index.search(department, probe),
            gallery_size=services.index.size(department),
            model=probe.model,
            claimed=claimed,
            claim_made=claim is not None,
        )
        for probe in probes
    )
    first = next(decisions)
    found = first if isinstance(first, Matched) else next((d for d in decisions if isinstance(d, Matched)), None)
    return found or first


def _claimed_subject(services: Services, claim: str | None) -> UUID | None:
    if claim is None:
        return None
    return claimed_by(services.store, services.vault, "username", claim)
