"""``faceauth audit`` and ``faceauth projections verify`` from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.benchmarks.seeding import START, Hospital, seed

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""
ATTEMPTS = 20


@pytest.fixture
def hospital(settings: Settings) -> Hospital:
    """Five people, forty consents' worth of seconds, and some attempts of theirs."""
    hospital = Hospital(5, departments=2)
    with bootstrap(settings, vision=False) as app:
        seed(app.database, app.ring.store_key, hospital.consents(), 10)
        seed(app.database, app.ring.store_key, hospital.attempts(), 5 * ATTEMPTS)
    return hospital


def told(command: Command, *words: str) -> Any:
    code, out, err = command("audit", *words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.usefixtures("hospital")
def test_history_is_told_filtered_and_as_of_a_moment(command: Command) -> None:
    everything = told(command, "replay")
    assert everything["complete"] is True
    assert [event["position"] for event in everything["events"]] == list(range(1, len(everything["events"]) + 1))
    refused = told(command, "replay", "--outcome", "refused", "--department", "setor 0")["events"]
    assert {event["event"] for event in refused} == {"attempt.refused.v1"}

    moment = (START + timedelta(seconds=10)).isoformat()
    part = told(command, "replay", "--until", moment)
    assert (part["as_of"]["position"], len(part["events"])) == (10, 10)
    assert told(command, "replay", "--as-of", moment, "--event", "attempt")["events"] == []

    code, out, _ = command("audit", "replay", "--event", "consent")
    assert code == 0
    assert out.splitlines()[-1] == "10 eventos / events"


def test_odd_moments_are_said_to_be_odd(hospital: Hospital, command: Command) -> None:
    code, out, err = command("audit", "replay", "--as-of", "2001-01-01T00:00:00Z", "--json")
    assert (code, json.loads(out)["events"]) == (0, [])
    assert "antes do primeiro evento" in err

    code, out, err = command(
        "audit", "replay", "--as-of", "2999-01-01T00:00:00Z", "--view", "biometric_consent", "--json"
    )
    assert (code, len(json.loads(out)["rows"])) == (0, 2 * len(hospital.people))
    assert "as it is now" in err

    code, _, err = command("audit", "replay", "--as-of", "2001-01-01T00:00:00", "--json")
    assert code == 0
    assert "taken as UTC" in err

    for words in (("--as-of", "yesterday"), ("--view", "typo"), ("--attempt", "one")):
        code, _, err = command("audit", "replay", *words, "--json")
        assert (code, json.loads(err.splitlines()[-1])["error"]) == (1, "invalid_input")


def test_an_attempt_is_explained_and_a_person_s_days_are_told(hospital: Hospital, command: Command) -> None:
    person = str(hospital.people[1])
    timeline = told(command, "timeline", person)
    started = next(line for day in timeline["days"] for line in day["events"] if line["event"] == "attempt.started.v1")

    explained = told(command, "explain", started["aggregate_id"])

    assert explained["subject_id"] == person
    assert explained["admitted"] is True
    code, out, _ = command("audit", "explain", started["aggregate_id"])
    assert code == 0
    assert "acesso permitido\n" in out
    assert "admitted\n" in out
    code, out, _ = command("audit", "timeline", person)
    assert code == 0
    assert "dados pessoais consultados / personal data viewed" in out  # by the commands before
    assert "operator:cli" in out
    code, _, err = command("audit", "explain", person, "--json")
    assert (code, json.loads(err)["error"]) == (1, "not_found")


def test_a_difference_between_two_moments(hospital: Hospital, command: Command) -> None:
    first, second = (START + timedelta(seconds=s) for s in (4, 6))

    document = told(command, "diff", first.isoformat(), second.isoformat())

    assert [(each["view"], each["change"]) for each in document["differences"]] == [("biometric_consent", "added")] * 2
    mine = told(command, "diff", first.isoformat(), second.isoformat(), "--subject", str(hospital.people[2]))
    assert [each["after"]["subject_id"] for each in mine["differences"]] == [str(hospital.people[2])] * 2
    code, out, _ = command("audit", "diff", first.isoformat(), second.isoformat(), "--view", "biometric_consent")
    assert code == 0
    assert out.startswith("+ consent_rows ")
    code, _, err = command("audit", "diff", second.isoformat(), first.isoformat(), "--json")
    assert (code, json.loads(err)["error"]) == (1, "invalid_input")


@pytest.mark.usefixtures("hospital")
def test_projections_are_verified_and_repaired(command: Command, dsn: str) -> None:
    code, out, _ = command("projections", "verify", "--json")
    assert (code, json.loads(out)) == (0, {"sound": True, "deviations": []})
    with psycopg.connect(dsn) as hand:
        hand.execute("UPDATE consent_rows SET status = 'withdrawn' WHERE purpose = 'enrollment'")

    code, out, _ = command("projections", "verify", "--json")
    found = json.loads(out)["deviations"]
    assert (code, len(found)) == (1, 5)
    assert {(each["view"], tuple(each["columns"])) for each in found} == {("biometric_consent", ("status",))}
    code, out, _ = command("projections", "verify", "biometric_consent")
    assert code == 1
    assert "faceauth projections rebuild biometric_consent" in out

    assert command("projections", "rebuild", "biometric_consent")[0] == 0
    code, out, _ = command("projections", "verify")
    assert (code, out.strip()) == (0, "Projeções iguais aos eventos / projections equal events")


def test_moments_are_taken_with_the_offset_that_they_have(hospital: Hospital, command: Command) -> None:
    assert hospital.people
    local = datetime(2026, 1, 5, 3, 0, 10, tzinfo=UTC).replace(tzinfo=None).isoformat() + "-03:00"

    assert told(command, "replay", "--as-of", local)["as_of"]["position"] == 10
