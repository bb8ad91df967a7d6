"""Where failures are counted: for all processes, over restarts, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from domain.policies.lockout import Tally


@dataclass(frozen=True, slots=True)
class Counted:
    """What failures are counted by: an id that is a keyed digest of it all, and what an officer may know of it.

    ``place`` is the beginning of the keyed digest of an address; ``subject_id`` is None where nobody was named, or
    nobody has that name.
    """

    lockout_id: UUID
    method: str
    scope: str
    department: str
    place: str = ""
    subject_id: UUID | None = None
    device_id: UUID | None = None


class Lockouts(Protocol):
    """Tallies by what they count. Every method raises ``UnavailableError``."""

    def peek(self, lockout_ids: Sequence[UUID]) -> dict[UUID, Tally]:
        """Return those that there are, as they are now."""
        ...

    def held(
        self, counted: Sequence[Counted], expires_at: Callable[[Tally], datetime | None]
    ) -> AbstractContextManager[dict[UUID, Tally]]:
        """Lend the tallies of ``counted``, new ones empty, to nobody else meanwhile; keep what the block put in.

        Each entry that the block replaced is kept until what ``expires_at`` says of it (None: until it is told
        otherwise); where the block raises, nothing is kept. The block must not call anything that waits.
        """
        ...

    def find(self, lockout_id: UUID) -> tuple[Counted, Tally] | None:
        """Return one with its tally."""
        ...

    def locked(self, *, department: str | None, limit: int) -> list[tuple[Counted, Tally]]:
        """Return those with an episode, the newest failure first; of all departments where it is None."""
        ...

    def forget_subject(self, subject_id: UUID) -> list[UUID]:
        """Forget whatever names that subject, stopped or not; return the episodes that it had."""
        ...

    def forget(self, before: datetime, *, keep: int) -> int:
        """Forget those that expire earlier, and of the others all but ``keep``; return how many.

        The least is lost first: who neither waits nor is stopped, nor has succeeded, with the fewest failures, oldest
        first. What is stopped is never forgotten.
        """
        ...
