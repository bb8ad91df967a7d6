"""Proofs that somebody holds a key: what makes a stolen token useless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """A good proof: the thumbprint (RFC 7638) of the key, the proof's own id, and when it was made."""

    key: str
    proof_id: str
    made_at: datetime


class Proofs(Protocol):
    """Proofs of possession as RFC 9449 has them."""

    def read(self, proof: str, *, method: str, path: str, access_token: str | None = None) -> Proof:
        """Return what a proof proves for that request, with that access token if any.

        Whether it is fresh, and comes by for the first time, is not looked at here. Raises ``ProofInvalidError``.
        """
        ...
