"""Passwords at the network edge."""

from __future__ import annotations

import json
import statistics
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from adapters.identity.local_passwords import Argon2Policy, LocalPasswords
from application import lockout
from application.ports.passwords import Passwords
from application.services import Policies
from domain.errors import LockedOutError
from domain.policies.passwords import PasswordPolicy
from domain.session import Session
from entrypoints.http import passwords as api
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, build_edge, frames_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response

PASSWORD, STEP_UP, MINE = "/face-auth/password", "/face-auth/password/step-up", "/face-auth/me/password"
SECRET, OTHER = "seis caixas de gaze azul", "nove frascos de soro frio"


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Edge]:
    """An edge that locks nobody out."""
    edge = build_edge(
        tmp_path, lockout_failures=100, lockout_live_failures=100, lockout_stop=1000, lockout_live_stop=1000
    )
    with edge.client:
        yield edge


def enrolled(edge: Edge, name: str = "ana", department: str = ICU, password: str = SECRET) -> str:
    """Enrol somebody and let them choose a password; return the subject's id."""
    subject_id: str = edge.enroll(name, department=department).json()["subject_id"]
    given = given_password(edge, subject_id, department=department).json()["temporary_password"]
    answer = enter(edge, name, given, department=department, new_password=password)
    assert answer.status_code in {200, 403}, answer.text
    return subject_id


def given_password(edge: Edge, subject_id: str, password: str | None = None, *, department: str = ICU) -> Response:
    body = {} if password is None else {"password": password}
    path = f"/face-auth/accounts/{subject_id}/password"
    answer: Response = edge.client.put(path, json=body, headers=edge.headers(department=department))
    return answer


def enter(edge: Edge, name: str = "ana", password: str = SECRET, **more: Any) -> Response:
    body = {"department": ICU, "username": f"{name}.souza", "password": password} | more
    answer: Response = edge.client.post(PASSWORD, json={key: value for key, value in body.items() if value is not None})
    return answer


def bearer(answer: Response) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['tokens']['access_token']}"}


def refused(edge: Edge, face: str = "stranger") -> dict[str, Any]:
    (result,) = [message for message in edge.sign_in(frames_of(face)) if message.get("type") == "result"]
    return result


def test_a_password_answers_what_the_socket_would(edge: Edge) -> None:
    subject_id = enrolled(edge)

    answer = enter(edge)

    assert answer.status_code == 200
    result = answer.json()
    assert (result["type"], result["success"], result["code"], result["next"]) == ("result", True, "ok", "none")
    assert (result["session"]["subject_id"], result["session"]["display_name"]) == (subject_id, "Dra. Ana Souza")
    assert set(result["tokens"]) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.headers["cache-control"] == "no-store"
    opened = edge.house.last("session.opened.v1")
    assert (opened["amr"], opened["acr"]) == ("pwd", "urn:faceauth:acr:password")


def test_the_attempt_of_a_refused_face_is_gone_on_with(edge: Edge) -> None:
    enrolled(edge)
    with edge.connect() as socket:
        attempt_id = json.loads(socket.receive()["text"])["attempt_id"]
        for payload in frames_of("stranger"):
            socket.send_bytes(payload)
        while json.loads(socket.receive()["text"])["type"] != "result":
            pass

    assert enter(edge, attempt_id=attempt_id).status_code == 200
    assert str(edge.house.last("session.opened.v1")["attempt_id"]) == attempt_id


def test_whoever_is_not_let_in_gets_the_same_answer(edge: Edge) -> None:
    enrolled(edge)
    enrolled(edge, "bia", LAB)

    answers = [enter(edge, password=OTHER), enter(edge, "nobody"), enter(edge, "bia"), enter(edge, "' OR 1=1 --")]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert [answer.json() for answer in answers] == [answers[0].json()] * 4
    assert answers[0].json()["code"] == "wrong_password"
    assert not [answer for answer in answers if SECRET in answer.text or OTHER in answer.text]


@pytest.mark.parametrize(
    "changed",
    [
        {"password": ""},
        {"password": "a\0b"},
        {"password": "x" * 1025},
        {"password": 12},
        {"password": None},
        {"username": ""},
        {"username": "a\0b"},
        {"username": "x" * 200},
        {"username": "x" * 401},
        {"username": None},
        {"username": ["ana"]},
        {"department": ""},
        {"attempt_id": "'; DROP TABLE events; --"},
        {"hash": "x"},
        {"ticket": "x" * 101},
        {"new_password": "x" * 1025},
    ],
)
def test_a_body_that_cannot_be_is_a_clean_error_that_repeats_nothing(edge: Edge, changed: dict[str, Any]) -> None:
    answer = enter(edge, **{"password": SECRET, **changed})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"
    assert SECRET not in answer.text
    assert "DROP" not in answer.text


def test_a_megabyte_is_refused_before_it_is_read(edge: Edge) -> None:
    assert enter(edge, password="x" * 1_000_000).status_code == 413


@pytest.mark.parametrize(
    "content", [b'{"department":"icu","username":"\\ud800","password":"x"}', b"[", b"\xff", b"null"]
)
def test_what_is_no_json_of_ours_is_a_clean_error(edge: Edge, content: bytes) -> None:
    assert edge.client.post(PASSWORD, content=content).status_code == 422


def test_an_unknown_department_is_named_as_such(edge: Edge) -> None:
    assert enter(edge, department="morgue").json()["code"] == "department_unknown"


def test_who_is_locked_out_hears_for_how_long(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*_: object, **__: object) -> None:
        raise LockedOutError(30)

    monkeypatch.setattr(lockout, "check", check)
    answer = enter(edge)

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "locked_out", "30")


def test_a_directory_that_is_down_is_unavailable_and_not_a_wrong_password(edge: Edge) -> None:
    edge.house.services.passwords.verifier.down = True  # type: ignore[union-attr]

    assert (enter(edge).status_code, enter(edge).json()["code"]) == (503, "unavailable")


def test_nothing_secret_is_logged(edge: Edge) -> None:
    with structlog.testing.capture_logs() as logs:
        enrolled(edge)
        enter(edge)
        enter(edge, password=OTHER)
        edge.house.services.passwords.verifier.down = True  # type: ignore[union-attr]
        enter(edge)

    assert not [text for text in (SECRET, OTHER, "ana.souza") if text in repr(logs)]


def test_a_temporary_password_must_be_replaced_before_it_opens_anything(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    given = given_password(edge, subject_id, "a sentence for one day").json()
    assert given == {"success": True}

    answer = enter(edge, password="a sentence for one day")
    assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required")
    short = enter(edge, password="a sentence for one day", new_password="short")
    assert (short.status_code, short.json()["code"]) == (422, "password_rejected")
    assert enter(edge, password="a sentence for one day", new_password=SECRET).status_code == 200
    assert enter(edge).status_code == 200


def test_an_administrator_of_another_department_finds_nobody(edge: Edge) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]

    other = given_password(edge, subject_id, department=LAB)
    stranger = given_password(edge, str(edge.house.services.ids.new()), department=LAB)
    assert (other.status_code, other.json()) == (404, stranger.json())


def test_only_a_department_administrator_sets_passwords_of_others(edge: Edge) -> None:
    subject_id = enrolled(edge)
    path = f"/face-auth/accounts/{subject_id}/password"

    for headers in (edge.headers("operator"), edge.headers("compliance_officer"), bearer(enter(edge))):
        assert edge.client.put(path, json={}, headers=headers).status_code == 403
    assert edge.client.put(path, json={}).status_code == 401


def test_a_person_changes_their_own_password_and_stays_signed_in(edge: Edge) -> None:
    enrolled(edge)
    mine, other = enter(edge), enter(edge)

    answer = edge.client.post(MINE, json={"current": SECRET, "new": OTHER}, headers=bearer(mine))

    # The first session came with the password that was chosen.
    assert answer.json() == {"success": True, "sessions_revoked": 2}
    assert edge.client.post(MINE, json={"current": "x", "new": OTHER}, headers=bearer(other)).status_code == 401
    wrong = edge.client.post(MINE, json={"current": SECRET, "new": OTHER}, headers=bearer(mine))
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")
    assert (enter(edge).status_code, enter(edge, password=OTHER).status_code) == (401, 200)


def test_a_session_opened_by_a_face_is_stepped_up(edge: Edge) -> None:
    enrolled(edge)
    headers = {"authorization": f"Bearer {edge.session_token('ana')}"}

    assert edge.client.post(STEP_UP, json={"password": OTHER}, headers=headers).status_code == 401
    answer = edge.client.post(STEP_UP, json={"password": SECRET}, headers=headers)

    assert answer.status_code == 200
    assert (answer.json()["amr"], answer.json()["acr"]) == (["face", "pwd", "mfa"], "urn:faceauth:acr:mfa")
    assert set(answer.json()["tokens"]) == {"access_token", "token_type", "expires_in"}
    again = edge.client.post(STEP_UP, json={"password": SECRET}, headers=bearer(answer))
    assert (again.status_code, again.json()["code"]) == (409, "session_state")
    by_password = edge.client.post(STEP_UP, json={"password": SECRET}, headers=bearer(enter(edge)))
    assert by_password.status_code == 409


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Edge]:
    """An edge of a hospital that wants both in the ICU."""
    edge = build_edge(tmp_path, policies=Policies(passwords=PasswordPolicy(mfa_departments=frozenset({ICU}))))
    with edge.client:
        yield edge


def test_where_both_are_required_the_face_gives_a_ticket_and_the_password_the_session(strict: Edge) -> None:
    subject_id = strict.enroll("ana").json()["subject_id"]
    given = given_password(strict, subject_id).json()["temporary_password"]
    messages = strict.sign_in(frames_of("ana"))

    (result,) = [message for message in messages if message.get("type") == "result"]
    assert (result["success"], result["code"], result["next"]) == (False, "password_required", "password")
    assert not {"session", "tokens", "confidence", "fallback"} & set(result)
    assert [message.get("type") for message in messages][-2:] == ["result", None]
    assert enter(strict, password=given).json()["code"] == "face_required"

    body = {"department": ICU, "ticket": result["ticket"], "password": given, "new_password": "8 letras"}
    answer = strict.client.post(PASSWORD, json=body)
    assert answer.status_code == 200
    assert strict.house.store.get(Session, strict.house.last("session.opened.v1")["session_id"]).amr == "face pwd mfa"
    again = strict.client.post(PASSWORD, json=body)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_ticket")
    assert "fallback" not in refused(strict)


def test_a_hundred_and_one_at_once_are_too_many_and_nobodys_face_waits_for_them(
    roomy: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = roomy
    monkeypatch.setattr(api, "MAX_WAITING", 6)
    edge.enroll("ana")
    verifier, go = edge.house.services.passwords.verifier, threading.Event()
    verify = verifier.verify  # type: ignore[union-attr]
    monkeypatch.setattr(verifier, "verify", lambda presented: go.wait(20) and verify(presented))
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(enter(edge).status_code)) for _ in range(9)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while codes.count(503) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert edge.session_token("ana")
    go.set()
    for thread in threads:
        thread.join(20)
    assert sorted(codes) == [401] * 6 + [503] * 3


def test_nobody_takes_as_long_as_somebody_over_the_whole_way(roomy: Edge) -> None:
    """Medians of interleaved requests; a cheap hash, so that reading and recording weigh more than they would."""
    edge = roomy
    local = LocalPasswords(Argon2Policy(passes=2, memory_kib=16 * 1024, lanes=1))
    edge.house.services = edge.app.services = replace(
        edge.house.services, passwords=Passwords(verifier=local, hasher=local)
    )
    enrolled(edge)
    took: dict[str, list[float]] = {"ana": [], "nobody": []}
    for _ in range(25):
        for name, times in took.items():
            begun = time.perf_counter()
            assert enter(edge, name, OTHER).status_code == 401
            times.append(time.perf_counter() - begun)

    ratio = statistics.median(took["nobody"]) / statistics.median(took["ana"])
    assert 0.7 < ratio < 1.43
