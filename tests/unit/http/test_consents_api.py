"""Consents as staff see them, and the ways in which a person decides over the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from application import notice as notices
from application.notice import BUILT_IN
from application.signed_documents import CONSENT_RECEIPT, opened
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, STAFF_ROLES
from tests.house import ICU, LAB
from tests.unit.http.edge import frames_of

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge

GRANT, OBJECT = "/face-auth/consent", "/face-auth/consent/object"
INVITE, RECEIPT, LIST = "/face-auth/consent/invitations", "/face-auth/consent/receipt", "/face-auth/consents"
ACCEPTED = {"notice_version": BUILT_IN.version, "accepted": True}


def get(edge: Edge, path: str, *, role: str = COMPLIANCE_OFFICER, department: str = ICU, **asked: str) -> Response:
    answer: Response = edge.client.get(path, params=asked, headers=edge.headers(role, department))
    return answer


def viewings(edge: Edge) -> list[tuple[str, str]]:
    events = [event for event in edge.house.store.read(0, 10_000) if event.name == "viewing.recorded.v1"]
    return [(event.fields["what"], str(event.fields["subject_id"])) for event in events]


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
@pytest.mark.parametrize("path", [GRANT, OBJECT])
def test_nobody_of_the_staff_decides_for_somebody_else(edge: Edge, path: str, role: str) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]
    before = edge.house.store.position()
    body = ACCEPTED | {"subject_id": subject_id} if path == GRANT else {}

    answer = edge.client.post(path, json=body, headers=edge.headers(role))

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert "invite" in answer.json()["detail"]
    assert edge.house.store.position() == before


@pytest.mark.parametrize(("path", "body"), [(GRANT, ACCEPTED), (OBJECT, {})])
def test_without_a_session_and_without_a_code_nothing_is_decided(edge: Edge, path: str, body: Any) -> None:
    assert edge.client.post(path, json=body).status_code == 401
    refused = edge.client.post(path, json=body | {"code": "AAAAAAAAAA"})
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_code_refused")


@pytest.mark.parametrize(("path", "body"), [(GRANT, ACCEPTED), (OBJECT, {})])
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer garbage", "Basic YTpi", f"Bearer {'x' * 9000}"])
def test_a_bad_token_decides_nothing(edge: Edge, path: str, body: Any, header: str) -> None:
    edge.enroll("ana")
    before = edge.house.store.position()

    answer = edge.client.post(path, json=body, headers={"authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert edge.house.store.position() == before


@pytest.mark.parametrize(("path", "body"), [(GRANT, ACCEPTED), (OBJECT, {})])
def test_the_token_of_a_session_that_ended_decides_nothing(edge: Edge, path: str, body: Any) -> None:
    edge.enroll("ana")
    token = edge.session_token("ana")
    edge.house.clock.advance(timedelta(days=1))

    assert edge.post(path, body, token=token).json()["code"] == "invalid_token"


@pytest.mark.parametrize("key", ["subject_id", "username"])
def test_a_person_consents_for_nobody_else(edge: Edge, key: str) -> None:
    edge.enroll("ana")
    other = edge.enroll("bia").json()["subject_id"]
    named = {key: other if key == "subject_id" else "bia.souza"}

    assert edge.post(GRANT, ACCEPTED | named, token=edge.session_token("ana")).status_code == 404


def test_a_person_objects_in_their_own_session_and_nobody_is_let_in_on_it(edge: Edge) -> None:
    edge.enroll("ana")

    answer = edge.post(OBJECT, {"reason": "unfair"}, token=edge.session_token("ana")).json()

    assert answer["objected"] == ["enrollment", "authentication"]
    assert edge.house.last("consent.objected.v1")["reason"] == "unfair"
    assert {row["status"] for row in edge.house.rows("consent_rows")} == {"objected"}
    assert all(row["objected_at"] for row in edge.house.rows("consent_rows"))


def test_a_person_renews_in_their_own_session(edge: Edge) -> None:
    edge.enroll("ana")
    token = edge.session_token("ana")
    notices.publish(edge.house.services, replace(BUILT_IN, version="2027-01"), act=edge.house.act())

    answer = edge.post(GRANT, {"notice_version": "2027-01", "accepted": True}, token=token)

    assert answer.json()["granted"] == ["enrollment", "authentication"]
    assert {row["channel"] for row in edge.house.rows("consent_rows")} == {"session"}


def test_an_app_learns_that_the_consent_has_to_be_renewed(edge: Edge) -> None:
    edge.enroll("ana")
    notices.publish(edge.house.services, replace(BUILT_IN, version="2027-01", material=True), act=edge.house.act())

    (result,) = [m for m in edge.sign_in(frames_of("ana")) if m.get("type") == "result"]

    assert (result["code"], result["next"], result["fallback"]) == (
        "consent_renewal_needed",
        "renew_consent",
        "password",
    )


def test_an_enrolment_records_the_digest_of_the_form(edge: Edge) -> None:
    consent = {"notice_version": BUILT_IN.version, "accepted": True, "channel": "paper", "form_sha256": "a" * 64}

    assert edge.enroll("ana", consent=consent).status_code == 201

    (row, _) = get(edge, LIST).json()["consents"]
    assert (row["channel"], row["form_sha256"]) == ("paper", "a" * 64)
    assert row["attested_by"].startswith("token:")


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "g" * 64, "../etc"])
def test_a_digest_that_is_none_is_refused(edge: Edge, digest: str) -> None:
    consent = {"notice_version": BUILT_IN.version, "accepted": True, "form_sha256": digest}

    assert edge.enroll("ana", consent=consent).json()["code"] == "invalid_input"


def test_consent_in_the_app_is_the_persons_own_and_not_the_administrators_word(edge: Edge) -> None:
    consent = {"notice_version": BUILT_IN.version, "accepted": True, "channel": "in_app"}

    assert edge.enroll("ana", consent=consent).json()["code"] == "consent_missing"


def test_paper_that_is_forbidden_is_refused_with_what_to_do(edge: Edge) -> None:
    services = edge.house.services
    forbidding = replace(services, policies=replace(services.policies, paper_consent=False))
    edge.app.services = forbidding
    edge.app.enrolling._services = forbidding

    answer = edge.enroll("ana")

    assert (answer.status_code, answer.json()["code"]) == (409, "paper_consent_forbidden")
    assert "invite" in answer.json()["detail"]


def test_officers_list_by_state_channel_and_end_and_it_is_written_down(edge: Edge) -> None:
    notices.publish(edge.house.services, replace(BUILT_IN, version="2027-01", consent_days=30), act=edge.house.act())
    consent = {"notice_version": "2027-01", "accepted": True}
    subject_id = edge.enroll("ana", consent=consent).json()["subject_id"]
    edge.enroll("bia", department=LAB, admin=LAB, consent=consent)
    soon = (edge.house.clock.now() + timedelta(days=31)).date().isoformat()

    found = get(edge, LIST, state="granted", channel="paper", expiring_before=soon).json()

    assert found["total"] == 2
    assert {row["subject_id"] for row in found["consents"]} == {subject_id}
    assert viewings(edge) == [("consents", subject_id)]
    assert get(edge, LIST, state="withdrawn").json() == {"consents": [], "total": 0}
    assert get(edge, LIST, department="*").json()["total"] == 4
    assert len(get(edge, LIST, department="*", limit="1").json()["consents"]) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"state": "perhaps"},
        {"expiring_before": "soon"},
        {"expiring_before": "2030-01-01T00:00:00"},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "99999"},
        {"nme": "ana"},
    ],
)
def test_a_filter_that_makes_no_sense_is_told(edge: Edge, asked: dict[str, str]) -> None:
    assert get(edge, LIST, **asked).json()["code"] == "invalid_input"


@pytest.mark.parametrize("role", [COMPLIANCE_OFFICER, ENCARREGADO, DEPARTMENT_ADMIN])
def test_a_receipt_for_an_officer_is_written_down(edge: Edge, role: str) -> None:
    subject_id = edge.enroll("ana").json()["subject_id"]

    envelope = get(edge, RECEIPT, role=role, subject=subject_id).json()

    document = opened(edge.house.services.notary, CONSENT_RECEIPT, envelope)
    assert document["pii_principal_id"] == subject_id
    assert viewings(edge) == [("consent_receipt", subject_id)]


def test_a_person_gets_their_own_receipt_only_and_nobody_is_noted(edge: Edge) -> None:
    edge.enroll("ana")
    other = edge.enroll("bia").json()["subject_id"]
    own = {"authorization": f"Bearer {edge.session_token('ana')}"}

    assert edge.client.get(RECEIPT, headers=own).status_code == 200
    assert edge.client.get(RECEIPT, headers=own, params={"subject": other}).status_code == 404
    assert viewings(edge) == []


def test_a_receipt_behind_the_wall_is_like_one_of_nobody(edge: Edge) -> None:
    there = edge.enroll("bia", department=LAB, admin=LAB).json()["subject_id"]

    answers = [get(edge, RECEIPT, subject=who) for who in (there, str(uuid4()))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert viewings(edge) == []
    assert get(edge, RECEIPT).json()["code"] == "invalid_input"
    assert get(edge, RECEIPT, subject="ana").json()["code"] == "invalid_input"


@pytest.mark.parametrize("body", [{}, {"subject_id": str(UUID(int=9)), "username": "ana.souza"}, {"person": {}}])
def test_an_invitation_names_exactly_one_person(edge: Edge, body: Any) -> None:
    assert edge.post(INVITE, body).json()["code"] == "invalid_input"


def test_the_notice_of_any_version_can_be_read(edge: Edge) -> None:
    notices.publish(edge.house.services, replace(BUILT_IN, version="2027-01", pt_br="# Oi"), act=edge.house.act())
    path = "/face-auth/consent/notice"

    assert edge.client.get(path).json()["html"]["pt-BR"] == "<h1>Oi</h1>\n"
    assert edge.client.get(path, params={"version": "2026-11"}).json()["sha256"] == BUILT_IN.sha256
    assert edge.client.get(path, params={"version": "<b>"}).json()["code"] == "not_found"
