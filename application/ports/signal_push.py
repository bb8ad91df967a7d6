"""Sending one thing to one address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Push:
    """A POST. Headers may hold a secret and are not shown."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: an HTTP status, or a ``fault`` code where nothing did ("refused", "timeout", "tls" ...).

    ``err`` is the error code of RFC 8935, section 2.3, "" where there is none; ``retry_after_s`` what was asked for.
    """

    status: int | None = None
    fault: str = ""
    err: str = ""
    retry_after_s: float | None = None


class SignalPush(Protocol):
    """Never follows a redirect, never waits longer than its bound, never reads more than a little. Does not raise."""

    def send(self, push: Push) -> Answer:
        """Send it and return what came of it. Safe from several threads."""
        ...
