"""Which rules stood when an attempt began: recorded with it, so that it can be explained years later."""

from __future__ import annotations

import hashlib
import importlib.metadata
from functools import cache

from application.services import Services

UNKNOWN_VERSION = "unknown"


def rules_in_force(services: Services) -> dict[str, str]:
    """Return the rules of an attempt by face as codes and numbers in text.

    ``version`` is that of this program; ``evidence``, ``matching`` and ``lockout`` are fingerprints (12 hex digits of a
    SHA-256) of all numbers of those policies: equal fingerprints are equal rules. ``measured`` says whether the
    matching threshold follows from measured false match rates (then for ``fpir_target``) or is a fixed number.
    """
    policies, judge = services.policies, services.judge
    evidence, matching = policies.evidence_for(judge), policies.matching
    return {
        "version": _version(),
        "model": judge.model,
        "evidence": _fingerprint(repr(evidence)),
        "matching": _fingerprint(repr(matching)),
        "lockout": _fingerprint(repr(policies.lockout)),
        "pad_threshold": f"{evidence.pad_threshold:g}",
        "fpir_target": f"{matching.fpir_target:g}",
        "measured": "yes" if judge.model in matching.distributions else "no",
    }


@cache
def _version() -> str:
    try:
        return importlib.metadata.version("faceauth")
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN_VERSION


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
