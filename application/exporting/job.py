"""One export: what was asked for, how far it has got, and in the end the proof of what it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from application import journal
from application.exporting.selection import Selection
from application.services import Services
from application.signed_documents import MANIFEST, opened, signed
from application.viewing import record_viewing
from domain.act import Act
from domain.errors import ExportError, InvalidInputError

SCHEMA: Final = "faceauth-export/1"
STATE: Final = "faceauth-export-state+json"
"""Kind of the signed document in which an unfinished export remembers where it is."""
KIND: Final = "audit_export"
STREAM_KIND: Final = "audit_stream"


@dataclass(frozen=True, slots=True)
class Part:
    """A finished file: SHA-256 in hex, octets, events, and the positions of the first and last of them."""

    name: str
    sha256: str
    bytes: int
    events: int
    first_position: int
    last_position: int


@dataclass(frozen=True, slots=True)
class Job:
    """What is exported up to ``end`` (a position), by whom, in which form; ``parts`` are done."""

    export_id: UUID
    format: str
    selection: Selection
    end: int
    started_at: datetime
    actor: str
    version: str
    with_names: bool = False
    bom: bool = False
    most_events: int = 50_000
    most_bytes: int = 64 * 1024 * 1024
    parts: tuple[Part, ...] = field(default=())

    @property
    def after(self) -> int:
        """The position from which to go on."""
        return self.parts[-1].last_position if self.parts else 0

    @property
    def events(self) -> int:
        """How many events the finished files hold."""
        return sum(part.events for part in self.parts)

    def with_part(self, part: Part) -> Self:
        """Return the job one file further."""
        return replace(self, parts=(*self.parts, part))

    def state(self, services: Services) -> dict[str, Any]:
        """Return what resumes it, signed: a manifest is made from it, so nobody else may have written it."""
        document = asdict(self) | {
            "export_id": str(self.export_id),
            "selection": self.selection.document(),
            "started_at": self.started_at.isoformat(),
            "parts": [asdict(part) for part in self.parts],
        }
        return signed(services.notary, STATE, document)

    @classmethod
    def resumed(cls, services: Services, envelope: Mapping[str, Any]) -> Self:
        """Return the job of a state. Raises ``ExportError`` for one that this service did not write."""
        try:
            document = opened(services.notary, STATE, envelope)
            given = document | {
                "export_id": UUID(document["export_id"]),
                "selection": Selection.of(document["selection"]),
                "started_at": datetime.fromisoformat(document["started_at"]),
                "parts": tuple(Part(**part) for part in document["parts"]),
            }
            return cls(**given)
        except (InvalidInputError, KeyError, TypeError, ValueError):
            raise ExportError(
                "the state of this export was changed, or is another version's: export anew into an empty folder"
            ) from None

    def manifest(self, services: Services) -> dict[str, Any]:
        """Return the signed manifest of the finished files."""
        return signed(services.notary, MANIFEST, self.summary())

    def summary(self) -> dict[str, Any]:
        """Return what the manifest says."""
        return {
            "schema": SCHEMA,
            "tool": {"name": "faceauth", "version": self.version},
            "export_id": str(self.export_id),
            "created_at": self.started_at.isoformat(),
            "created_by": self.actor,
            "format": self.format,
            "with_names": self.with_names,
            "filters": self.selection.document(),
            "end_position": self.end,
            "first_position": self.parts[0].first_position if self.parts else None,
            "last_position": self.parts[-1].last_position if self.parts else None,
            "events": self.events,
            "files": [asdict(part) for part in self.parts],
        }


def record_export(services: Services, job: Job, act: Act) -> None:
    """Write down that the history is about to leave the house, before it does. Raises ``UnavailableError``."""
    facts = {
        "export_id": str(job.export_id),
        "format": job.format,
        "filters": " ".join(job.selection.kinds),
        "names": "yes" if job.with_names else "no",
        "end": str(job.end),
        "resumed_after": str(job.after),
    }
    journal.record(services, KIND, act=act, facts=facts)
    if job.selection.subject_id is not None:
        record_viewing(services, [job.selection.subject_id], what="export", act=act)
