"""Restores under bad circumstances: nobody comes back by a detour, and the service comes up again whatever happened."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from application import consent, erase, rotate, transforms
from domain.enrollment import Enrollment
from domain.erasure import Erasure
from domain.errors import BackupDamagedError, ConcurrencyError, FaceauthError, SealBrokenError
from entrypoints import backups, restoring
from entrypoints.app import App
from tests.house import ICU
from tests.integration.trial import act, enroll, journal, later, opened, sign_in, who

pytestmark = pytest.mark.database

DAMAGES = (
    "UPDATE stored_events SET topic = 'x'",
    "UPDATE stored_events SET topic = 'enrollment.opened.v1'",
    "UPDATE stored_events SET state = ''",
    "UPDATE stored_events SET originator_version = 77",
)


@pytest.fixture
def app(tmp_path: Path, dsn: str) -> Iterator[App]:
    with opened(tmp_path / "home", dsn) as app:
        yield app


def tamper(dsn: str, command: str, *values: object) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE stored_events DISABLE TRIGGER stored_events_append_only")
        connection.execute(command.encode(), values)
        connection.execute("ALTER TABLE stored_events ENABLE ALWAYS TRIGGER stored_events_append_only")


def interrupted(app: App, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore a backup, killed between the new history and what completes it."""
    with monkeypatch.context() as patch:
        patch.setattr(backups, "finish_restore", _killed)
        with pytest.raises(SystemExit):
            backups.restore(app, path, act=act(app))


def _killed(*_: object, **__: object) -> None:
    raise SystemExit


def test_finality_that_has_to_wait_for_the_operator_does_not_keep_the_service_down(tmp_path: Path, dsn: str) -> None:
    keks = SecretStr("k1=" + "A" * 43 + "=")
    settings: dict[str, Any] = {"keys": "environment", "keks": keks, "erasure_final_hours": 1e-9}
    with opened(tmp_path / "home", dsn, **settings) as app:
        ana, bruno = enroll(app, "ana"), enroll(app, "bruno")
        backup = backups.create(app, act=act(app))
        erase.erase(app.services, ana, act=act(app))

        repeated, _ = backups.restore(app, backup.path, act=act(app))
        assert repeated.erased == [ana]

    with opened(tmp_path / "home", dsn, **settings) as app:
        assert who(app, "bruno") == bruno
        assert not erase.standing(app.services, ana).final


def test_an_erasure_asked_for_and_cut_off_is_not_forgotten_by_a_restore(app: App) -> None:
    ana = enroll(app, "ana")
    backup = backups.create(app, act=act(app))
    app.services.store.save(Erasure.request(ana, reason="request", department=ICU, act=act(app)))  # killed after this

    repeated, _ = backups.restore(app, backup.path, act=act(app))

    assert repeated.erased == [ana]
    assert not sign_in(app, "ana").success


def test_a_withdrawal_is_remembered_through_a_history_that_is_older_than_the_person(tmp_path: Path, dsn: str) -> None:
    with opened(tmp_path / "home", dsn) as app:
        before = backups.create(app, act=act(app))
        ana, bruno = enroll(app, "ana"), enroll(app, "bruno")
        with_ana = backups.create(app, act=act(app))
        consent.withdraw(app.services, ana, reason="asked", act=act(app))
        backups.restore(app, before.path, act=act(app))
        backups.restore(app, with_ana.path, act=act(app))

    with opened(tmp_path / "home", dsn) as app:
        assert not sign_in(app, "ana").success
        assert who(app, "bruno") == bruno


def test_who_consents_again_after_a_restore_is_not_ended_by_the_next_one(app: App) -> None:
    ana = enroll(app, "ana")
    early = backups.create(app, act=act(app))
    consent.withdraw(app.services, ana, reason="asked", act=act(app))
    backups.restore(app, early.path, act=act(app))
    assert enroll(app, "ana") == ana
    back = backups.create(app, act=act(app))

    backups.restore(app, back.path, act=act(app))

    assert who(app, "ana") == ana


def test_templates_that_a_restore_brought_back_keep_their_transform_alive(tmp_path: Path, dsn: str) -> None:
    with opened(tmp_path / "home", dsn) as app:
        ana = enroll(app, "ana")
        backup = backups.create(app, act=act(app))
        rotate.plan(app.services, reason="transform_renewal", act=act(app))
        rotate.run(app.services, act=act(app))
        backups.restore(app, backup.path, act=act(app))
        transforms.destroy_retired_transforms(app.services, act(app))

        assert transforms.destroy_retired_transforms(app.services, later(app, 60)) == []
    with opened(tmp_path / "home", dsn) as app:
        assert who(app, "ana") == ana

        rotate.plan(app.services, reason="transform_renewal", act=act(app))
        rotate.run(app.services, act=act(app))
        assert len(transforms.destroy_retired_transforms(app.services, later(app, 120))) == 2, "nobody needs them now"


def test_what_was_read_before_a_restore_cannot_be_written_after_it(app: App) -> None:
    backup = backups.create(app, act=act(app))
    enrollment = consent.live_enrollment(app.services, enroll(app, "ana"))
    assert enrollment is not None
    backups.restore(app, backup.path, act=act(app))

    enrollment.suspend(reason="leave", act=act(app))
    with pytest.raises(ConcurrencyError):
        app.services.store.save(enrollment)

    backups.create(app, act=act(app))


def test_of_several_that_start_one_completes_the_restore(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [enroll(app, name) for name in ("ana", "bruno", "carla")]
    backup = backups.create(app, act=act(app))
    for subject_id in people:
        erase.erase(app.services, subject_id, act=act(app))
    interrupted(app, backup.path, monkeypatch)
    failed: list[FaceauthError] = []

    def start() -> None:
        try:
            restoring.finish_restore(app.services, app.database, act=act(app))
        except FaceauthError as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert [line["erased_again"] for line in journal(app, "backup.restored")] == ["3"]


@pytest.mark.parametrize("change", DAMAGES)
def test_a_damaged_history_can_be_replaced(app: App, dsn: str, change: str) -> None:
    ana = enroll(app, "ana")
    backup = backups.create(app, act=act(app))
    damaged = app.services.store.position() + 2
    enroll(app, "bruno")
    tamper(dsn, change + " WHERE notification_id = %s", damaged)

    backups.restore(app, backup.path, act=act(app))

    assert who(app, "ana") == ana


@pytest.mark.parametrize("version", [1, 3])
def test_a_stream_that_lacks_an_event_is_one_damaged_person_and_no_more(tmp_path: Path, dsn: str, version: int) -> None:
    with opened(tmp_path / "home", dsn) as app:
        enrollment = consent.live_enrollment(app.services, enroll(app, "ana"))
        bruno = enroll(app, "bruno")
        assert enrollment is not None
    command = "DELETE FROM stored_events WHERE originator_id = %s AND originator_version = %s"
    tamper(dsn, command, enrollment.id, version)

    with opened(tmp_path / "home", dsn) as app:
        with pytest.raises(SealBrokenError):
            app.services.store.get(Enrollment, enrollment.id)
        assert who(app, "bruno") == bruno
        assert who(app, "ana") is None


def test_a_backup_that_cannot_be_proven_does_not_lie_about_like_a_good_one(app: App, dsn: str) -> None:
    enroll(app, "ana")
    tamper(dsn, "UPDATE stored_events SET state = '' WHERE notification_id = 2")

    with pytest.raises(BackupDamagedError):
        backups.create(app, act=act(app))

    assert list(app.settings.backups_dir.iterdir()) == []


def test_pg_dump_finds_the_database_as_the_service_does(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    given = conninfo_to_dict(app.opened.dsn)
    for name in ("host", "port"):
        if name in given:
            monkeypatch.setenv(f"PG{name.upper()}", str(given.pop(name)))
    app.opened = replace(app.opened, dsn=make_conninfo("", **given))

    assert backups.create(app, act=act(app)).events == app.services.store.position() - 1


def test_a_strange_line_in_the_ledger_is_nobody(app: App, dsn: str) -> None:
    backup = backups.create(app, act=act(app))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO erasure_ledger (owner, kind) VALUES ('subject:strange', 'destroyed')")

    repeated, _ = backups.restore(app, backup.path, act=act(app))

    assert repeated.erased == []
