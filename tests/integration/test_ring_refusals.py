"""A start that was refused because of its key ring is in the history, told by the next good start."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from adapters.crypto.key_ring import KeyRing
from adapters.postgres.database import Database
from adapters.postgres.deployment import refusals
from application import rekey
from domain.errors import (
    KeyRingDamagedError,
    KeyRingError,
    KeyRingForeignError,
    KeyRingMissingError,
    KeyRingOutdatedError,
)
from entrypoints.bootstrap import bootstrap
from entrypoints.opening import ring_path
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.database


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    """A house whose keys were rotated once: "older" holds the ring from before that."""
    settings = Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})
    with bootstrap(settings, vision=False) as app:
        shutil.copytree(settings.keys_dir, tmp_path / "older")
        rekey.rotate_keks(app.services, act=app.services.act("operator:test", "cli"))
    KeyRing.open(tmp_path / "foreign" / "ring.json").close()
    return settings


def remove(ring: Path) -> None:
    ring.unlink()


def cut(ring: Path) -> None:
    ring.write_bytes(ring.read_bytes()[:-40])


def change(ring: Path) -> None:
    ring.write_bytes(ring.read_bytes().replace(b'"generation": ', b'"generation": 9'))


def put(folder: str) -> Callable[[Path], None]:
    def replace(ring: Path) -> None:
        shutil.copy(ring.parents[2] / folder / "ring.json", ring)

    return replace


DAMAGES: dict[str, tuple[Callable[[Path], None], type[KeyRingError]]] = {
    "missing": (remove, KeyRingMissingError),
    "truncated": (cut, KeyRingDamagedError),
    "changed": (change, KeyRingDamagedError),
    "older": (put("older"), KeyRingOutdatedError),
    "foreign": (put("foreign"), KeyRingForeignError),
}


def broken(settings: Settings) -> list[dict[str, Any]]:
    """The fields of every entry of the journal that tells of a ring, after a good start."""
    with bootstrap(settings, vision=False) as app:
        events = app.services.store.read(0, 1000)
        told = [dict(event.fields) for event in events if event.name == "journal.recorded.v1"]
    return [fields for fields in told if fields["kind"] == "key_ring"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_refused_ring_is_told_once_by_the_next_good_start(settings: Settings, damage: str, tmp_path: Path) -> None:
    happen, error = DAMAGES[damage]
    ring = ring_path(settings)
    shutil.copy(ring, tmp_path / "good.json")
    happen(ring)

    for _ in range(2):
        with pytest.raises(error, match=r"ring\.json"):
            bootstrap(settings, vision=False)
    shutil.copy(tmp_path / "good.json", ring)
    told = broken(settings)

    assert [(fields["outcome"], fields["code"]) for fields in told] == [("broken", error.code)] * 2
    assert {fields["act"].actor for fields in told} == {"service"}
    assert len({fields["facts"]["place"] for fields in told}) == 2
    assert broken(settings) == told
    database = Database(settings.database_url or "")
    assert refusals(database) == []
    database.close()


def test_a_good_start_tells_of_no_refusal(settings: Settings) -> None:
    assert broken(settings) == []


def test_a_transform_that_was_added_makes_the_ring_from_before_an_older_one(settings: Settings, tmp_path: Path) -> None:
    shutil.copy(ring_path(settings), tmp_path / "before.json")
    with bootstrap(settings, vision=False) as app:
        app.services.keys.add_transform()
    shutil.copy(tmp_path / "before.json", ring_path(settings))

    with pytest.raises(KeyRingOutdatedError):
        bootstrap(settings, vision=False)
