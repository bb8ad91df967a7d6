"""An event as it leaves the house: plain JSON values, sealed fields closed unless names were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from application import history
from application.exporting.outcomes import Outcome, outcome_of
from application.exporting.selection import DAMAGED, Found
from application.ports.event_store import RecordedEvent
from application.ports.vault import TemplateVault

CLOSED: Final = "[sealed]"


@dataclass(frozen=True, slots=True)
class Record:
    """One event to be written.

    ``document`` is what ``history.as_document`` says, with ``subject_id``, ``department``, ``outcome`` and ``reason``
    beside it; the time of a damaged row is None, for nobody knows it.
    """

    event: RecordedEvent
    subject_id: UUID | None
    department: str | None
    outcome: Outcome
    reason: str
    document: dict[str, Any] = field(repr=False)

    @property
    def damaged(self) -> bool:
        """Whether the row could not be opened."""
        return self.event.name == DAMAGED


def records(found: Iterable[Found], opener: TemplateVault | None = None) -> Iterator[Record]:
    """Yield records; with an ``opener`` the names of people stand in them, "[erased]" for whoever was erased."""
    make = _closed if opener is None else _opened(opener)
    for each in found:
        yield record_of(each, make(each))


def record_of(found: Found, document: dict[str, Any]) -> Record:
    """Return the record of an event and its document."""
    outcome, reason = outcome_of(found.event.name, document["data"])
    if found.event.name == DAMAGED:
        document["at"] = None
    document["subject_id"] = str(found.subject_id) if found.subject_id else None
    document["department"] = found.department
    document["outcome"], document["reason"] = outcome.value, reason
    return Record(found.event, found.subject_id, found.department, outcome, reason, document)


def _opened(vault: TemplateVault) -> Callable[[Found], dict[str, Any]]:
    return lambda found: history.as_document(found.event, vault, found.subject_id)


def _closed(found: Found) -> dict[str, Any]:
    """Return the document of an event of which every sealed field was taken away first: no vault is at hand."""
    sealed = [name for name in found.event.fields if name.endswith("_sealed") or name in history.WITHHELD]
    plain = replace(found.event, fields={k: v for k, v in found.event.fields.items() if k not in sealed})
    document = history.as_document(plain, _NoVault(), found.subject_id)  # type: ignore[arg-type]
    document["data"].update(dict.fromkeys(sealed, CLOSED))
    return document


class _NoVault:
    """Where a vault would be: whatever is asked of it is a bug, and says so."""
