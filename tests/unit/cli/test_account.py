"""``faceauth account``: accounts and passwords from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from application.outcome import Client
from application.password import PasswordEntry, sign_in
from domain.errors import PasswordChangeRequiredError
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ADDRESS, AGENT, ICU

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.database

SECRET = "seis caixas de gaze azul"
ANA = ("--username", "ana.souza", "--display-name", "Dra. Ana Souza", "--department", ICU)
Command = Any


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
