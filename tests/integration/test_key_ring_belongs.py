"""A database belongs to the key ring that first sealed something in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.crypto.key_ring import KeyRing
from adapters.postgres.database import Database
from adapters.postgres.deployment import claim_ring, knows_a_ring
from application.rekey import rotate_keks
from domain.errors import ConfigurationError, KeyRingForeignError, KeyRingMissingError, KeyRingOutdatedError
from entrypoints.bootstrap import bootstrap
from entrypoints.opening import prepare_home
from entrypoints.settings import Settings

pytestmark = pytest.mark.database


def test_another_ring_is_refused_before_it_seals_anything(database: Database, tmp_path: Path) -> None:
    ours, theirs = (KeyRing.open(tmp_path / name / "ring.json") for name in ("ours", "theirs"))
    assert not knows_a_ring(database)

    claim_ring(database, ours.fingerprint, 1)
    claim_ring(database, ours.fingerprint, 1)

    assert knows_a_ring(database)
    with pytest.raises(KeyRingForeignError):
        claim_ring(database, theirs.fingerprint, 9)


def test_an_older_copy_of_the_ring_is_refused_for_it_brings_back_what_was_destroyed(database: Database) -> None:
    claim_ring(database, "ring", 3)
    claim_ring(database, "ring", 4)

    with pytest.raises(KeyRingOutdatedError):
        claim_ring(database, "ring", 3)
    claim_ring(database, "ring", 4)


def test_a_second_home_cannot_open_the_database_of_the_first(dsn: str, tmp_path: Path) -> None:
    first, second = (Settings(home=tmp_path / name).model_copy(update={"database_url": dsn}) for name in "ab")
    bootstrap(first, vision=False).close()

    with pytest.raises(KeyRingMissingError):
        bootstrap(second, vision=False)
    bootstrap(first, vision=False).close()


def test_a_home_that_cannot_be_made_is_a_clear_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigurationError, match="FACEAUTH_HOME"):
            prepare_home(home)


def test_a_copy_from_before_a_rotation_is_refused_although_nothing_was_started_since(dsn: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})
    with bootstrap(settings, vision=False) as app:
        copy = (settings.keys_dir / "ring.json").read_bytes()
        rotate_keks(app.services, act=app.services.act("operator:test", "cli"))
    (settings.keys_dir / "ring.json").write_bytes(copy)

    with pytest.raises(KeyRingOutdatedError):
        bootstrap(settings, vision=False)
