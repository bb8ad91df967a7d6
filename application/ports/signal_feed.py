"""A transmitter that is asked for its security events (RFC 8936)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Batch:
    """What a poll brought: tokens by jti, in the order of the answer, and whether more are waiting."""

    tokens: Mapping[str, bytes] = field(repr=False)
    more: bool


class SignalFeed(Protocol):
    """One transmitter's polling endpoint."""

    def poll(self, *, acknowledged: Sequence[str], refused: Mapping[str, str]) -> Batch:
        """Tell what became of earlier tokens (jti; for refused ones the code of RFC 8935) and fetch the next.

        Takes a bounded time and a bounded number of bytes. Raises ``UnavailableError`` where the transmitter cannot be
        reached or answers nonsense: then it does not count as told.
        """
        ...
