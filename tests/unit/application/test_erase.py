"""Erasure: what ends, in which order, what is left to see, and when it is final."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import consent as consents
from application import erase, history
from application.ports.vault import subject_owner
from domain.consent import PURPOSES, Consent
from domain.enrollment import ERASED, Enrollment
from domain.errors import (
    AlreadyErasedError,
    KeyDestroyedError,
    NotFoundError,
)
from domain.session import REVOKED, Session
from tests.house import ICU, LAB, House
from tests.unit.application.erasing import erasure_of, forget
from tests.unit.application.rotating import journal

if TYPE_CHECKING:
    pass

SEALED = ("user_id_sealed", "username_sealed", "display_name_sealed")


def test_everything_of_a_person_ends_in_this_order(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    before = house.store.position()

    erased = forget(house, ana.subject_id)

    assert house.names(before) == [
        "erasure.requested.v1",
        "consent.withdrawn.v1",
        "consent.withdrawn.v1",
        "enrollment.revoked.v1",
        "enrollment.erased.v1",
        "session.revoked.v1",
        "erasure.executed.v1",
    ]
    assert (erased.subject_id, erased.erased_at, erased.final) == (ana.subject_id, house.clock.now(), False)


def test_the_data_key_is_destroyed_before_the_erasure_says_that_it_is_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = house.enroll("ana")
    seen: list[list[str]] = []
    destroy = house.vault.destroy_key

    def watched(owner: str) -> None:
        seen.append(house.names())
        destroy(owner)

    monkeypatch.setattr(house.vault, "destroy_key", watched)
    forget(house, ana.subject_id)

    assert [names[-1] for names in seen] == ["enrollment.erased.v1"]


def test_nothing_stands_for_an_erased_person(house: House) -> None:
    ana = house.enroll("ana")
    admitted = house.sign_in("ana").admission
    assert admitted is not None

    forget(house, ana.subject_id)

    for purpose in PURPOSES:
        assert not house.store.get(Consent, Consent.create_id(ana.subject_id, purpose)).in_force
    assert house.store.get(Enrollment, ana.enrollment_id).status == ERASED
    assert house.store.get(Session, admitted.session_id).status == REVOKED
    assert house.gallery.size(ICU) == 0
    assert not house.vault.has_key(subject_owner(ana.subject_id))
    for kind in ("username", "user_id"):
        value = {"username": "ana.souza", "user_id": "EMP-ana"}[kind]
        assert house.store.claimant(kind, house.vault.digest(kind, value)) is None
    outcome = house.sign_in("ana")
    assert (outcome.success, outcome.code) == (False, "face_not_recognised")
    with pytest.raises(KeyDestroyedError):
        consents.grant(house.services, ana.subject_id, notice_version="2026-11", act=house.act())


def test_others_stay_as_they_are(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    admitted = house.sign_in("bia").admission
    assert admitted is not None

    forget(house, ana.subject_id)

    assert house.store.get(Session, admitted.session_id).in_force(house.clock.now())
    assert house.store.get(Enrollment, bia.enrollment_id).status == "active"
    assert house.sign_in("bia").success


def test_the_rows_are_scrubbed_and_a_replay_gives_the_same(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    forget(house, ana.subject_id)

    (row,) = house.rows("enrollment_rows", subject_id=ana.subject_id)
    assert (row["status"], [row[name] for name in SEALED]) == (ERASED, [None] * 3)
    assert house.rows("active_template_rows") == []
    assert {row["status"] for row in house.rows("template_history_rows")} == {ERASED}
    assert {row["status"] for row in house.rows("consent_rows")} == {"withdrawn"}
    assert {row["withdrawal_reason"] for row in house.rows("consent_rows")} == {erase.REASON}
    assert {row["status"] for row in house.rows("session_rows")} == {REVOKED}
    tables = ("enrollment_rows", "active_template_rows", "template_history_rows", "session_rows", "erasure_rows")
    before = [house.rows(table) for table in tables]
    for name in house.services.projector.names:
        house.services.projector.rebuild(name)
    assert [house.rows(table) for table in tables] == before


def test_the_history_shows_the_person_as_erased_and_everything_else_as_it_was(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")

    forget(house, ana.subject_id)

    def told(subject_id: UUID) -> dict[str, Any]:
        events = history.events(house.store, subject_id=subject_id)
        documents = [history.as_document(event, house.vault, subject_id) for event in events]
        return next(document["data"] for document in documents if document["event"] == "enrollment.opened.v1")

    assert [told(ana.subject_id)[name] for name in ("user_id", "username", "display_name")] == ["[erased]"] * 3
    assert told(ana.subject_id)["department"] == ICU
    assert told(bia.subject_id)["username"] == "bia.souza"


@pytest.mark.parametrize("reason", ["request", "left_hospital", "Ana Souza asked for it"])
def test_a_reason_is_a_code_or_nothing(house: House, reason: str) -> None:
    ana = house.enroll("ana")

    forget(house, ana.subject_id, reason=reason)

    assert erasure_of(house, ana.subject_id).reason == (reason if " " not in reason else "other")


def test_a_suspended_person_and_one_who_withdrew_can_be_erased(house: House) -> None:
    ana, bia = house.enroll("ana"), house.enroll("bia")
    enrollment = house.store.get(Enrollment, ana.enrollment_id)
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)
    consents.withdraw(house.services, bia.subject_id, reason="mine", act=house.act())

    for enrolled in (ana, bia):
        forget(house, enrolled.subject_id)

    assert {row["status"] for row in house.rows("enrollment_rows")} == {ERASED}


def test_every_enrolment_that_somebody_ever_had_is_erased(house: House) -> None:
    first = house.enroll("ana")
    house.enrolling.cancel(first.enrollment_id, department=ICU, reason="moved", act=house.act())
    second = house.enroll("ana", department=LAB)
    assert second.subject_id == first.subject_id

    forget(house, first.subject_id)

    erasure = erasure_of(house, first.subject_id)
    assert set(erasure.enrollments) == {first.enrollment_id, second.enrollment_id}
    assert (erasure.consents, erasure.sessions, erasure.department) == (2, 0, LAB)


def test_nobody_is_erased_twice_and_the_second_try_is_recorded(house: House) -> None:
    ana = house.enroll("ana")
    forget(house, ana.subject_id)
    before = erasure_of(house, ana.subject_id)

    with pytest.raises(AlreadyErasedError):
        forget(house, ana.subject_id)

    assert journal(house) == [("erasure", "refused", "already_erased")]
    assert house.last("journal.recorded.v1")["subject_id"] == ana.subject_id
    assert erasure_of(house, ana.subject_id) == before


def test_somebody_who_was_never_here_is_not_found_and_that_is_recorded(house: House) -> None:
    with pytest.raises(NotFoundError):
        forget(house, UUID(int=5))

    assert journal(house) == [("erasure", "refused", "not_found")]
    assert house.rows("erasure_rows") == []
    assert house.keys.destroyed_data_keys() == []
    with pytest.raises(NotFoundError):
        erase.standing(house.services, UUID(int=5))


def test_the_same_person_enrols_anew_as_somebody_new(house: House) -> None:
    before = house.enroll("ana")
    forget(house, before.subject_id)

    after = house.enroll("ana")

    assert after.subject_id != before.subject_id
    admitted = house.sign_in("ana").admission
    assert admitted is not None
    assert admitted.subject_id == after.subject_id
    assert house.store.get(Enrollment, before.enrollment_id).status == ERASED
    forget(house, after.subject_id)
    assert not house.sign_in("ana").success


def test_a_session_that_was_open_opens_nothing_more(house: House) -> None:
    ana = house.enroll("ana")
    admitted = house.sign_in("ana").admission
    assert admitted is not None

    forget(house, ana.subject_id)

    session = house.store.get(Session, admitted.session_id)
    assert not session.in_force(house.clock.now())
    assert {row["ended_reason"] for row in house.rows("session_rows")} == {erase.REASON}
