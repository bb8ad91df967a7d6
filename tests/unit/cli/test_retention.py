"""``faceauth retention`` on a real database: see, try, run, hold, approve."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from adapters.crypto.entropy import SystemClock
from adapters.memory.clock import FixedClock
from application import retention
from domain.attempt import Attempt
from entrypoints import hospital_examination
from entrypoints.bootstrap import bootstrap
from tests.house import ICU

if TYPE_CHECKING:
    from entrypoints.settings import Settings

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""


@pytest.fixture
def old(settings: Settings) -> list[UUID]:
    """Attempts of two hundred days ago, in a house that every command finds by its environment."""
    clock = FixedClock(SystemClock().now() - timedelta(days=200))
    with bootstrap(settings, vision=False, clock=clock) as app:
        services = app.services
        services.departments.add(ICU)
        ids = [uuid4() for _ in range(3)]
        for attempt_id in ids:
            act = services.act("anonymous", "ws")
            attempt = Attempt.start(attempt_id, department=ICU, mode="faceauth.v1", policy="p", act=act)
            attempt.abandon(reason="client_gone", act=act)
            services.store.save(attempt)
    return ids


def told(command: Command, *words: str) -> Any:
    code, out, err = command("retention", *words, "--json")
    assert code == 0, err
    return json.loads(out)


def by_category(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["category"]: each for each in found}


def test_the_table_is_shown_with_law_and_setting(command: Command) -> None:
    policies = by_category(told(command, "show")["policies"])
    assert policies["attempts"]["setting"] == "FACEAUTH_RETENTION_ATTEMPT_DAYS"

    code, out, _ = command("retention", "show")
    assert code == 0
    assert "6 meses (184 dias) / 6 months (184 days)   Marco Civil da Internet, art. 15" in out


def test_a_dry_run_shows_what_would_go_and_a_run_takes_it(
    old: list[UUID], settings: Settings, command: Command
) -> None:
    found = by_category(told(command, "run", "--dry-run")["dry_run"])
    assert (found["attempts"]["count"], found["attempts"]["total"]) == (3, 3)
    code, out, _ = command("retention", "run", "--dry-run")
    assert code == 0
    assert "sairiam / would go: 3 de / of 3" in out

    announced = by_category(told(command, "run")["sweeps"])["attempts"]
    assert (announced["status"], announced["deleted"]) == ("planned", 0)
    done = by_category(told(command, "run", "--now")["sweeps"])["attempts"]
    assert (done["sweep_id"], done["status"], done["deleted"]) == (announced["sweep_id"], "completed", 3)

    with bootstrap(settings, vision=False) as app:
        services = app.services
        assert services.read_models.rows("auth_log_rows") == []
        assert services.store.stream(old[0])
        before = {t: services.read_models.rows(t) for t in ("auth_log_rows", "sweep_rows")}
        for name in ("face_auth_logs", "sweeps"):
            services.projector.rebuild(name)
        assert {t: services.read_models.rows(t) for t in before} == before
    assert [each["deleted"] for each in told(command, "history")["sweeps"]] == [3]
    code, out, _ = command("retention", "history")
    assert "concluída / completed" in out


@pytest.mark.usefixtures("old")
def test_what_is_held_stays_until_it_is_released(command: Command) -> None:
    hold = told(command, "hold", "--department", ICU, "--reason", "incident")["hold_id"]
    found = by_category(told(command, "run", "--dry-run")["dry_run"])["attempts"]
    assert (found["count"], found["held"]) == (0, 3)
    code, out, _ = command("retention", "holds")
    assert hold in out

    assert told(command, "release", hold, "--reason", "closed") == {"released": hold}
    code, _, err = command("retention", "release", hold, "--reason", "again", "--json")
    assert (code, json.loads(err)["error"]) == (1, "hold_state")
    assert told(command, "holds") == {"holds": []}
    assert len(told(command, "holds", "--all")["holds"]) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["hold", "--reason", "x"], "invalid_input"),
        (["hold", "--all", "--department", ICU, "--reason", "x"], "invalid_input"),
        (["hold", "nobody", "--reason", "x"], "not_found"),
        (["hold", "--department", "nowhere", "--reason", "x"], "not_found"),
        (["approve", str(UUID(int=5))], "not_found"),
        (["cancel", str(UUID(int=5)), "--reason", "x"], "not_found"),
        (["release", str(UUID(int=5)), "--reason", "x"], "not_found"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_code(words: list[str], code: str, command: Command) -> None:
    ended, _, err = command("retention", *words, "--json")

    assert (ended, json.loads(err)["error"]) == (1, code)


@pytest.mark.usefixtures("old")
def test_a_halted_sweep_ends_in_an_error_a_finding_and_an_approval(settings: Settings, command: Command) -> None:
    past = FixedClock(SystemClock().now() - timedelta(days=40))
    with bootstrap(settings, vision=False, clock=past) as app:
        retention.run(app.services, act=app.services.act("service", "worker"))

    code, out, err = command("retention", "run")
    assert (code, "PARADA" in out) == (1, True)
    assert "retention_halted" in err
    with bootstrap(settings, vision=False) as app:
        finding = hospital_examination.retention(app.services)
    assert (finding.state, "retention_halted: " in finding.detail, "clock_jumped" in finding.detail) == (
        "fault",
        True,
        True,
    )

    for each in told(command, "history", "--all")["sweeps"]:
        if each["status"] == "halted":
            told(command, "approve", each["sweep_id"])
    done = by_category(told(command, "run")["sweeps"])["attempts"]
    assert (done["status"], done["deleted"]) == ("completed", 3)
