"""Write the journal: what was done to keys and backups, what was refused, what was found broken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from application.services import Services
from domain.act import Act
from domain.errors import ConcurrencyError, FaceauthError
from domain.journal import BROKEN, REFUSED, JournalEntry, daily_id

UNATTENDED: Final = "worker"
"""Channel of what nobody asked for."""


def record(
    services: Services, kind: str, *, act: Act, subject_id: UUID | None = None, facts: Mapping[str, str] | None = None
) -> int:
    """Record that something was done; return the position of the event."""
    entry = JournalEntry.record(services.ids.new(), kind, subject_id=subject_id, facts=facts, act=act)
    return services.store.save(entry)


def record_broken(
    services: Services, kind: str, *, place: str, code: str, act: Act, subject_id: UUID | None = None
) -> None:
    """Record that something does not open as it should, at most once a day for one place."""
    entry = JournalEntry.record(
        daily_id(kind, place, act.at),
        kind,
        outcome=BROKEN,
        code=code,
        subject_id=subject_id,
        facts={"place": place},
        act=act,
    )
    with contextlib.suppress(ConcurrencyError):  # recorded today already
        services.store.save(entry)


@contextmanager
def refusals_recorded(services: Services, kind: str, *, act: Act, subject_id: UUID | None = None) -> Iterator[None]:
    """Record an operation that is refused in this block, and raise on. What cannot be recorded is still refused.

    What the worker tries again and again is recorded once a day.
    """
    try:
        yield
    except FaceauthError as error:
        again = act.channel == UNATTENDED
        entry = JournalEntry.record(
            daily_id(kind, f"{error.code}|{subject_id}", act.at) if again else services.ids.new(),
            kind,
            outcome=REFUSED,
            code=error.code,
            subject_id=subject_id,
            act=act,
        )
        with contextlib.suppress(FaceauthError):
            services.store.save(entry)
        raise
