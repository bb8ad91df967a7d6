"""``faceauth lockout``: see who has to wait, and end it, from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from application import lockout
from application.lockout import PASSWORD, Origin
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, LAB

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""


@pytest.fixture
def locked(settings: Settings) -> Origin:
    """Somebody who failed five times, in a house that every command finds by its environment."""
    origin = Origin(PASSWORD, ICU, "192.0.2.17", subject_id=UUID(int=1))
    with bootstrap(settings, vision=False) as app:
        for _ in range(5):
            lockout.failed(app.services, origin, act=app.services.act("anonymous", "http"))
    return origin


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
