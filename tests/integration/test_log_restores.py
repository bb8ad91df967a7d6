"""A restored backup is no tampering, and is said; a database from before the log gets one, and that is said, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from adapters.postgres.log_writer import backfill
from application import checkpoints
from application.log_standing import standing
from application.signed_documents import canonical
from application.verification import verify
from entrypoints import backups
from tests.integration.trial import act, enroll, opened

if TYPE_CHECKING:
    from pathlib import Path

    from application.verification_result import Verification
    from entrypoints.app import App

pytestmark = pytest.mark.database


def verified(app: App, *against: bytes, full: bool = True) -> Verification:
    return verify(app.services, act=act(app), against=against, full=full)


def test_a_restore_and_the_way_back_are_said_and_no_tampering(app: App) -> None:
    enroll(app, "ana")
    early = canonical(checkpoints.make(app.services, at=act(app).at))
    backup = backups.create(app, act=act(app))
    enroll(app, "bruno")
    late = canonical(checkpoints.make(app.services, at=act(app).at))
    assert verified(app, early, late).faults == []

    _, former = backups.restore(app, backup.path, act=act(app))

    result = verified(app, early, late, full=False)
    assert result.faults == []
    assert result.mode == "full"
    assert any("restored" in note and "replaced: 2" in note for note in result.notes)
    enroll(app, "carla")
    assert former is not None
    backups.restore(app, former, act=act(app))
    result = verified(app, early, late)
    assert (result.faults, result.checkpoints) == ([], 4)
    assert standing(app.services)["checkpoint"]["restore"]["replaced"] == [[3, 3]]


def test_a_history_from_before_the_log_is_logged_once_and_says_since_when(tmp_path: Path, dsn: str) -> None:
    home = tmp_path / "home"
    with opened(home, dsn) as app:
        enroll(app, "ana")
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in ("log_leaves", "log_nodes"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        connection.execute("TRUNCATE log_leaves, log_nodes, log_tail")
        ((events,),) = connection.execute("SELECT count(*) FROM stored_events").fetchall()
    heard: list[tuple[int, int]] = []
    with opened(home, dsn) as app:
        assert backfill(app.database, lambda done, of: heard.append((done, of))) == 0, "the start did it"
        enroll(app, "bruno")
        result = verified(app)
        assert result.faults == []
        assert any(f"over {events} events that were there already" in note for note in result.notes)
        assert backfill(app.database) == 0
