"""Keys under bad circumstances: what concerns one data key stays with it, and nothing counts as final that is not."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from adapters.crypto.key_ring import KeyRing
from application import erase, rekey
from application.ports.vault import subject_owner
from domain.errors import ConfigurationError, InvalidInputError, KeyRingError
from entrypoints import key_backups
from entrypoints.app import App
from entrypoints.cli import backup
from tests.integration.trial import act, enroll, later, opened, who

pytestmark = pytest.mark.database


def put_back(app: App, path: Path, escrow: Path, **changed: object) -> key_backups.KeyBackup:
    settings = app.settings.model_copy(update=changed)
    return key_backups.restore(
        settings,
        app.database,
        path,
        escrow_key=escrow,
        passphrase=None,
        now=datetime.now(UTC),
        accept_older=True,
    )


def test_a_data_key_that_names_a_strange_key_stops_neither_the_service_nor_rotation_nor_finality(
    tmp_path: Path, dsn: str
) -> None:
    with opened(tmp_path / "home", dsn) as app:
        ana, bruno, carla = (enroll(app, name) for name in ("ana", "bruno", "carla"))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("UPDATE data_keys SET kek_id = 'kek-strange' WHERE owner = %s", (subject_owner(ana),))

    with opened(tmp_path / "home", dsn) as app:
        assert who(app, "bruno") == bruno
        assert who(app, "ana") is None
        assert rekey.rotate_keks(app.services, act=act(app)).broken == 1
        assert erase.erase(app.services, carla, act=act(app), now=True).final


def test_a_rotation_beside_an_erasure_is_in_its_ledger(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, _ = enroll(app, "ana"), enroll(app, "bruno")
    look, looked = KeyRing.living_keks, list[list[str]]()

    def rotated_meanwhile(ring: KeyRing) -> list[str]:
        living = look(ring)
        if not looked:
            looked.append(living)
            app.services.keys.add_kek()
            while app.services.keys.rewrap():
                pass
        return living

    monkeypatch.setattr(KeyRing, "living_keks", rotated_meanwhile)
    erase.erase(app.services, ana, act=act(app))

    (line,) = app.services.keys.destroyed_data_keys()
    assert {*line.wrapped_under} >= {app.ring.active_kek(), *looked[0]}


def test_older_keys_do_not_keep_people_out_until_the_end_of_the_month(app: App, escrow: Path, dsn: str) -> None:
    ana = enroll(app, "ana")
    older = key_backups.create(app, act=act(app))
    rekey.rotate_keks(app.services, act=act(app))
    assert who(app, "ana") == ana, "the month's key is made now, under the key that is about to be lost"
    carla = enroll(app, "carla")
    shutil.rmtree(app.settings.keys_dir)

    put_back(app, older.path, escrow)

    with opened(app.settings.home, dsn) as again:
        assert who(again, "ana") == ana
        assert who(again, "carla") is None, "her key is lost"
        assert rekey.rotate_keks(again.services, act=act(again)).destroyed
        assert not erase.erase(again.services, carla, act=act(again)).final


def test_a_key_that_came_back_with_older_keys_goes_again_where_an_erasure_rests_on_it(
    app: App, escrow: Path, dsn: str
) -> None:
    ana, bruno = enroll(app, "ana"), enroll(app, "bruno")
    older = key_backups.create(app, act=act(app))
    erase.erase(app.services, ana, act=act(app), now=True)
    (line,) = app.services.keys.destroyed_data_keys()
    shutil.rmtree(app.settings.keys_dir)
    put_back(app, older.path, escrow)

    with opened(app.settings.home, dsn) as again:
        assert {*line.wrapped_under} & {*again.ring.living_keks()}
        erase.finalise(again.services, act=later(again, 1))
        assert not {*line.wrapped_under} & {*again.ring.living_keks()}
        assert who(again, "bruno") == bruno


def test_a_restore_of_keys_that_was_cut_off_is_carried_on(app: App, escrow: Path, dsn: str) -> None:
    ana = enroll(app, "ana")
    made = key_backups.create(app, act=act(app))
    shutil.rmtree(app.settings.keys_dir)

    with pytest.raises(KeyRingError, match="FACEAUTH_KEYS=file"):
        put_back(app, made.path, escrow, keys="environment", keks=SecretStr("k1=" + "A" * 43 + "="))
    put_back(app, made.path, escrow)

    with opened(app.settings.home, dsn) as again:
        assert who(again, "ana") == ana
    with pytest.raises(ConfigurationError, match="is there already"):
        put_back(app, made.path, escrow)


def test_a_key_backup_that_was_cut_off_goes_when_its_time_is_over(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", killed)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            key_backups.create(app, act=act(app))
    (left,) = app.settings.backups_dir.iterdir()

    assert key_backups.purge(app.services, app.settings, act=act(app)) == []
    assert key_backups.purge(app.services, app.settings, act=later(app, 31)) == [left]
    assert list(app.settings.backups_dir.iterdir()) == []


@pytest.mark.parametrize("epoch", ["9999-12", "0000-01", "2026-13", "", "2026"])
def test_what_is_no_month_is_invalid_input(app: App, epoch: str) -> None:
    with pytest.raises(InvalidInputError):
        rekey.destroy_epoch(app.services, epoch, act=act(app))


def test_half_an_escrow_pair_does_not_stay(tmp_path: Path) -> None:
    out = tmp_path / "escrow.pem"
    out.with_name("escrow.pem.pub").write_bytes(b"somebody's")

    with pytest.raises(ConfigurationError, match=r"escrow\.pem\.pub exists already"):
        backup.escrow(out, None, as_json=True)

    assert not out.exists()
