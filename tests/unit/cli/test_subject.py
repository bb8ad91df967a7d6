"""``faceauth subject``: forget a person from the command line, and prove it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
import pytest

from adapters.memory.vision import scripted_judge
from application.notice import BUILT_IN
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, person, pictures

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""


@pytest.fixture
def people(settings: Settings) -> dict[str, UUID]:
    found = {}
    with bootstrap(settings, judge=scripted_judge()) as app:
        app.services.departments.add(ICU)
        for name in ("ana", "bia"):
            found[name] = app.enrolling.enroll(
                person(name),
                department=ICU,
                pictures=pictures(name),
                notice_version=BUILT_IN.version,
                act=app.services.act("operator:test", "cli"),
            ).subject_id
    return found


def last_line(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return document


def test_erasing_prints_the_certificate_which_the_public_key_verifies(
    settings: Settings, people: dict[str, UUID], command: Command
) -> None:
    code, out, _ = command("subject", "erase", "--username", "ana.souza", "--json")

    document = json.loads(out)
    assert (code, document["success"], document["subject_id"]) == (0, True, str(people["ana"]))
    assert (document["final"], document["final_at"]) == (False, None)
    with bootstrap(settings, vision=False) as app:
        kid = jwt.get_unverified_header(document["certificate"])["kid"]
        (published,) = [key for key in app.services.tokens.jwks()["keys"] if key["kid"] == kid]
        events = {event.position: event.name for event in app.services.store.read(0, 1000)}
        keks = [key.key_id for key in app.services.keys.status().keks]
    claims = jwt.decode(document["certificate"], jwt.PyJWK(published), algorithms=["ES256"])
    assert jwt.get_unverified_header(document["certificate"])["typ"] == "erasure-certificate+jwt"
    assert claims["subject_id"] == str(people["ana"])
    assert claims["erased_at"] == document["erased_at"]
    assert claims["final_expected_by"] == document["final_expected_by"]
    assert claims["key_encryption_keys"] == keks
    assert {events[position] for position in claims["event_positions"]} == {
        "consent.withdrawn.v1",
        "enrollment.erased.v1",
    }


def test_nobody_is_erased_twice_and_the_error_has_a_name(people: dict[str, UUID], command: Command) -> None:
    subject = str(people["ana"])
    assert command("subject", "erase", "--subject", subject, "--json")[0] == 0

    code, out, err = command("subject", "erase", "--subject", subject, "--json")

    assert (code, out) == (1, "")
    assert last_line(err)["error"] == "already_erased"
    assert "faceauth subject certificate" in last_line(err)["detail"]
    code, out, err = command("subject", "erase", "--username", "ana.souza", "--json")
    assert (code, out, last_line(err)["error"]) == (1, "", "not_found")


def test_now_is_final_at_once_and_the_certificate_can_be_had_again(people: dict[str, UUID], command: Command) -> None:
    subject = str(people["ana"])
    first = json.loads(command("subject", "erase", "--subject", subject, "--now", "--json")[1])
    code, out, _ = command("subject", "certificate", "--subject", subject, "--json")

    again = json.loads(out)
    assert (code, first["final"], first["final_expected_by"]) == (0, True, None)
    assert {name: again[name] for name in again if name != "certificate"} == {
        name: first[name] for name in first if name != "certificate"
    }
    status = json.loads(command("keys", "status", "--json")[1])
    assert status["erasures"] == {"pending": 0, "final": 1}
    assert [kek["state"] for kek in status["keks"]] == ["destroyed", "active"]
    assert status["keks"][1]["data_keys"] == 1


def test_without_json_a_person_reads_when_and_the_certificate(people: dict[str, UUID], command: Command) -> None:
    code, out, _ = command("subject", "erase", "--username", "ana.souza")

    assert code == 0
    assert f"erased: {people['ana']}" in out
    assert "final by:" in out
    assert out.strip().splitlines()[-1].count(".") == 2


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--username", "nobody"], "not_found"),
        (["--subject", "00000000-0000-4000-8000-0000000000ff"], "not_found"),
        (["--subject", "ana"], "invalid_input"),
        ([], "invalid_input"),
        (["--username", "ana.souza", "--subject", "00000000-0000-4000-8000-0000000000ff"], "invalid_input"),
    ],
    ids=["unknown name", "unknown id", "no id", "nobody", "two"],
)
@pytest.mark.parametrize("what", ["erase", "certificate"])
def test_who_is_not_named_as_it_should_be_is_refused(
    settings: Settings, command: Command, what: str, words: list[str], error: str
) -> None:
    code, out, err = command("subject", what, *words, "--json")

    assert (code, out, last_line(err)["error"]) == (1, "", error)
    with bootstrap(settings, vision=False) as app:
        names = [event.name for event in app.services.store.read(0, 100)]
    assert set(names) <= {"journal.recorded.v1"}


def test_a_certificate_is_for_the_erased_only(people: dict[str, UUID], command: Command) -> None:
    code, _, err = command("subject", "certificate", "--subject", str(people["bia"]), "--json")

    assert (code, last_line(err)["error"]) == (1, "not_found")
