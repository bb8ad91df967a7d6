"""Rights over HTTP: a person asks from their own session, an officer answers, and each sees what they may."""

from __future__ import annotations

import base64
import io
import json
from typing import Any
from uuid import UUID, uuid4

import pypdf
import pytest

from application import accounts
from domain.errors import UnavailableError
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, EVERYWHERE
from tests.house import ICU, LAB
from tests.unit.http.edge import Edge, frames_of

ALL = "/face-auth/requests"


def person(edge: Edge, name: str = "ana") -> tuple[str, dict[str, str]]:
    """Return the id and the session's headers of somebody enrolled."""
    subject_id: str = edge.enroll(name).json()["subject_id"]
    return subject_id, {"authorization": f"Bearer {edge.session_token(name)}"}


def officer(edge: Edge, department: str = ICU) -> dict[str, str]:
    return edge.headers(COMPLIANCE_OFFICER, department)


def get(edge: Edge, path: str, headers: dict[str, str]) -> Any:
    answer = edge.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(edge: Edge, path: str, document: Any, headers: dict[str, str], status: int = 200) -> Any:
    answer = edge.client.post(path, json=document, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_person_asks_an_officer_answers_and_the_person_reads_the_answer(edge: Edge) -> None:
    _, mine = person(edge)
    opened = post(edge, ALL, {"kind": "statement", "text": "Quero tudo."}, mine, 201)

    (listed,) = get(edge, f"{ALL}?state=pending", officer(edge))["requests"]
    given = post(edge, f"{ALL}/{listed['request_id']}/answer", {"text": "Aqui está."}, officer(edge))

    assert opened["due_at"] == "2030-01-16T08:00:00+00:00"
    assert (opened["received_by"], opened["identity_check"]) == ("person", "session")
    assert given["document"]["document"]["person"]["username"] == "ana.souza"
    seen = get(edge, f"{ALL}/{opened['request_id']}", mine)
    assert (seen["state"], seen["answer"], seen["text"]) == ("answered", "Aqui está.", "Quero tudo.")
    assert seen["document_sha256"] == given["document_sha256"]


def test_a_person_sees_every_look_at_their_data_and_by_whom(edge: Edge) -> None:
    subject_id, mine = person(edge)
    request_id = post(edge, ALL, {"kind": "access"}, mine, 201)["request_id"]
    get(edge, f"{ALL}/{request_id}", officer(edge))
    get(edge, f"/face-auth/subjects/{subject_id}/statement", edge.headers(ENCARREGADO, EVERYWHERE))
    get(edge, f"/face-auth/sessions?subject={subject_id}", officer(edge))
    get(edge, "/face-auth/my-data/statement", mine)

    seen = get(edge, "/face-auth/my-data/views", mine)["viewings"]

    assert [view["what"] for view in seen] == ["statement", "sessions", "statement", "request"]
    assert [view["who"]["en"] for view in seen] == ["you", "hospital staff", "hospital staff", "hospital staff"]
    assert len({view["by"] for view in seen}) == 4


def test_simplified_access_comes_at_once_and_leaves_no_trace(edge: Edge) -> None:
    subject_id, mine = person(edge)
    before = edge.house.store.position()

    told = get(edge, "/face-auth/my-data", mine)

    assert (told["held"], told["subject_id"], told["person"]["display_name"]) == (True, subject_id, "Dra. Ana Souza")
    assert told["counts"] == {"enrollments": 1, "templates": 1, "attempts": 1, "sessions": 1}
    assert edge.house.store.position() == before


def test_the_statement_comes_as_signed_json_and_as_a_pdf(edge: Edge) -> None:
    _, mine = person(edge)
    envelope = get(edge, "/face-auth/my-data/statement", mine)
    payload = json.loads(base64.urlsafe_b64decode(envelope["payload"] + "=="))
    assert payload == envelope["document"]

    printed = edge.client.get("/face-auth/my-data/statement?format=pdf", headers=mine)

    assert printed.headers["content-type"] == "application/pdf"
    assert "attachment" in printed.headers["content-disposition"]
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(printed.content)).pages)
    assert "Declaração completa de dados pessoais" in text
    assert "ana.souza" in text
    assert edge.client.get("/face-auth/my-data/statement?format=exe", headers=mine).status_code == 422


def test_portable_data_come_signed(edge: Edge) -> None:
    _, mine = person(edge)

    envelope = get(edge, "/face-auth/my-data/portability", mine)

    header = json.loads(base64.urlsafe_b64decode(envelope["protected"] + "=="))
    assert header["typ"] == "faceauth-portability+json"
    assert envelope["document"]["person"]["username"] == "ana.souza"


def test_at_the_desk_it_is_said_how_the_person_was_known(edge: Edge) -> None:
    subject_id, mine = person(edge)
    asked = {"kind": "statement", "subject_id": subject_id}

    assert post(edge, ALL, asked, officer(edge), 422)["code"] == "invalid_input"
    opened = post(edge, ALL, asked | {"identity_check": "document"}, officer(edge), 201)
    assert (opened["received_by"], opened["identity_check"]) == ("desk", "document")
    assert post(edge, ALL, asked | {"identity_check": "document"}, mine, 422)["code"] == "invalid_input"


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "gossip"},
        {"kind": "review"},
        {"kind": "access", "attempt_id": str(UUID(int=7))},
        {"kind": "access", "correction": {"username": "x"}},
        {"kind": "correction", "correction": {"template": "x"}},
        {"kind": "access", "text": "x" * 5000},
        {"kind": "access", "received_at": "2030-01-01T07:00:00"},
        {"kind": "Access!"},
        {"kind": "access", "more": 1},
        {},
        [],
        "x",
    ],
    ids=str,
)
def test_what_is_no_request_is_refused_and_keeps_nothing(edge: Edge, body: Any) -> None:
    _, mine = person(edge)
    before = edge.house.store.position()

    assert post(edge, ALL, body, mine, 422)["code"] == "invalid_input"
    assert edge.house.store.position() == before


def test_somebody_erased_gets_the_honest_answer_and_only_from_who_may_know(edge: Edge) -> None:
    subject_id, _ = person(edge)
    assert edge.post("/face-auth/subjects/erase", {"subject_id": subject_id}).status_code == 200
    asked = {"kind": "statement", "subject_id": subject_id, "identity_check": "representative"}

    told = post(edge, ALL, asked, officer(edge), 201)
    document = get(edge, f"/face-auth/subjects/{subject_id}/statement", officer(edge))["document"]
    over_the_wall = post(edge, ALL, asked, officer(edge, LAB), 404)
    nobody = post(edge, ALL, asked | {"subject_id": str(uuid4())}, officer(edge, LAB), 404)

    assert (told["state"], told["outcome_name"]["en"]) == ("answered", "no personal data held; see the certificate")
    assert told["erasure"]["certificate"]
    assert (document["held"], document["said"]["pt-BR"]) == (False, "nenhum dado pessoal é mantido")
    assert over_the_wall == nobody


def test_a_review_goes_from_the_refusal_to_plain_words(edge: Edge) -> None:
    _, mine = person(edge)
    messages = edge.sign_in(frames_of("stranger"))
    assert not any(message.get("success") for message in messages)
    (row,) = [row for row in edge.house.rows("auth_log_rows") if row["success"] is False]
    opened = post(edge, ALL, {"kind": "review", "attempt_id": str(row["attempt_id"])}, mine, 201)
    path = f"{ALL}/{opened['request_id']}/review"

    seen = get(edge, path, officer(edge))
    decision = {"decision": "overturned", "reason": "camera_or_light", "measures": ["re_enrol"]}
    post(edge, path, decision, officer(edge))
    told = get(edge, f"{ALL}/{opened['request_id']}", mine)

    assert seen["match"]["threshold"] > 0
    assert edge.client.get(path, headers=mine).status_code == 403
    assert (told["outcome"], told["measures"]) == ("overturned", ["re_enrol"])
    assert "fazer novo cadastro" in told["answer"]
    assert "threshold" not in json.dumps(told)


def test_a_refusal_has_a_reason_a_basis_and_comes_once(edge: Edge) -> None:
    _, mine = person(edge)
    request_id = post(edge, ALL, {"kind": "portability"}, mine, 201)["request_id"]
    path = f"{ALL}/{request_id}/refuse"

    assert post(edge, path, {"reason": "too_much_work"}, officer(edge), 422)["code"] == "invalid_input"
    refused = post(edge, path, {"reason": "trade_secret"}, officer(edge))
    assert refused["legal_basis_name"]["pt-BR"] == "LGPD art. 20, § 1º"
    assert post(edge, path, {"reason": "trade_secret"}, officer(edge), 409)["code"] == "request_state"


def test_a_lockout_list_that_names_somebody_is_on_record(edge: Edge) -> None:
    subject_id, mine = person(edge)
    for _ in range(6):
        edge.client.post(
            "/face-auth/password", json={"department": ICU, "username": "ana.souza", "password": "wrong wrong wrong"}
        )
    shown = get(edge, "/face-auth/lockouts", officer(edge))["lockouts"]

    assert subject_id in {lockout["subject_id"] for lockout in shown}
    assert [view["what"] for view in get(edge, "/face-auth/my-data/views", mine)["viewings"]] == ["lockouts"]


def test_nothing_is_shown_where_the_look_cannot_be_recorded(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    subject_id, mine = person(edge)
    request_id = post(edge, ALL, {"kind": "access", "text": "segredo"}, mine, 201)["request_id"]

    def lost(*_: object, **__: object) -> int:
        raise UnavailableError("the store is lost")

    monkeypatch.setattr(edge.house.store, "save", lost)
    for path in (f"{ALL}/{request_id}", f"/face-auth/subjects/{subject_id}/statement"):
        answer = edge.client.get(path, headers=officer(edge))
        assert answer.status_code == 503
        assert "segredo" not in answer.text
        assert "souza" not in answer.text


def test_whoever_moved_is_the_business_of_the_department_they_are_in_now(edge: Edge) -> None:
    subject_id, mine = person(edge)
    request_id = post(edge, ALL, {"kind": "deletion"}, mine, 201)["request_id"]
    assert accounts.move(edge.house.services, UUID(subject_id), LAB, act=edge.house.act())
    path = f"{ALL}/{request_id}"

    assert get(edge, ALL, officer(edge))["requests"] == []
    assert [row["request_id"] for row in get(edge, ALL, officer(edge, LAB))["requests"]] == [request_id]
    assert edge.client.get(path, headers=officer(edge)).status_code == 404
    assert post(edge, f"{path}/answer", {}, officer(edge), 404)["code"] == "not_found"
    assert post(edge, f"{path}/answer", {}, officer(edge, LAB))["outcome"] == "erased"
    assert [row["request_id"] for row in get(edge, ALL, officer(edge, LAB))["requests"]] == [request_id]
