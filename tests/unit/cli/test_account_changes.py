"""``faceauth account``: keep somebody out, let them in again, rename and move them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import structlog

from adapters.memory.vision import scripted_judge
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.main import run
from entrypoints.settings import Settings
from tests.house import ICU, LAB
from tests.integration.trial import enroll, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.database


@pytest.fixture
def settings(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", dsn)
    return Settings(home=tmp_path / "home", liveness="passive").model_copy(update={"database_url": dsn})


@pytest.fixture
def ana(settings: Settings) -> UUID:
    with bootstrap(settings, judge=scripted_judge()) as app:
        for department in (ICU, LAB):
            app.services.departments.add(department)
        return enroll(app, "ana")


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., dict[str, Any]]]:
    def call(*words: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["faceauth", "account", *words, "--json"])
        code = 0
        try:
            run()
        except SystemExit as ended:
            code = int(ended.code or 0)
        document: dict[str, Any] = json.loads(capsys.readouterr().out or "{}")
        return {"exit": code, **document}

    yield call
    structlog.reset_defaults()


Command = Any


def lets_in(settings: Settings, face: str) -> bool:
    with bootstrap(settings, judge=scripted_judge()) as app:
        return sign_in(app, face).success


def test_a_suspended_person_is_out_and_a_reinstated_one_in(settings: Settings, ana: UUID, command: Command) -> None:
    assert command("suspend", "ana.souza") == {"exit": 0, "success": True, "subject_id": str(ana), "changed": True}
    assert not lets_in(settings, "ana")
    assert command("suspend", str(ana))["changed"] is False

    assert command("reinstate", "ana.souza")["changed"] is True
    assert lets_in(settings, "ana")


@pytest.mark.usefixtures("ana")
def test_a_renamed_person_is_found_by_the_new_name(command: Command) -> None:
    assert command("rename", "ana.souza", "--username", "ana.lima")["changed"] is True

    assert command("suspend", "ana.lima")["changed"] is True
    assert command("suspend", "ana.souza")["exit"] == 1


@pytest.mark.usefixtures("ana")
def test_a_rename_says_what_it_changes(command: Command) -> None:
    assert command("rename", "ana.souza")["exit"] == 1


@pytest.mark.usefixtures("ana")
def test_who_is_moved_is_let_in_there_and_not_here(settings: Settings, command: Command) -> None:
    assert command("move", "ana.souza", "--department", LAB)["changed"] is True
    assert not lets_in(settings, "ana")
    assert command("move", "ana.souza", "--department", "nowhere")["exit"] == 1
