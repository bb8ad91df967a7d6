"""The console's pages about requests, consents and notices."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from application import notice as notices
from application.requests import LONGEST_TEXT, Asked, open_request
from domain.notice import Notice
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, EVERYWHERE
from tests.house import ICU
from tests.unit.http.console import visitor, words
from tests.unit.http.edge import frames_of

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge

NEW = "/console/requests/new"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def ana(edge: Edge) -> str:
    subject_id: str = edge.enroll("ana").json()["subject_id"]
    return subject_id


def asked(edge: Edge, whose: str, kind: str, attempt_id: UUID | None = None) -> str:
    what = Asked(kind, "badge", attempt_id=attempt_id)
    act = edge.house.act()
    return str(open_request(edge.house.services, UUID(whose), what, department=ICU, act=act).id)


def review_of(edge: Edge, whose: str) -> str:
    edge.sign_in(frames_of("stranger"))
    refused = next(row for row in edge.house.rows("auth_log_rows") if row["success"] is False)
    return asked(edge, whose, "review", refused["attempt_id"])


def viewed(edge: Edge) -> list[str]:
    return [e.fields["what"] for e in edge.house.store.read(0, 10_000) if e.name == "viewing.recorded.v1"]


def test_requests_are_listed_by_deadline_and_counted_on_the_dashboard(edge: Edge, ana: str) -> None:
    late = asked(edge, ana, "access")
    edge.house.clock.advance(timedelta(days=16))
    fresh = asked(edge, ana, "statement")
    come = visitor(edge)

    page = come.get("/console/requests")

    assert page.text.index(late) < page.text.index(fresh)
    assert "vencido" in words(page)
    assert "vencidos: 1; até 2 dias: 0; até 5 dias: 0; mais de 5 dias: 1" in words(come.get("/console"))
    assert fresh not in come.get("/console/requests", request_state="overdue").text
    assert viewed(edge) == []


def test_a_request_is_taken_in_at_the_desk(edge: Edge, ana: str) -> None:
    form = {
        "who": "ana.souza",
        "request_kind": "access",
        "identity_check": "badge",
        "request_text": f"por favor {SCRIPT}",
    }

    taken = visitor(edge).post(NEW, form)
    page = visitor(edge).get(taken.headers["location"])

    assert taken.status_code == 303
    assert "O pedido foi registrado" in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert ana in page.text
    assert viewed(edge) == ["request"]


GOOD = {"who": "ana.souza", "request_kind": "access", "identity_check": "badge"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"who": ""}, "who"),
        ({"who": "nobody"}, "who"),
        ({"request_kind": ""}, "request_kind"),
        ({"request_kind": "review"}, "attempt"),
        ({"request_kind": "review", "attempt": str(UUID(int=5))}, "attempt"),
        ({"attempt": "7"}, "attempt"),
        ({"identity_check": "session"}, "identity_check"),
        ({"received": "2999-01-01T00:00"}, "received"),
        ({"received": "yesterday"}, "received"),
        ({"received": "2020-01-01T00:00"}, "received"),
        ({"right_username": "b"}, "request_kind"),
        ({"request_text": "x" * 4001}, "request_text"),
        ({"request_text": "a\0b"}, "request_kind"),
    ],
    ids=str,
)
def test_a_fault_is_told_at_its_field_and_nothing_is_taken_in(
    edge: Edge, ana: str, changed: dict[str, str], field: str
) -> None:
    answer = visitor(edge).post(NEW, GOOD | changed)

    assert ana
    assert answer.status_code == (404 if changed.get("who") else 422)
    assert f'id="{field}-fault"' in answer.text
    assert edge.house.rows("request_rows") == []


def test_what_an_answer_hands_over_is_on_its_page_once_and_signed(edge: Edge, ana: str) -> None:
    request_id, come = asked(edge, ana, "statement"), visitor(edge)

    page = come.post(f"/console/requests/{request_id}", {"action": "answer"})

    (document,) = re.findall(r'href="data:application/json;base64,([^"]+)"', page.text)
    envelope = json.loads(base64.b64decode(document))
    assert (envelope["document"]["subject_id"], bool(envelope["signature"])) == (ana, True)
    assert base64.b64decode(re.findall(r'href="data:application/pdf;base64,([^"]+)"', page.text)[0])[:5] == b"%PDF-"
    again = come.get(f"/console/requests/{request_id}")
    assert "data:application" not in again.text
    assert "as informações foram entregues" in words(again)
    assert come.post(f"/console/requests/{request_id}", {"action": "answer"}).status_code == 409


def test_what_cannot_be_undone_is_confirmed_first(edge: Edge, ana: str) -> None:
    request_id, come = asked(edge, ana, "deletion"), visitor(edge)

    hasty = come.post(f"/console/requests/{request_id}", {"action": "answer"})
    assert (hasty.status_code, 'id="confirm-fault"' in hasty.text) == (422, True)
    assert "erasure.executed.v1" not in edge.house.names()

    done = come.post(f"/console/requests/{request_id}", {"action": "answer", "confirm": "yes"})
    assert (done.status_code, "Certificado" in done.text) == (200, True)
    assert "erasure.executed.v1" in edge.house.names()


def test_a_refusal_has_a_reason_of_the_law(edge: Edge, ana: str) -> None:
    path, come = f"/console/requests/{asked(edge, ana, 'access')}", visitor(edge)

    assert come.post(path, {"action": "refuse", "refusal": "no_time"}).status_code == 422
    assert come.post(path, {"action": "x"}).status_code == 422
    refused = come.post(path, {"action": "refuse", "refusal": "law_prevents"})

    assert refused.status_code == 303
    assert "LGPD art. 18, § 4º, II" in words(come.get(path))


def test_a_refusal_is_reviewed_with_all_that_it_rests_on(edge: Edge, ana: str) -> None:
    path, come = f"/console/requests/{review_of(edge, ana)}/review", visitor(edge)

    page = words(come.get(path))
    bare = come.post(path, {"decision": "overturned:camera_or_light"})
    mixed = come.post(path, {"decision": "upheld:camera_or_light"})
    decided = come.post(path, {"decision": "overturned:camera_or_light", "measure_re_enrol": "yes"})

    assert all(word in page for word in ("Semelhança 0.", "Limiar 0.450", "Limiar de PAD", "em vigor (Aviso 2026-11)"))
    assert [bare.status_code, mixed.status_code, decided.status_code] == [422, 422, 303]
    told = words(come.get(decided.headers["location"]))
    assert "uma pessoa reviu a decisão e a reverteu" in told
    assert "fazer novo cadastro" in told
    assert "review" in viewed(edge)


def test_files_of_a_person_are_attachments_and_on_record(edge: Edge, ana: str) -> None:
    come = visitor(edge)

    statement = come.get(f"/console/people/{ana}/statement")
    printed = come.get(f"/console/people/{ana}/statement", format="pdf")
    receipt = come.get(f"/console/people/{ana}/consents/receipt")

    assert statement.json()["document"]["held"] is True
    assert printed.content[:5] == b"%PDF-"
    assert receipt.json()["document"]["pii_principal_id"] == ana
    assert all("attachment" in answer.headers["content-disposition"] for answer in (statement, printed, receipt))
    assert viewed(edge) == ["statement", "statement", "consent_receipt"]
    assert "declaração completa" in words(come.get(f"/console/people/{ana}/viewings"))


def test_a_department_sees_who_looked_at_its_people_from_wherever_they_looked(edge: Edge, ana: str) -> None:
    visitor(edge, COMPLIANCE_OFFICER, EVERYWHERE).get(f"/console/people/{ana}")
    path = f"/console/people/{ana}/timeline"

    here = visitor(edge).get(path)
    kinds = visitor(edge).get(path, kind="viewing")
    others = visitor(edge).get(path, kind="enrollment")

    assert here.text.count("viewing.recorded.v1") == 2
    assert "enrollment.opened.v1" in here.text
    assert kinds.text.count("viewing.recorded.v1") == 3
    assert "viewing.recorded.v1" not in others.text


def test_consents_are_counted_by_state_and_channel_and_name_nobody(edge: Edge, ana: str) -> None:
    page = visitor(edge).get("/console/consents")

    assert "autenticação dado papel 1" in words(page)
    assert ana in page.text
    assert "ouza" not in page.text
    assert ana not in visitor(edge).get("/console/consents", channel="http").text
    assert visitor(edge).get("/console/consents", expiring_before="x").status_code == 422


def test_a_code_is_shown_once_to_whoever_made_it(edge: Edge, ana: str) -> None:
    admin, path = visitor(edge, DEPARTMENT_ADMIN), "/console/consents/invite"

    made = admin.post(path, {"person_is": "existing", "who": "ana.souza"})
    new = {"person_is": "new", "user_id": "EMP-9", "username": "gil", "display_name": "Gil", "department": ICU}
    invited = admin.post(path, new)
    taken = admin.post(path, new)

    code = re.compile(r"[0-9A-Z]{5}-[0-9A-Z]{5}")
    assert (len(code.findall(made.text)), len(code.findall(invited.text))) == (1, 1)
    assert ana in made.text
    assert code.findall(admin.get(path).text) == []
    assert (taken.status_code, code.findall(taken.text)) == (409, [])
    assert admin.post(path, new | {"username": ""}).status_code == 422
    assert admin.post(path, {"person_is": "existing", "who": "nobody"}).status_code == 404


def test_notices_are_shown_as_text_and_one_is_in_force(edge: Edge) -> None:
    text = f"# Aviso\n\n{SCRIPT} [x](javascript:alert(1))"
    notices.publish(edge.house.services, Notice("2027-01", text, "New", material=True), act=edge.house.act())
    come = visitor(edge)

    page = come.get("/console/notices/2027-01")

    assert "<h1>Aviso</h1>" in page.text
    assert "<script>alert" not in page.text
    assert 'href="javascript' not in page.text
    assert words(come.get("/console/notices")).index("2027-01 em vigor") > 0
    assert come.get("/console/notices/nothing").status_code == 404


def test_the_longest_text_that_a_request_takes_fits_its_form(edge: Edge) -> None:
    long = {"kind": "access", "identity_check": "badge", "request_text": "\U0001f600" * LONGEST_TEXT}
    answer = visitor(edge).post(NEW, long | {"subject_id": str(UUID(int=7))})

    assert answer.status_code != 413
