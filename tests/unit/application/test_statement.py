"""The full statement: everything about one person, nothing about another, no number that helps to pass for them."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.crypto.notary import FileNotary
from adapters.memory.notary import MemoryNotary
from adapters.reports.html import render
from adapters.reports.pdf import render_pdf
from application import consent as consents
from application import erase, statement
from application.projections.changes import Put
from application.session_control import Which, end_sessions
from application.signed_documents import STATEMENT, opened
from application.statement import Surroundings
from application.viewing import record_viewing
from domain.enrollment import Enrollment
from domain.errors import InvalidInputError, NotFoundError
from entrypoints.statement_report import MOST_ROWS, report_of
from tests.house import ICU, House, person, pictures
from tests.unit.http.edge import SECRET_NUMBERS

MANY = 5_000
SCRIPT = "<script>alert(1)</script>"


def full(house: House, subject_id: UUID, **around: Any) -> dict[str, Any]:
    return statement.full(house.services, subject_id, Surroundings(**around))


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in keys_of(item)}
    return {key for item in value for key in keys_of(item)} if isinstance(value, list) else set()


def test_it_tells_what_is_held_why_since_when_and_who_gets_it(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")

    told = full(house, ana.subject_id, identity_provider="https://idp.hospital.example")

    assert told["person"] == {
        "user_id": "EMP-ana",
        "username": "ana.souza",
        "display_name": "Dra. Ana Souza",
        "department": ICU,
        "status": "active",
    }
    assert {p["purpose"]: p["status"] for p in told["purposes"]} == {
        "enrollment": "granted",
        "authentication": "granted",
    }
    assert {p["legal_basis"] for p in told["purposes"]} == {"LGPD art. 11, I (consentimento)"}
    assert [c["event"] for c in told["consents"]] == ["consent.granted.v1"] * 2
    assert [o["what"] for o in told["origin"]] == ["enrollment"]
    assert [t["template_id"] for t in told["templates"]] == [str(ana.template_id)]
    assert [a["outcome"] for a in told["attempts"]["list"]] == ["succeeded"]
    assert told["attempts"]["list"][0]["from"] == "192.0.2.17 ward tablet 4"
    assert [s["status"] for s in told["sessions"]] == ["open"]
    kept = {line["category"]: line["period_days"] for line in told["retention"]}
    assert (kept["client_addresses"], kept["attempts"]) == (183, 184)
    kinds = {(r["kind"], r["name"]) for r in told["recipients"]}
    assert {("client", "faceauth-app"), ("identity_provider", "https://idp.hospital.example")} <= kinds
    assert told["keys"] == {"data_key": "living", "destroyed": []}
    assert told["incidents"] == []


def test_it_holds_no_template_no_score_and_no_threshold(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    sealed = house.store.get(Enrollment, ana.enrollment_id).sealed

    told = full(house, ana.subject_id)

    assert sealed not in json.dumps(told)
    numbers = {key for key in keys_of(told) if any(word in key for word in SECRET_NUMBERS)}
    assert numbers == {"stricter_personal_threshold"}
    assert told["enrollments"][0]["stricter_personal_threshold"] is False


def test_it_holds_nothing_of_anybody_else(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    house.sign_in("bia")
    record_viewing(house.services, [bia.subject_id], what="timeline", act=house.act("token:x"))

    told = json.dumps(full(house, ana.subject_id))

    assert str(bia.subject_id) not in told
    assert "bia" not in told
    assert "timeline" not in told


def test_a_refusal_is_told_in_plain_words_in_both_languages(house: House) -> None:
    ana = house.enroll("ana")
    consents.withdraw(house.services, ana.subject_id, reason="mine", purposes=["authentication"], act=house.act())
    house.sign_in("ana")

    (attempt,) = full(house, ana.subject_id)["attempts"]["list"]

    assert attempt["why"] == {"pt-BR": "não há consentimento em vigor", "en": "no consent in force"}
    assert attempt["code"] == "face_not_recognised"


def test_the_person_sees_who_looked_and_what_others_changed(house: House) -> None:
    ana = house.enroll("ana")
    record_viewing(house.services, [ana.subject_id], what="timeline", act=house.act("token:officer"))
    record_viewing(house.services, [ana.subject_id], what="statement", act=house.act(f"subject:{ana.subject_id}"))
    house.enrolling.cancel(ana.enrollment_id, department=ICU, reason="left", act=house.act("token:admin"))

    told = full(house, ana.subject_id)

    assert [(v["what"], v["by"], v["who"]["en"]) for v in told["viewings"]] == [
        ("statement", f"subject:{ana.subject_id}", "you"),
        ("timeline", "token:officer", "hospital staff"),
    ]
    changes = {c["event"]: (c["by"], c["reason"]) for c in told["changes"]}
    assert changes["enrollment.revoked.v1"] == ("token:admin", "left")


def test_consent_on_paper_is_marked_so(house: House) -> None:
    ana = house.enroll("ana")
    stream = house.store.stream

    def on_paper(aggregate_id: UUID) -> list[Any]:
        return [
            type(e)(**{name: getattr(e, name) for name in e.__slots__} | {"fields": {**e.fields, "channel": "paper"}})
            for e in stream(aggregate_id)
        ]

    house.store.stream = on_paper  # type: ignore[method-assign]

    assert [c["paper"] for c in full(house, ana.subject_id)["consents"]] == [True, True]


def test_what_was_tampered_with_says_damaged_and_the_rest_is_told(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    (foreign,) = house.rows("enrollment_rows", subject_id=bia.subject_id)
    key, pasted = {"enrollment_id": ana.enrollment_id}, {"username_sealed": foreign["username_sealed"]}
    at = house.services.read_models.checkpoint("face_enrollments")
    change = Put("enrollment_rows", key, pasted)
    assert house.services.read_models.apply("face_enrollments", [change], expected=at, position=at)

    told = full(house, ana.subject_id)

    assert told["person"]["username"] == "[damaged]"
    assert told["person"]["display_name"] == "Dra. Ana Souza"
    assert "bia" not in json.dumps(told)


def test_nothing_is_held_about_the_unknown_and_the_erased(house: House) -> None:
    ana = house.enroll("ana")
    erase.erase(house.services, ana.subject_id, act=house.act())

    for nobody in (ana.subject_id, uuid4()):
        with pytest.raises(NotFoundError):
            full(house, nobody)
        with pytest.raises(NotFoundError):
            statement.simplified(house.services, nobody)


def test_anybody_with_the_public_key_verifies_it_and_a_changed_letter_does_not(house: House, tmp_path: Path) -> None:
    ana = house.enroll("ana")
    notary = FileNotary.open(tmp_path / "keys" / "notary.json")
    services = replace(house.services, notary=notary)

    envelope = json.loads(json.dumps(statement.signed_statement(services, full(house, ana.subject_id))))

    public = Ed25519PublicKey.from_public_bytes(decoded(notary.public_jwk["x"]))
    public.verify(decoded(envelope["signature"]), f"{envelope['protected']}.{envelope['payload']}".encode())
    assert json.loads(decoded(envelope["payload"])) == envelope["document"]
    changed = json.loads(json.dumps(envelope).replace("ana.souza", "ana.sousa"))
    for forged, verifier in ((changed, notary), (envelope, MemoryNotary())):
        with pytest.raises(InvalidInputError):
            opened(verifier, STATEMENT, forged)


def test_script_in_a_display_name_is_letters_on_paper(house: House) -> None:
    name = person("ana")
    evil = type(name)(name.user_id, name.username, SCRIPT)
    ana = house.enrolling.enroll(
        evil, department=ICU, pictures=pictures("ana"), notice_version="2026-11", act=house.act()
    )
    envelope = statement.signed_statement(house.services, full(house, ana.subject_id))
    report = report_of(envelope)

    page = render(report)

    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    printed = render_pdf(report)
    assert printed.startswith(b"%PDF-")
    assert not any(word in printed for word in (b"/JavaScript", b"/JS", b"/OpenAction /S"))


def test_the_erased_get_paper_too(house: House) -> None:
    ana = house.enroll("ana")
    erased = erase.as_document(erase.erase(house.services, ana.subject_id, act=house.act()))
    document = statement.erased(ana.subject_id, erased, house.clock.now())

    page = render(report_of(statement.signed_statement(house.services, document)))

    assert "no personal data held" in page
    assert str(ana.enrollment_id) in page, "the certificate says what was destroyed"


def test_thousands_of_attempts_are_told_within_two_seconds(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    (row,) = house.rows("auth_log_rows")
    rows = [
        row | {"attempt_id": UUID(int=number + 1), "started_at": row["started_at"] + timedelta(minutes=number)}
        for number in range(MANY)
    ]
    changes = [Put("auth_log_rows", {"attempt_id": each["attempt_id"]}, each) for each in rows]
    assert house.services.read_models.apply("more", changes, expected=0, position=1)

    # What the work takes; the clock on the wall also counts what others do on this machine.
    began = time.process_time()
    envelope = statement.signed_statement(house.services, full(house, ana.subject_id))
    printed = render_pdf(report_of(envelope))
    took = time.process_time() - began

    assert took < 2
    assert printed.startswith(b"%PDF")
    assert len(envelope["document"]["attempts"]["list"]) == MANY + 1
    attempts = report_of(envelope).sections[2].tables[0]
    assert len(attempts.rows) == MOST_ROWS
    assert attempts.note is not None
    assert "5001" in attempts.note[1]


def test_a_session_that_was_ended_says_why(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    end_sessions(house.services, Which(subject_id=ana.subject_id), reason="lost", act=house.act())

    (session,) = full(house, ana.subject_id)["sessions"]

    assert (session["status"], session["ended_reason"]) == ("revoked", "lost")
