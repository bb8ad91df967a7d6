"""``faceauth token issue``: a local token for every role that staff and machines can have."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from domain.roles import STAFF_ROLES
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.main import run
from entrypoints.cli.operations import ROLE_MEANINGS
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.database


@pytest.fixture
def settings(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setattr("entrypoints.cli.main.harden", lambda: None)
    monkeypatch.setattr("entrypoints.cli.main.configure_logging", lambda: None)
    return Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})


def command(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["faceauth", *words])
    with pytest.raises(SystemExit) as ended:
        run()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_every_staff_role_can_have_a_local_token(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], role: str
) -> None:
    done = command(monkeypatch, "token", "issue", "--role", role, "--department", "icu", "--json")

    assert done == 0
    token = json.loads(capsys.readouterr().out)["token"]
    with bootstrap(settings, vision=False) as app:
        principal = app.services.tokens.verify(token)
        assert not app.services.identity.issued(token)
    assert (principal.roles, principal.department) == (frozenset({role}), "icu")


@pytest.mark.parametrize("role", ["subject", "root", "", "*"])
@pytest.mark.usefixtures("settings")
def test_no_other_role_can_and_the_command_says_which_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], role: str
) -> None:
    assert command(monkeypatch, "token", "issue", "--role", role) != 0

    printed = capsys.readouterr()
    assert printed.out == ""
    assert all(known in printed.err.replace("\n", "") for known in STAFF_ROLES)


@pytest.mark.usefixtures("settings")
def test_a_department_that_cannot_be_gives_no_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "token", "issue", "--role", "operator", "--department", "../icu") != 0
    assert capsys.readouterr().out == ""


def test_the_help_explains_every_role() -> None:
    assert set(ROLE_MEANINGS) == STAFF_ROLES
