"""Security event tokens of others: what is believed of them once they are verified."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Signal:
    """A verified security event token (RFC 8417).

    ``subject`` is its subject identifier (RFC 9493; Shared Signals 1.0, section 3), empty where there is none;
    ``events`` maps event type URIs to their payloads. Both are still the transmitter's words, and may name somebody.
    """

    issuer: str
    jti: str
    issued_at: datetime
    subject: Mapping[str, Any] = field(repr=False)
    events: Mapping[str, Mapping[str, Any]] = field(repr=False)


class SignalVerifier(Protocol):
    """Tells the transmitter's tokens from everybody else's. Safe from several threads."""

    def verify(self, token: bytes) -> Signal:
        """Check type, signature, issuer, audience and times; whether it came before is for the caller to see to.

        Raises ``SignalRefusedError``, and ``UnavailableError`` where the transmitter's keys cannot be had now: ask for
        the token again later.
        """
        ...

    def admits(self, credential: str) -> bool:
        """Say whether that bearer credential is the transmitter's; True for any where none is configured."""
        ...


@dataclass(frozen=True, slots=True)
class Reception:
    """How we understand one transmitter.

    ``issuer`` is the transmitter's, ``own_issuer`` ours. ``subject_kind`` says what its subjects are to us: "user_id"
    or "username". ``pseudonym`` returns the pairwise subject under which our tokens name somebody.
    """

    verifier: SignalVerifier
    issuer: str
    own_issuer: str
    subject_kind: str
    pseudonym: Callable[[UUID], str]
