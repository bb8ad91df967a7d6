"""Security events without signatures: tokens are JSON that only their maker can make."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from application.ports.signal_feed import Batch
from application.ports.signal_verifier import Signal
from domain.errors import SignalRefusedError, UnavailableError
from domain.errors.reception import INVALID_REQUEST


class MemorySignalVerifier:
    """``application.ports.signal_verifier.SignalVerifier`` over tokens that it made itself."""

    def __init__(self, issuer: str, credential: str = "") -> None:
        """Make tokens of that issuer; ``credential`` is the bearer token it has to show, "" for none."""
        self._issuer = issuer
        self._credential = credential
        self._made: dict[bytes, Signal] = {}
        self.lost = False

    def make(
        self, jti: str, subject: Mapping[str, Any], events: Mapping[str, Mapping[str, Any]], *, at: datetime
    ) -> bytes:
        """Return a token that says so."""
        token = secrets.token_urlsafe(32).encode()
        self._made[token] = Signal(self._issuer, jti, at, json.loads(json.dumps(subject)), events)
        return token

    def verify(self, token: bytes) -> Signal:
        """Return what a token says. See the port."""
        if self.lost:
            raise UnavailableError("the transmitter's keys cannot be had")
        if token not in self._made:
            raise SignalRefusedError(INVALID_REQUEST, "not_a_security_event_token")
        return self._made[token]

    def admits(self, credential: str) -> bool:
        """Say whether that is the transmitter's credential. See the port."""
        return not self._credential or secrets.compare_digest(self._credential, credential)


class MemorySignalFeed:
    """``application.ports.signal_feed.SignalFeed``: a transmitter in memory, that can be down."""

    def __init__(self, size: int = 10) -> None:
        """Hand out that many tokens at once."""
        self._size = size
        self.waiting: dict[str, bytes] = {}
        self.refused: dict[str, str] = {}
        self.down = False
        self.polls = 0

    def poll(self, *, acknowledged: Sequence[str], refused: Mapping[str, str]) -> Batch:
        """Tell and fetch. See the port."""
        self.polls += 1
        if self.down:
            raise UnavailableError("the transmitter cannot be reached")
        self.refused.update(refused)
        for jti in (*acknowledged, *refused):
            self.waiting.pop(jti, None)
        return Batch(dict(list(self.waiting.items())[: self._size]), len(self.waiting) > self._size)
