"""``faceauth request``: an officer's day on the command line, over PostgreSQL."""

from __future__ import annotations

import base64
import json
import stat
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.memory.vision import scripted_judge
from application import requests as desk
from application.notice import BUILT_IN
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from entrypoints.worker import TASKS
from tests.house import ICU, person, pictures

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""


@pytest.fixture
def ana(settings: Settings) -> UUID:
    with bootstrap(settings, judge=scripted_judge()) as app:
        app.services.departments.add(ICU)
        return app.enrolling.enroll(
            person("ana"),
            department=ICU,
            pictures=pictures("ana"),
            notice_version=BUILT_IN.version,
            act=app.services.act("operator:test", "cli"),
        ).subject_id


def opened(command: Command, kind: str, *words: str) -> dict[str, Any]:
    code, out, err = command(
        "request", "open", "--kind", kind, "--identity", "badge", "--username", "ana.souza", "--json", *words
    )
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


def done(command: Command, *words: str) -> dict[str, Any]:
    code, out, err = command("request", *words, "--json")
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


def refused(command: Command, *words: str) -> str:
    code, out, err = command("request", *words, "--json")
    assert (code, out) == (1, "")
    return str(json.loads(err.strip().splitlines()[-1])["error"])


def test_a_request_is_opened_listed_shown_and_answered_with_files_nobody_else_reads(
    ana: UUID, command: Command, tmp_path: Path
) -> None:
    asked = opened(command, "statement", "--text", "Quero tudo.")
    (listed,) = done(command, "list", "--state", "pending")["requests"]
    shown = done(command, "show", asked["request_id"])
    out, pdf = tmp_path / "ana.json", tmp_path / "ana.pdf"

    given = done(command, "answer", asked["request_id"], "--out", str(out), "--pdf", str(pdf))

    assert (listed["request_id"], listed["days_left"]) == (asked["request_id"], 14)
    assert shown["text"] == "Quero tudo."
    assert (given["outcome"], given["subject_id"]) == ("given", str(ana))
    assert json.loads(out.read_text()) == given["document"]
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (out, pdf)} == {0o600}
    views = [view["what"] for view in done(command, "statement", "--subject", str(ana))["document"]["viewings"]]
    assert views == ["statement", "request"]


def test_the_statement_verifies_with_the_public_key_alone(settings: Settings, ana: UUID, command: Command) -> None:
    envelope = done(command, "statement", "--username", "ana.souza")

    def decoded(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    with bootstrap(settings, vision=False) as app:
        public = Ed25519PublicKey.from_public_bytes(decoded(app.services.notary.public_jwk["x"]))
    public.verify(decoded(envelope["signature"]), f"{envelope['protected']}.{envelope['payload']}".encode())
    assert json.loads(decoded(envelope["payload"]))["subject_id"] == str(ana)


def test_a_correction_an_objection_and_a_deletion_are_done(ana: UUID, command: Command) -> None:
    corrected = opened(command, "correction", "--new-username", "ana.lima")
    assert done(command, "answer", corrected["request_id"])["outcome"] == "corrected"
    assert refused(command, "statement", "--username", "ana.souza") == "not_found"
    more = ("--kind", "objection", "--identity", "document", "--subject", str(ana))
    objection = done(command, "open", *more)
    assert done(command, "answer", objection["request_id"])["outcome"] == "processing_ended"
    deletion = done(command, "open", *more[2:], "--kind", "deletion")

    erased = done(command, "answer", deletion["request_id"])

    assert (erased["outcome"], erased["document"]["document"]["held"]) == ("erased", False)
    assert erased["erasure"]["certificate"].count(".") == 2
    again = done(command, "open", *more[2:], "--kind", "statement")
    assert (again["state"], again["outcome"]) == ("answered", "erased")


def test_a_refusal_and_people_read_it_in_two_languages(ana: UUID, command: Command) -> None:
    asked = opened(command, "sharing")
    assert asked["subject_id"] == str(ana)

    code, out, _ = command("request", "refuse", asked["request_id"], "--reason", "kept_by_legal_duty", "--text", "Não.")

    assert code == 0
    assert "recusado / refused" in out
    assert "LGPD art. 16, I" in out
    assert "Não." in out


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["open", "--kind", "gossip", "--identity", "badge", "--username", "ana.souza"], "invalid_input"),
        (["open", "--kind", "access", "--identity", "session", "--username", "ana.souza"], "invalid_input"),
        (["open", "--kind", "access", "--identity", "badge", "--username", "nobody"], "not_found"),
        (["open", "--kind", "access", "--identity", "badge", "--subject", str(UUID(int=7))], "not_found"),
        (["open", "--kind", "review", "--identity", "badge", "--username", "ana.souza"], "invalid_input"),
        (["show", str(UUID(int=7))], "not_found"),
        (["answer", str(UUID(int=7)), "--out", "/nowhere/x.json"], "invalid_input"),
        (["refuse", str(UUID(int=7)), "--reason", "law_prevents"], "not_found"),
        (["review", str(UUID(int=7))], "not_found"),
        (["statement", "--subject", str(UUID(int=7))], "not_found"),
        (["statement"], "invalid_input"),
        (["list", "--state", "lost"], "invalid_input"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else value,
)
def test_what_cannot_be_done_says_so(ana: UUID, command: Command, words: list[str], error: str) -> None:
    assert isinstance(ana, UUID)
    assert refused(command, *words) == error


def test_the_worker_warns_over_postgresql(settings: Settings, ana: UUID, command: Command) -> None:
    (task,) = [task for task in TASKS if task.name == "deadlines"]
    with bootstrap(settings, vision=False) as app:
        came = app.services.clock.now() - timedelta(days=14)
    late = opened(command, "statement", "--received", came.isoformat())

    with bootstrap(settings, vision=False) as app:
        told = task.run(app.services, app.services.act("service", "worker"))
        again = task.run(app.services, app.services.act("service", "worker"))
        found = desk.find(app.services, UUID(late["request_id"]))

    assert told == [(found.id, "five_days"), (found.id, "two_days")]
    assert again == []
    assert (found.subject_id, found.warned) == (ana, ["five_days", "two_days"])
