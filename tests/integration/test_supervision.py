"""The supervisor goes on, whatever it stumbles over."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.postgres.embedded import EmbeddedPostgres
from entrypoints import app as supervised
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings

pytestmark = pytest.mark.database


class StumblingPostgres(EmbeddedPostgres):
    """Fails the first time it is looked after, with what a full descriptor table gives."""

    looked_after = 0

    def ensure_running(self) -> None:
        self.looked_after += 1
        if self.looked_after == 1:
            raise OSError(24, "Too many open files")


def test_a_supervisor_that_stumbled_looks_again(
    dsn: str, passable_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised, "SUPERVISE_EVERY_S", 0.05)
    settings = Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})
    with bootstrap(settings, vision=False) as app:
        postgres = StumblingPostgres(passable_folder / "unused")
        app.opened = replace(app.opened, postgres=postgres)
        app.supervise()
        deadline = time.monotonic() + 5
        while postgres.looked_after < 3 and time.monotonic() < deadline:
            time.sleep(0.02)

    assert postgres.looked_after >= 3
