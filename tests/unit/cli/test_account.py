"""``faceauth account``: accounts and passwords from the command line."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from application.outcome import Client
from application.password import PasswordEntry, sign_in
from domain.errors import PasswordChangeRequiredError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.main import run
from entrypoints.settings import Settings
from tests.house import ADDRESS, AGENT, ICU

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.database

SECRET = "seis caixas de gaze azul"
ANA = ("--username", "ana.souza", "--display-name", "Dra. Ana Souza", "--department", ICU)
Command = Any


@pytest.fixture
def settings(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", dsn)
    return Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})


@pytest.fixture
def command(
    settings: Settings,  # noqa: ARG001 - what every command finds by its environment
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    def call(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["faceauth", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as exit_:
            run()
        shown = capsys.readouterr()
        code = exit_.value.code
        return code if isinstance(code, int) else 0, shown.out, shown.err

    monkeypatch.setattr("entrypoints.cli.main.harden", lambda: None)
    monkeypatch.setattr("entrypoints.cli.main.configure_logging", lambda: None)
    yield call
    structlog.reset_defaults()


def enter(settings: Settings, password: str, new: str | None = None) -> bool:
    with bootstrap(settings, vision=False) as app:
        entry = PasswordEntry(ICU, "ana.souza", password, Client(ADDRESS, AGENT), new_password=new)
        return sign_in(app.services, entry).success


def test_an_account_gets_a_password_that_signs_in_with_real_keys_and_hashes(
    settings: Settings, command: Command
) -> None:
    code, out, _ = command("account", "add", *ANA, "--json")
    assert (code, json.loads(out)["department"]) == (0, ICU)

    code, out, err = command("account", "password", "--username", "ana.souza", "--no-temporary", typed=f"{SECRET}\n")

    assert code == 0
    assert SECRET not in out + err
    assert enter(settings, SECRET)


def test_a_generated_password_is_shown_once_and_is_temporary(settings: Settings, command: Command) -> None:
    command("account", "add", *ANA)
    _, out, _ = command("account", "password", "--username", "ana.souza", "--generate", "--json")
    given = json.loads(out)["password"]

    with pytest.raises(PasswordChangeRequiredError):
        enter(settings, given)
    assert enter(settings, given, SECRET)


def test_the_list_tells_who_has_a_password_and_none_of_them(command: Command) -> None:
    command("account", "add", *ANA)
    command("account", "password", "--username", "ana.souza", typed=f"{SECRET}\n")

    _, out, _ = command("account", "list", "--json")
    (one,) = json.loads(out)["accounts"]

    assert (one["username"], one["department"], one["status"], one["has_password"]) == (
        "ana.souza",
        ICU,
        "active",
        True,
    )
    assert SECRET not in out
    assert "argon2" not in out
    assert json.loads(command("account", "list", "--department", "elsewhere", "--json")[1]) == {"accounts": []}


@pytest.mark.parametrize(
    ("typed", "code"), [("", "invalid_input"), ("\n", "invalid_input"), ("short\n", "password_rejected")]
)
def test_a_password_that_will_not_do_is_said_in_one_line(command: Command, typed: str, code: str) -> None:
    command("account", "add", *ANA)
    exit_code, _, err = command("account", "password", "--username", "ana.souza", "--json", typed=typed)

    assert exit_code == 1
    assert json.loads(err.strip().splitlines()[-1])["error"] == code


def test_nobody_has_two_accounts(command: Command) -> None:
    command("account", "add", *ANA)
    code, _, err = command("account", "add", *ANA, "--json")

    assert (code, json.loads(err.strip().splitlines()[-1])["error"]) == (1, "account_state")
