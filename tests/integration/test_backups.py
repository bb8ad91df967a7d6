"""Data backups: proven before they count, put back whole or not at all, and nobody erased comes back with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.crypto.sealed_file import open_sealed, read_header
from adapters.memory.vision import DIMENSION, MODEL
from adapters.postgres.dump import TABLES, rows
from adapters.postgres.serving import Presence
from application import consent, erase, history, rotate
from application.ports.vault import subject_owner
from application.transforms import destroy_retired_transforms
from domain.enrollment import Enrollment
from domain.errors import (
    AlreadyErasedError,
    BackupDamagedError,
    BackupForeignError,
    ConfigurationError,
    InProgressError,
    UnavailableError,
)
from entrypoints import backups, restoring
from entrypoints.app import App
from tests.house import ICU
from tests.integration.trial import act, enroll, journal, later, opened, sign_in, who
from tests.synthetic import populate

pytestmark = pytest.mark.database


@pytest.fixture
def app(tmp_path: Path, dsn: str) -> Iterator[App]:
    with opened(tmp_path / "home", dsn) as app:
        yield app


def test_a_backup_is_restored_and_the_erased_person_is_still_gone(app: App) -> None:
    ana, bruno = enroll(app, "ana"), enroll(app, "bruno")
    backup = backups.create(app, act=act(app))
    erase.erase(app.services, ana, act=act(app), now=True)
    carla = enroll(app, "carla")
    before = app.services.store.position()

    repeated, _ = backups.restore(app, backup.path, act=act(app))

    assert repeated.erased == [ana]
    assert who(app, "bruno") == bruno
    for face in ("ana", "carla"):  # she was enrolled after the backup: she enrols again
        assert who(app, face) is None
    with pytest.raises(AlreadyErasedError):
        erase.erase(app.services, ana, act=act(app))
    assert erase.standing(app.services, ana).final
    told = [history.as_document(event, app.services.vault, ana) for event in history.events(app.services.store)]
    assert not [document for document in told if document["event"] == "damaged"]
    opened = [document["data"]["username"] for document in told if document["event"] == "enrollment.opened.v1"]
    assert opened == ["[erased]", "bruno.souza"]
    assert app.services.store.position() > before, "a position is never given twice"
    assert not app.services.vault.has_key(subject_owner(ana))
    assert app.services.vault.has_key(subject_owner(carla))
    (line,) = journal(app, "backup.restored")
    assert (line["erased_again"], line["outcome"]) == ("1", "done")
    assert enroll(app, "ana") != ana


def test_a_backup_of_nobody_yet_brings_nobody(app: App) -> None:
    empty = backups.create(app, act=act(app))
    ana = enroll(app, "ana")
    erase.erase(app.services, ana, act=act(app))

    repeated, _ = backups.restore(app, empty.path, act=act(app))

    assert repeated.erased == []
    assert app.services.read_models.rows("enrollment_rows") == []


def test_what_had_ended_since_the_backup_ends_again(app: App) -> None:
    ana, bruno, carla, davi = (enroll(app, name) for name in ("ana", "bruno", "carla", "davi"))
    assert who(app, "davi") == davi
    backup = backups.create(app, act=act(app))
    consent.withdraw(app.services, ana, reason="asked", act=act(app))
    consent.withdraw(app.services, bruno, reason="asked", act=act(app), purposes=["authentication"])
    suspended = consent.live_enrollment(app.services, carla)
    assert suspended is not None
    suspended.suspend(reason="leave", act=act(app))
    app.services.store.save(suspended)

    repeated, _ = backups.restore(app, backup.path, act=act(app))

    assert (repeated.consents, repeated.enrollments, repeated.sessions) == (3, 1, 1)
    assert [sign_in(app, name).success for name in ("ana", "bruno", "carla", "davi")] == [False, False, False, True]
    states = {row["subject_id"]: row["status"] for row in app.services.read_models.rows("enrollment_rows")}
    assert states == {ana: "revoked", bruno: "active", carla: "suspended", davi: "active"}
    app.services.projector.catch_up()
    assert sorted(row["status"] for row in app.services.read_models.rows("session_rows")) == ["open", "revoked"]


def test_the_former_history_is_saved_and_can_be_put_back(app: App) -> None:
    backup = backups.create(app, act=act(app))
    ana = enroll(app, "ana")

    _, former = backups.restore(app, backup.path, act=act(app))
    assert not sign_in(app, "ana").success
    assert former is not None
    backups.restore(app, former, act=act(app))

    assert who(app, "ana") == ana


def test_a_history_that_cannot_be_read_any_more_is_replaced_on_demand(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = enroll(app, "ana")
    backup = backups.create(app, act=act(app))

    def unreadable(*_: object) -> None:
        raise UnavailableError("pg_dump failed")

    monkeypatch.setattr(backups, "_write", unreadable)
    with pytest.raises(UnavailableError):
        backups.restore(app, backup.path, act=act(app))

    _, former = backups.restore(app, backup.path, act=act(app), safety_copy=False)

    assert former is None
    assert who(app, "ana") == ana
    assert [line.get("former_history") for line in journal(app, "backup.restored")] == ["not kept"]


def test_no_key_and_nothing_made_by_projections_is_in_it(app: App) -> None:
    ana = enroll(app, "ana")
    path = backups.create(app, act=act(app)).path
    content = b"".join(open_sealed(path, app.ring.store_key))

    assert {table for table, _ in rows([content])} == set(TABLES) - {"log_nodes", "log_checkpoints"}, "empty ones"
    assert subject_owner(ana).encode() not in content
    with psycopg.connect(app.opened.owner_dsn) as connection:
        (wrapped,) = (
            connection.execute("SELECT wrapped FROM data_keys WHERE owner = %s", (subject_owner(ana),)).fetchone() or ()
        )
    assert bytes(wrapped).hex().encode() not in content
    assert b"ana.souza" not in path.read_bytes()


def test_it_is_made_while_people_are_enrolled_and_holds_one_moment(app: App) -> None:
    stop = threading.Event()

    def go_on() -> None:
        number = 0
        while not stop.is_set():
            populate(app.services, 1, department=ICU, model=MODEL, dimension=DIMENSION, first=number)
            number += 1

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        while not app.services.store.position():
            stop.wait(0.01)
        made = [backups.create(app, act=act(app)) for _ in range(3)]
    finally:
        stop.set()
        thread.join()

    assert [backup.position for backup in made] == sorted({backup.position for backup in made})
    assert all(backup.events > 0 for backup in made)


@pytest.mark.parametrize("place", [0, 30, 200, -1, -17, "middle"])
def test_a_changed_byte_anywhere_is_refused_and_nothing_is_restored(app: App, place: int | str, tmp_path: Path) -> None:
    ana = enroll(app, "ana")
    path = backups.create(app, act=act(app)).path
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if isinstance(place, str) else place] ^= 1
    broken = tmp_path / "broken"
    broken.write_bytes(content)

    for use in (lambda: backups.verify(app, broken, act=act(app)), lambda: backups.restore(app, broken, act=act(app))):
        with pytest.raises((BackupDamagedError, BackupForeignError)):
            use()

    assert who(app, "ana") == ana
    for kind in ("backup.verified", "backup.restored"):
        assert [line["outcome"] for line in journal(app, kind)] == ["refused"]


@pytest.mark.parametrize(("share", "more"), [(0, 0), (0, 10), (0.3, 0), (0.9, 0), (1, -1), (1, -16)])
def test_a_backup_cut_off_is_refused(app: App, share: float, more: int, tmp_path: Path) -> None:
    enroll(app, "ana")
    content = backups.create(app, act=act(app)).path.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[: int(share * len(content)) + more])

    with pytest.raises(BackupDamagedError):
        backups.verify(app, cut, act=act(app))


def test_a_backup_of_another_deployment_is_refused(app: App, tmp_path: Path, empty_dsn: str) -> None:
    path = backups.create(app, act=act(app)).path

    with opened(tmp_path / "elsewhere", empty_dsn) as other, pytest.raises(BackupForeignError):
        backups.verify(other, path, act=act(other))


def test_an_event_changed_before_it_was_backed_up_is_found(app: App) -> None:
    enroll(app, "ana")
    with psycopg.connect(app.opened.owner_dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE stored_events DISABLE TRIGGER stored_events_append_only")
        connection.execute(
            "UPDATE stored_events SET state = set_byte(state, 40, get_byte(state, 40) # 1) WHERE notification_id = 2"
        )
        connection.execute("ALTER TABLE stored_events ENABLE ALWAYS TRIGGER stored_events_append_only")

    with pytest.raises(BackupDamagedError):
        backups.create(app, act=act(app))


def test_nothing_is_restored_under_a_running_server(app: App) -> None:
    backup = backups.create(app, act=act(app))
    server = Presence(app.database)

    with pytest.raises(InProgressError):
        backups.restore(app, backup.path, act=act(app))
    server.close()
    backups.restore(app, backup.path, act=act(app))


def test_a_server_that_lost_its_connection_says_again_that_it_is_there(app: App) -> None:
    backup = backups.create(app, act=act(app))
    server = Presence(app.database)
    with psycopg.connect(app.opened.owner_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
    server.renew()

    with pytest.raises(InProgressError):
        backups.restore(app, backup.path, act=act(app))
    server.close()


@pytest.mark.parametrize("server", [False, True])
def test_a_restore_cut_off_after_the_history_is_in_place_is_completed_by_the_next_start(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch, *, server: bool
) -> None:
    with opened(tmp_path / "home", dsn) as app:
        ana = enroll(app, "ana")
        backup = backups.create(app, act=act(app))
        erase.erase(app.services, ana, act=act(app), now=True)
        with monkeypatch.context() as patch:
            patch.setattr(backups, "finish_restore", _killed)
            with pytest.raises(SystemExit):
                backups.restore(app, backup.path, act=act(app))

    with opened(tmp_path / "home", dsn, follow=server) as app:
        assert [line["erased_again"] for line in journal(app, "backup.restored")] == ["1"]
        assert not sign_in(app, "ana").success
        assert restoring.finish_restore(app.services, app.database, act=act(app)) is None
        enrollment = app.services.read_models.rows("enrollment_rows", {"subject_id": ana})[0]
        assert app.services.store.get(Enrollment, enrollment["enrollment_id"]).status == "erased"


def _killed(*_: object, **__: object) -> None:
    raise SystemExit


def test_a_restore_that_the_database_refuses_changes_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = backups.create(app, act=act(app))
    ana = enroll(app, "ana")
    monkeypatch.setitem(TABLES, "departments", ("name", "created_at", "no_such_column"))

    with pytest.raises((BackupDamagedError, UnavailableError)):
        backups.restore(app, backup.path, act=act(app))

    assert who(app, "ana") == ana


def test_a_backup_is_never_overwritten_and_nothing_half_written_stays(app: App, tmp_path: Path) -> None:
    path = tmp_path / "history.faceauth"
    backups.create(app, path, act=act(app))
    first = path.read_bytes()

    with pytest.raises(ConfigurationError):
        backups.create(app, path, act=act(app))

    assert path.read_bytes() == first
    assert [file.name for file in tmp_path.iterdir() if "history" in file.name] == ["history.faceauth"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_header_tells_no_secret(app: App) -> None:
    header, _ = read_header(backups.create(app, act=act(app)).path)

    assert set(header) == {"kind", "created_at", "position", "events", "ring", "salt"}
    assert header["ring"] == app.ring.fingerprint


def test_a_transform_out_of_use_is_not_destroyed_once_a_restored_template_goes_through_it_again(app: App) -> None:
    ana = enroll(app, "ana")
    backup = backups.create(app, act=act(app))
    rotate.plan(app.services, reason="transform_renewal", act=act(app))
    rotate.run(app.services, act=act(app))
    backups.restore(app, backup.path, act=act(app))
    app.gallery.load()
    then = later(app, days=36)

    assert destroy_retired_transforms(app.services, then) == []
    assert who(app, "ana") == ana
    rotate.plan(app.services, reason="transform_renewal", act=act(app))
    rotate.run(app.services, act=act(app))
    assert len(destroy_retired_transforms(app.services, then)) >= 1
    assert who(app, "ana") == ana


def test_somebody_known_only_by_a_key_after_a_restore_can_be_forgotten_too(app: App) -> None:
    backup = backups.create(app, act=act(app))
    ana = enroll(app, "ana")
    _, former = backups.restore(app, backup.path, act=act(app))

    erase.erase(app.services, ana, act=act(app), now=True)
    assert not app.services.vault.has_key(subject_owner(ana))
    assert former is not None
    repeated, _ = backups.restore(app, former, act=act(app))

    assert repeated.erased == [ana]
    assert who(app, "ana") is None
