"""``faceauth lockout``: see who has to wait, and end it, from the command line."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import structlog

from application import lockout
from application.lockout import PASSWORD, Origin
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.main import run
from entrypoints.settings import Settings
from tests.house import ICU, LAB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""


@pytest.fixture
def locked(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Origin:
    """Somebody who failed five times, in a house that every command finds by its environment."""
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", dsn)
    settings = Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})
    origin = Origin(PASSWORD, ICU, "192.0.2.17", subject_id=UUID(int=1))
    with bootstrap(settings, vision=False) as app:
        for _ in range(5):
            lockout.failed(app.services, origin, act=app.services.act("anonymous", "http"))
    return origin


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["faceauth", *words])
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    yield call
    structlog.reset_defaults()


def test_a_lockout_is_listed_and_released(locked: Origin, command: Command) -> None:
    code, out, _ = command("lockout", "list", "--json")
    (found,) = json.loads(out)["lockouts"]
    assert (code, found["scope"], found["failures"], found["waiting"]) == (0, "claim_at_address", 5, True)
    assert locked.address not in out

    code, out, _ = command("lockout", "list")
    assert code == 0
    assert found["lockout_id"] in out
    assert "5" in out

    code, out, _ = command("lockout", "release", found["lockout_id"], "--reason", "known", "--json")
    assert (code, json.loads(out)["released"]["failures"]) == (0, 5)
    code, out, _ = command("lockout", "list")
    assert (code, out.strip()) == (0, "Nenhum bloqueio / no lockouts")


@pytest.mark.usefixtures("locked")
def test_of_another_department_there_is_none(command: Command) -> None:
    code, out, _ = command("lockout", "list", "--department", LAB, "--json")
    assert (code, json.loads(out)) == (0, {"lockouts": []})


@pytest.mark.usefixtures("locked")
def test_what_is_not_locked_cannot_be_released(command: Command) -> None:
    code, _, err = command("lockout", "release", str(uuid4()), "--reason", "known", "--json")
    assert (code, json.loads(err)["error"]) == (1, "not_found")
