"""Data backups: make one, prove one, put one back. They hold the sealed history and no key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from adapters.crypto.sealed_file import open_sealed, read_header, write_sealed
from adapters.eventstore.mapper import SealingMapper
from adapters.eventstore.topics import TopicRegistry
from adapters.eventstore.transcoding import FaithfulTranscoder
from adapters.postgres.database import Database
from adapters.postgres.dump import EVENTS, dump, event_of, replace_history, rows
from adapters.postgres.serving import alone
from application.journal import record, refusals_recorded
from application.restored import Repeated, what_ended
from domain.act import Act
from domain.errors import BackupDamagedError, BackupForeignError, SealBrokenError
from entrypoints.app import App
from entrypoints.bootstrap import AGGREGATES, VALUES
from entrypoints.restoring import ENDED, RESTORING, ended_before, finish_restore

SUFFIX: Final = ".faceauth"
KIND: Final = "data"
REPORT_EVERY: Final = 200

Progress = Callable[[int, int], None]
"""Hears (done, of), in events."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read from its first to its last byte, every event opened."""

    path: Path
    created_at: datetime
    position: int
    events: int

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "file": str(self.path),
            "created_at": self.created_at.isoformat(),
            "position": self.position,
            "events": self.events,
        }


def create(app: App, path: Path | None = None, *, act: Act, progress: Progress = lambda _done, _of: None) -> Backup:
    """Back up the history while the service goes on, and read the file back before it counts.

    The file goes to ``path``, or under a name made of the time into the folder of the settings. Raises
    ``ConfigurationError``, ``UnavailableError``, and ``BackupDamagedError`` where an event does not open.
    """
    path = path or _place(app, "history", act)
    with refusals_recorded(app.services, "backup.created", act=act):
        _write(app, path)
        try:
            backup = _proven(app, path, progress)
        except BaseException:
            path.unlink(missing_ok=True)  # nothing that was not proven may be taken for a backup
            raise
    record(app.services, "backup.created", act=act, facts=_facts(backup))
    return backup


def verify(app: App, path: Path, *, act: Act, progress: Progress = lambda _done, _of: None) -> Backup:
    """Open every segment and every event of a backup; one that is refused is recorded.

    Raises ``BackupDamagedError`` for a file that is not whole, or in which an event does not open; and
    ``BackupForeignError`` for one of another deployment.
    """
    with refusals_recorded(app.services, "backup.verified", act=act):
        return _proven(app, path, progress)


def _proven(app: App, path: Path, progress: Progress) -> Backup:
    header, _ = read_header(path)
    if header.get("kind") != KIND:
        raise BackupDamagedError(f"{path} is no data backup")
    if header.get("ring") != app.ring.fingerprint:
        raise BackupForeignError(f"{path} was made by another deployment: it opens under its key ring only")
    mapper = SealingMapper(FaithfulTranscoder(VALUES), TopicRegistry(AGGREGATES), app.ring.store_key)
    counted: Counter[UUID | str] = Counter()
    last: Counter[UUID | str] = Counter()
    newest = number = 0
    for table, line in rows(open_sealed(path, app.ring.store_key)):
        if table != EVENTS:
            continue
        position, event = event_of(line)
        try:
            mapper.to_domain_event(event)
        except SealBrokenError:
            raise BackupDamagedError(f"an event of {path} was changed before it was backed up: {position}") from None
        counted[event.originator_id] += 1
        last[event.originator_id] = max(last[event.originator_id], event.originator_version)
        newest, number = max(newest, position), number + 1
        if number % REPORT_EVERY == 0:
            progress(number, int(header["events"]))
    if counted != last or (newest, number) != (header["position"], header["events"]):
        raise BackupDamagedError(f"{path} lacks events that it says it holds")
    progress(number, number)
    return Backup(path, datetime.fromisoformat(header["created_at"]), newest, number)


def restore(
    app: App,
    path: Path,
    *,
    act: Act,
    safety_copy: bool = True,
    progress: Progress = lambda _done, _of: None,
) -> tuple[Repeated, Path | None]:
    """Put a backup in the place of the history; return what was ended again, and where the present one was saved.

    Nothing changes before the whole backup is proven. Cut off after that, it is completed by the next command or
    server that starts. Without a ``safety_copy`` the present history is gone: for one that cannot be read any more.
    Raises what ``verify`` raises, ``InProgressError`` while a server runs.
    """
    services, database = app.services, app.database
    with refusals_recorded(services, "backup.restored", act=act), alone(database):
        backup = _proven(app, path, progress)
        safety = _place(app, "before-restore", act) if safety_copy else None
        if safety is not None:
            _write(app, safety)
        facts = _facts(backup) | {
            "former_position": str(services.store.position()),
            "former_history": safety.name if safety else "not kept",
        }
        ended = what_ended(services, ended_before(database)).as_document()
        notes = {RESTORING: json.dumps({"facts": facts, "ended": ended}), ENDED: json.dumps(ended)}
        with closing(Database(app.opened.owner_dsn)) as owner:
            replace_history(owner, open_sealed(path, app.ring.store_key), notes)
        repeated = finish_restore(services, database, act=act)
    return repeated or Repeated([], 0, 0, 0), safety


def _place(app: App, name: str, act: Act) -> Path:
    return app.settings.backups_dir / f"{name}-{act.at:%Y%m%d-%H%M%S}-{act.correlation_id.hex[:6]}{SUFFIX}"


def _write(app: App, path: Path) -> None:
    with dump(app.database, app.opened.dsn) as snapshot:
        header = {
            "kind": KIND,
            "created_at": snapshot.at.isoformat(),
            "position": snapshot.position,
            "events": snapshot.events,
            "ring": app.ring.fingerprint,
        }
        write_sealed(path, app.ring.store_key, header, snapshot.content)


def _facts(backup: Backup) -> dict[str, str]:
    return {
        "created_at": backup.created_at.isoformat(),
        "position": str(backup.position),
        "events": str(backup.events),
    }
