"""Everything about one person, in order, by day: from the index, so that nothing has to be opened for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from application import history
from application.ports.event_index import IndexedEvent, Wanted
from application.services import Services
from application.words.codes import CODES
from application.words.events import words_of
from application.words.reasons import REASONS, reason_words
from domain.errors import NotFoundError
from domain.viewing import Viewing

UNDATED: Final = "?"
"""The day of what has no time that can be read."""
GONE: Final = frozenset({"enrollment.erased.v1", "erasure.executed.v1"})
MOST_AT_ONCE: Final = 20_000
"""Lines in one query: a person with more is read in several."""


def timeline(services: Services, subject_id: UUID, *, department: str | None = None) -> dict[str, Any]:
    """Return the whole list of what happened, when and by whom, grouped by day (UTC), in order of commit.

    ``department``: what that department may see of it, None for everything. Holds no personal value: of somebody who
    was erased it says the same as before. Raises ``NotFoundError``, ``UnavailableError``.
    """
    found = list(_lines(services, subject_id, department))
    if not found:
        raise NotFoundError(history.NO_HISTORY)
    days = [
        {"day": day, "events": [_document(line) for line in group]}
        for day, group in groupby(found, key=lambda line: line.at.date().isoformat() if line.at else UNDATED)
    ]
    return {
        "subject_id": str(subject_id),
        "events": len(found),
        "erased": any(line.name in GONE for line in found),
        "days": days,
    }


def page(
    services: Services,
    subject_id: UUID,
    *,
    department: str | None = None,
    event: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[IndexedEvent]:
    """Return up to ``limit`` lines of somebody's history before a position, the newest first; nothing is opened.

    ``department``: what that department may see of it, None for everything; the caller has checked that it has the
    person now. So whoever looked at that person is told, too, from wherever they looked: a viewing happens in no
    department, names nobody but an opaque actor, and the person is told the same. Raises ``NotFoundError`` for a
    subject without any history.
    """
    wanted = Wanted(subject_id, department=department, event=event, before=before)
    asked = [wanted]
    if department is not None and (event is None or event.partition(".")[0] == Viewing.TOPIC):
        asked.append(replace(wanted, department=None, event=event or Viewing.TOPIC))
    found = {
        line.position: line
        for each in asked
        for lines in history.lines(services, each, limit, newest_first=True)
        for line in lines
    }
    return [found[position] for position in sorted(found, reverse=True)[:limit]]


def _lines(services: Services, subject_id: UUID, department: str | None) -> Iterator[IndexedEvent]:
    for page in history.lines(services, Wanted(subject_id, department=department), size=MOST_AT_ONCE):
        yield from page


def _document(line: IndexedEvent) -> dict[str, Any]:
    words = _words(line.name, known=bool(line.aggregate))
    document: dict[str, Any] = {
        "position": line.position,
        "at": line.at.isoformat() if line.at else None,
        "event": line.label,
        "pt-BR": words.pt,
        "en": words.en,
        "actor": line.actor,
        "channel": line.channel,
        "aggregate_id": str(line.stream_id),
    }
    if line.code is not None:
        document["code"] = line.code
        if line.code in REASONS or line.code in CODES:
            document["reason"] = dict(_reason(line.code))
    if line.outcome is not None:
        document["outcome"] = line.outcome
    if line.topic is not None:
        document["bytes"] = line.size
    return document


_words = lru_cache(1024)(words_of)


@lru_cache(1024)
def _reason(code: str) -> dict[str, str]:
    return reason_words(code).document()
