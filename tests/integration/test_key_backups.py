"""Key backups: everything secret, for the escrow key alone, and never a way back for the erased."""

from __future__ import annotations

import base64
import os
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from adapters.crypto.escrow import new_pair
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from application import erase, history, rekey
from application.ports.vault import subject_owner
from domain.errors import (
    BackupDamagedError,
    BackupForeignError,
    ConfigurationError,
    InProgressError,
    KeyRingOutdatedError,
)
from entrypoints import backups, key_backups
from entrypoints.app import App
from entrypoints.settings import Settings
from tests.integration.trial import act, enroll, journal, later, opened, who

pytestmark = pytest.mark.database


def put_back(app: App, path: Path, escrow: Path, **how: object) -> key_backups.KeyBackup:
    given = {"escrow_key": escrow, "passphrase": None, "now": datetime.now(UTC), "accept_older": False} | how
    return key_backups.restore(app.settings, app.database, path, **given)  # type: ignore[arg-type]


def lose_keys(app: App) -> None:
    shutil.rmtree(app.settings.keys_dir)


def test_a_machine_that_lost_its_keys_gets_them_back_and_everybody_signs_in(app: App, escrow: Path, dsn: str) -> None:
    ana = enroll(app, "ana")
    backup = key_backups.create(app, act=act(app))
    kid = app.services.tokens.jwks()
    lose_keys(app)

    put_back(app, backup.path, escrow)

    with opened(app.settings.home, dsn) as again:
        assert who(again, "ana") == ana
        assert again.services.tokens.jwks() == kid
        assert (again.settings.keys_dir / "ring.json").stat().st_mode & 0o777 == 0o600


def test_a_new_machine_takes_keys_and_history(app: App, escrow: Path, empty_dsn: str, tmp_path: Path) -> None:
    ana, bruno = enroll(app, "ana"), enroll(app, "bruno")
    keys = key_backups.create(app, act=act(app))
    erase.erase(app.services, bruno, act=act(app), now=True)
    data = backups.create(app, act=act(app))
    settings = Settings(home=tmp_path / "new").model_copy(update={"database_url": empty_dsn})
    migrate(empty_dsn)
    with closing(Database(empty_dsn)) as database:
        key_backups.restore(settings, database, keys.path, escrow_key=escrow, passphrase=None, now=datetime.now(UTC))

    with opened(settings.home, empty_dsn) as new:
        backups.restore(new, data.path, act=act(new))

        assert who(new, "ana") == ana
        assert who(new, "bruno") is None
        assert not new.services.vault.has_key(subject_owner(bruno)), "his key came with the older key backup"
        told = [history.as_document(event, new.services.vault) for event in history.events(new.services.store)]
        names = [d["data"]["username"] for d in told if d["event"] == "enrollment.opened.v1"]
        assert names == ["ana.souza", "[erased]"]


def test_an_older_key_backup_does_not_bring_back_the_key_of_somebody_erased(app: App, escrow: Path, dsn: str) -> None:
    ana, bruno = enroll(app, "ana"), enroll(app, "bruno")
    older = key_backups.create(app, act=act(app))
    erase.erase(app.services, ana, act=act(app), now=True)
    lose_keys(app)

    with pytest.raises(KeyRingOutdatedError):
        put_back(app, older.path, escrow)
    assert not (app.settings.keys_dir / "ring.json").exists()
    put_back(app, older.path, escrow, accept_older=True)

    with opened(app.settings.home, dsn) as again:
        assert not again.services.vault.has_key(subject_owner(ana))
        assert who(again, "ana") is None
        assert who(again, "bruno") == bruno, "his key was wrapped by a key that is lost, and comes from the backup"


def test_only_the_escrow_key_opens_it(app: App, tmp_path: Path) -> None:
    path = key_backups.create(app, act=act(app)).path
    lose_keys(app)
    other = tmp_path / "other.pem"
    other.write_bytes(new_pair()[0])

    with pytest.raises(BackupForeignError):
        put_back(app, path, other)


@pytest.mark.parametrize("place", [0, 40, 200, -1, -2000])
def test_a_changed_byte_is_refused(app: App, escrow: Path, place: int) -> None:
    path = key_backups.create(app, act=act(app)).path
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    lose_keys(app)

    with pytest.raises((BackupDamagedError, BackupForeignError)):
        put_back(app, path, escrow)
    assert not (app.settings.keys_dir / "ring.json").exists()


def test_nothing_secret_can_be_read_in_the_file(app: App) -> None:
    enroll(app, "ana")
    content = key_backups.create(app, act=act(app)).path.read_bytes()
    secrets = re.findall(rb'"([A-Za-z0-9+/=]{40,})"', (app.settings.keys_dir / "ring.json").read_bytes())

    assert len(secrets) >= 4
    assert not [secret for secret in secrets if secret in content or base64.b64decode(secret) in content]


def test_keys_are_never_put_over_keys(app: App, escrow: Path) -> None:
    path = key_backups.create(app, act=act(app)).path
    ring = (app.settings.keys_dir / "ring.json").read_bytes()

    with pytest.raises(ConfigurationError):
        put_back(app, path, escrow)
    assert (app.settings.keys_dir / "ring.json").read_bytes() == ring


def test_a_key_backup_whose_time_is_over_is_refused_and_deleted(app: App, escrow: Path) -> None:
    path = key_backups.create(app, act=act(app)).path
    then = later(app, days=31)

    shutil.move(app.settings.keys_dir, app.settings.home / "moved")
    with pytest.raises(ConfigurationError, match="had to be gone"):
        put_back(app, path, escrow, now=then.at)
    shutil.move(app.settings.home / "moved", app.settings.keys_dir)
    assert key_backups.purge(app.services, app.settings, act=act(app)) == []
    assert key_backups.purge(app.services, app.settings, act=then) == [path]
    assert not path.exists()
    assert len(journal(app, "key_backup.deleted")) == 1


def test_one_that_cannot_be_read_goes_by_its_age(app: App) -> None:
    path = app.settings.backups_dir / f"strange{key_backups.SUFFIX}"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"strange")
    assert key_backups.purge(app.services, app.settings, act=act(app)) == []
    month_ago = datetime.now(UTC).timestamp() - 31 * 86400
    os.utime(path, (month_ago, month_ago))

    assert key_backups.purge(app.services, app.settings, act=act(app)) == [path]


def test_without_an_escrow_key_nothing_is_written_and_the_refusal_is_recorded(tmp_path: Path, dsn: str) -> None:
    with opened(tmp_path / "home", dsn) as app:
        with pytest.raises(ConfigurationError, match="FACEAUTH_ESCROW_KEY"):
            key_backups.create(app, act=act(app))
        assert [line["outcome"] for line in journal(app, "key_backup.created")] == ["refused"]
        assert not app.settings.backups_dir.exists()


def test_keys_that_are_being_rotated_are_not_backed_up_half(app: App) -> None:
    with app.services.store.mutex(rekey.KEYS_MUTEX), pytest.raises(InProgressError):
        key_backups.create(app, act=act(app))


def test_the_keys_of_another_deployment_are_refused(app: App, escrow: Path, tmp_path: Path, empty_dsn: str) -> None:
    with opened(tmp_path / "elsewhere", empty_dsn) as other:
        path = key_backups.create(app, act=act(app)).path
        lose_keys(other)

        with pytest.raises(BackupForeignError):
            put_back(other, path, escrow)


def test_a_passphrase_is_needed_where_there_is_one(app: App, tmp_path: Path) -> None:
    private, public = new_pair(b"correct horse")
    locked = tmp_path / "locked.pem"
    locked.write_bytes(private)
    locked.with_name("locked.pub").write_bytes(public)
    app.settings = app.settings.model_copy(update={"escrow_key": locked.with_name("locked.pub")})
    path = key_backups.create(app, act=act(app)).path
    lose_keys(app)

    for wrong in (None, b"wrong"):
        with pytest.raises(ConfigurationError) as refused:
            put_back(app, path, locked, passphrase=wrong)
        assert "wrong" not in str(refused.value).split("passphrase")[0]
    assert put_back(app, path, locked, passphrase=b"correct horse").generation >= 1


def test_a_broken_escrow_key_is_a_clear_error(app: App, tmp_path: Path) -> None:
    for content in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        broken = tmp_path / "broken.pub"
        broken.write_bytes(content)
        app.settings = app.settings.model_copy(update={"escrow_key": broken})
        with pytest.raises(ConfigurationError):
            key_backups.create(app, act=act(app))


def test_the_ledger_travels_with_the_keys(app: App, escrow: Path, dsn: str) -> None:
    ana = enroll(app, "ana")
    erase.erase(app.services, ana, act=act(app), now=True)
    backup = key_backups.create(app, act=act(app))
    lose_keys(app)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE erasure_ledger DISABLE TRIGGER erasure_ledger_append_only")
        connection.execute("DELETE FROM erasure_ledger")
        connection.execute("ALTER TABLE erasure_ledger ENABLE ALWAYS TRIGGER erasure_ledger_append_only")

    put_back(app, backup.path, escrow)

    with opened(app.settings.home, dsn) as again:
        (line,) = again.services.keys.destroyed_data_keys()
        assert line.owner == subject_owner(ana)
        assert line.final_at is not None
