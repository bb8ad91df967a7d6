"""``faceauth client``, ``faceauth session`` and ``faceauth keys rotate --tokens``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from application.clients import Credentials, authenticated
from application.sessions import new_session
from application.signing import ROTATED, rotate_signing_keys
from domain.errors import ClientUnknownError, KeyRingError
from domain.session import Session
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, LAB

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""


def facts(settings: Settings, kind: str) -> list[dict[str, str]]:
    """What the journal holds of that kind."""
    with bootstrap(settings, vision=False) as app:
        events = app.services.store.read(0, 1000)
    return [dict(event.fields["facts"]) for event in events if event.fields.get("kind") == kind]


def test_a_clients_secret_is_shown_once_and_kept_nowhere(command: Command, settings: Settings) -> None:
    code, out, _ = command("client", "add", "ehr", "--audience", "ehr", "--audience", "pharmacy", "--json")
    added = json.loads(out)
    secret = added["client_secret"]
    assert (code, added["kind"], added["audiences"]) == (0, "confidential", ["ehr", "pharmacy"])

    code, out, _ = command("client", "list", "--json")
    listed = json.loads(out)["clients"]
    assert [client["client_id"] for client in listed] == ["faceauth-app", "ehr"]
    assert secret not in out
    with bootstrap(settings, vision=False) as app:
        assert authenticated(app.services, Credentials("ehr", secret)).audiences == ("ehr", "pharmacy")
        assert secret not in str([event.fields for event in app.services.store.read(0, 1000)])
    assert facts(settings, "client.added") == [{"client_id": "ehr", "kind": "confidential"}]


def test_a_revoked_client_is_nobody_and_its_id_is_not_given_again(command: Command, settings: Settings) -> None:
    _, out, _ = command("client", "add", "ehr", "--audience", "ehr", "--json")
    assert command("client", "revoke", "ehr")[0] == 0

    with bootstrap(settings, vision=False) as app, pytest.raises(ClientUnknownError):
        authenticated(app.services, Credentials("ehr", json.loads(out)["client_secret"]))
    for words, error in (
        (("client", "add", "ehr", "--audience", "ehr"), "client_taken"),
        (("client", "add", "faceauth-app", "--audience", "ehr"), "client_taken"),
        (("client", "add", "a b", "--audience", "ehr"), "invalid_input"),
        (("client", "add", "lab", "--audience", "a b"), "invalid_input"),
        (("client", "revoke", "ehr"), "not_found"),
        (("client", "revoke", "faceauth-app"), "not_found"),
    ):
        code, _, err = command(*words, "--json")
        assert (code, json.loads(err)["error"]) == (1, error)


def test_a_public_client_has_no_secret(command: Command) -> None:
    _, out, _ = command("client", "add", "page", "--public", "--dpop", "--audience", "ehr", "--json")

    assert json.loads(out)["client_secret"] is None
    assert json.loads(command("client", "list", "--json")[1])["clients"][1]["dpop"] is True


def open_sessions(settings: Settings, *departments: str) -> list[Session]:
    with bootstrap(settings, vision=False) as app:
        made = [
            new_session(
                app.services,
                session_id=uuid4(),
                subject_id=uuid4(),
                attempt_id=uuid4(),
                department=department,
                amr=("face",),
                acr="a",
                act=app.services.act("anonymous", "ws"),
            ).session
            for department in departments
        ]
        app.services.store.save(*made)
    return made


def test_sessions_are_listed_and_ended(command: Command, settings: Settings) -> None:
    first, second, third = open_sessions(settings, ICU, ICU, LAB)
    _, out, _ = command("session", "list", "--department", ICU, "--json")
    assert {row["session_id"] for row in json.loads(out)["sessions"]} == {str(first.id), str(second.id)}

    _, out, _ = command("session", "revoke", "--session", str(first.id), "--reason", "stolen_phone", "--json")
    assert json.loads(out) == {"revoked": 1}
    _, out, _ = command("session", "revoke", "--department", ICU, "--json")
    assert json.loads(out) == {"revoked": 1}

    _, out, _ = command("session", "list", "--json")
    assert [row["session_id"] for row in json.loads(out)["sessions"]] == [str(third.id)]
    _, out, _ = command("session", "list", "--status", "revoked", "--json")
    assert {row["ended_reason"] for row in json.loads(out)["sessions"]} == {"stolen_phone", "operator"}
    assert str(third.id) in command("session", "list")[1]


@pytest.mark.parametrize("words", [(), ("--session", str(uuid4()), "--department", ICU)])
def test_ending_sessions_names_which(command: Command, words: tuple[str, ...]) -> None:
    code, _, err = command("session", "revoke", *words, "--json")

    assert (code, json.loads(err)["error"]) == (1, "invalid_input")


def test_the_signing_key_is_rotated_and_the_journal_says_so(command: Command, settings: Settings) -> None:
    _, out, _ = command("keys", "status", "--json")
    before = json.loads(out)["signing"]
    assert [key["state"] for key in before] == ["active", "next"]

    code, out, _ = command("keys", "rotate", "--tokens", "--json")
    assert (code, json.loads(out)) == (0, {"kid": before[1]["id"], "retired": []})
    _, out, _ = command("keys", "status", "--json")
    assert [key["state"] for key in json.loads(out)["signing"]] == ["retiring", "active", "next"]
    assert before[0]["id"] in command("keys", "status")[1]
    assert facts(settings, "signing_key.rotated") == [{"kid": before[1]["id"]}]


def test_a_rotation_that_fails_is_in_the_journal_too(settings: Settings) -> None:
    with bootstrap(settings, vision=False) as app:
        path = app.settings.keys_dir / "signing.json"
        whole = path.read_bytes()
        services = app.services
        path.write_text("{}")
        with pytest.raises(KeyRingError):
            rotate_signing_keys(services, act=services.act("operator:cli", "cli"))
        path.write_bytes(whole)
        [entry] = [e for e in services.store.read(0, 1000) if e.fields.get("kind") == ROTATED]

    assert entry.fields["outcome"] == "refused"
