"""Proofs of possession: fresh, and each of them good once."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Final

from application.ports.tokens import Principal
from application.services import Services
from domain.errors import ProofInvalidError

LIFETIME: Final = timedelta(seconds=60)
"""How old a proof may be. Short, since each is remembered that long (RFC 9449, section 11.1)."""
CLOCK_SKEW: Final = timedelta(seconds=30)
"""How far in the future: the client's clock."""
SCOPE: Final = "dpop"


def proven_key(services: Services, proof: str, *, method: str, path: str, access_token: str | None = None) -> str:
    """Return the thumbprint of the key that a proof shows possession of. Raises ``ProofInvalidError``.

    A proof that passes once does not pass again, in whatever process.
    """
    read = services.proofs.read(proof, method=method, path=path, access_token=access_token)
    now = services.clock.now()
    if not now - LIFETIME < read.made_at <= now + CLOCK_SKEW:
        raise ProofInvalidError("the proof of the key is not valid")
    gone = read.made_at + LIFETIME + CLOCK_SKEW
    if not services.once.first(SCOPE, f"{read.key}.{read.proof_id}", forget_at=gone):
        raise ProofInvalidError("the proof of the key is not valid")
    return read.key


def check_bound(
    services: Services, principal: Principal, token: str, *, scheme: str, proofs: list[str], method: str, path: str
) -> None:
    """Raise ``ProofInvalidError`` unless a bound token comes with its proof, and a bearer token without one.

    ``scheme`` is the one of the Authorization header, ``proofs`` are the DPoP headers (RFC 9449, section 7.1).
    """
    bound = scheme.lower() == "dpop"
    if bound != bool(principal.bound_to):
        raise ProofInvalidError("a bound token goes with its proof, and no other token does")
    if not bound:
        return
    if len(proofs) != 1:
        raise ProofInvalidError("exactly one proof of the key is needed")
    key = proven_key(services, proofs[0], method=method, path=path, access_token=token)
    if not hmac.compare_digest(key, principal.bound_to):
        raise ProofInvalidError("the proof is of another key")
