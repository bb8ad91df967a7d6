"""Promises 3, 4 and 5 of the house: the index is a hint, consent gates everything, nothing personal in the clear."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from adapters.read_model_tables import READ_MODEL_TABLES
from application import consent as consents
from application.consent import revoke_enrollment
from domain.biometrics import ModelId, SealedTemplate
from domain.consent import AUTHENTICATION, ENROLLMENT, Consent
from domain.enrollment import Enrollment
from domain.errors import (
    ConsentAlreadyGivenError,
    ConsentMissingError,
    InvalidInputError,
    NoticeOutdatedError,
    UnavailableError,
)
from domain.session import OPEN, REVOKED, Session
from tests.house import ADDRESS, AGENT, ICU, LAB, House, frames, person


def revoke(house: House, enrollment: Enrollment) -> None:
    revoke_enrollment(house.services, enrollment, reason="left", act=house.act())


def suspend(house: House, enrollment: Enrollment) -> None:
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)


def move(house: House, enrollment: Enrollment) -> None:
    enrollment.change_department(LAB, act=house.act())
    house.store.save(enrollment)


def end_consent(purpose: str) -> Callable[[House, Enrollment], None]:
    def end(house: House, enrollment: Enrollment) -> None:
        consent = house.store.get(Consent, Consent.create_id(enrollment.subject_id, purpose))
        consent.withdraw(reason="mine", act=house.act())
        house.store.save(consent)

    return end


CHANGES = {
    "revoked": (revoke, "enrollment_inactive"),
    "suspended": (suspend, "enrollment_inactive"),
    "moved to another department": (move, "enrollment_inactive"),
    "consent to enrolment withdrawn": (end_consent(ENROLLMENT), "consent_missing"),
    "consent to authentication withdrawn": (end_consent(AUTHENTICATION), "consent_missing"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_stale_gallery_can_refuse_but_never_admits(house: House, change: str) -> None:
    enrolled = house.enroll("ana")
    happen, reason = CHANGES[change]
    happen(house, house.store.get(Enrollment, enrolled.enrollment_id))

    outcome = house.sign_in("ana")

    assert house.gallery.size(ICU) == 1, "the gallery was to be stale"
    assert (outcome.success, outcome.code) == (False, "face_not_recognised")
    refused = house.last("attempt.refused.v1")
    assert (refused["reason"], refused["subject_id"]) == (reason, enrolled.subject_id)
    assert "session.opened.v1" not in house.names()


def test_a_gallery_that_serves_a_replaced_template_admits_nobody(house: House) -> None:
    before = house.enroll("ana")
    revoke(house, house.store.get(Enrollment, before.enrollment_id))
    after = house.enroll("ana")
    (shelf,) = house.gallery._shelves.values()
    (entry,) = shelf._entries
    stale = type(entry)(entry.subject_id, after.enrollment_id, before.template_id, None)
    shelf._entries[0] = stale

    outcome = house.sign_in("ana")

    assert not outcome.success
    assert house.last("attempt.refused.v1")["reason"] == "template_replaced"


def test_a_personal_threshold_that_was_lowered_in_the_index_admits_nobody(house: House) -> None:
    ana = house.enroll("ana")
    strict = house.store.get(Enrollment, ana.enrollment_id)
    strict.override_threshold(0.999, act=house.act())
    house.store.save(strict)
    house.gallery.catch_up(house.store.position())
    (shelf,) = house.gallery._shelves.values()
    (entry,) = shelf._entries
    shelf._entries[0] = replace(entry, threshold_override=None)

    assert not house.sign_in("ana").success
    assert house.last("attempt.refused.v1")["reason"] == "template_replaced"


def test_a_gallery_that_names_the_wrong_person_admits_nobody(house: House) -> None:
    house.enroll("ana")
    other = house.enroll("bia")
    (shelf,) = house.gallery._shelves.values()
    ana = shelf._entries[0]
    shelf._entries[0] = type(ana)(other.subject_id, ana.enrollment_id, ana.template_id, None)

    assert not house.sign_in("ana").success


def test_a_gallery_that_names_an_enrolment_nobody_knows_admits_nobody(house: House) -> None:
    house.enroll("ana")
    (shelf,) = house.gallery._shelves.values()
    ana = shelf._entries[0]
    shelf._entries[0] = type(ana)(ana.subject_id, UUID(int=999), ana.template_id, None)

    assert not house.sign_in("ana").success
    assert house.last("attempt.refused.v1")["reason"] == "not_found"


RACES = {name: happen for name, (happen, _) in CHANGES.items()} | {
    "withdrawn by the use case": lambda house, enrollment: consents.withdraw(
        house.services, enrollment.subject_id, reason="mine", act=house.act()
    )
}


@pytest.mark.parametrize("race", RACES)
def test_a_change_between_the_last_check_and_the_commit_wins(house: House, race: str) -> None:
    enrollment = house.store.get(Enrollment, house.enroll("ana").enrollment_id)
    attempt = house.shown(frames("ana"))
    house.store.before_next_save = lambda: RACES[race](house, enrollment)

    outcome = attempt.decide()

    assert (outcome.success, outcome.code) == (False, "face_not_recognised")
    names = house.names()
    assert "session.opened.v1" not in names
    assert "attempt.succeeded.v1" not in names
    assert "attempt.refused.v1" in names
    assert house.traces == 0


def test_a_success_that_commits_first_is_ended_by_the_withdrawal(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    house.store.before_next_save = lambda: house.sign_in("ana")

    ended = consents.withdraw(house.services, subject_id, reason="mine", act=house.act())

    assert ended.sessions_revoked == 1
    assert [row["status"] for row in house.rows("session_rows")] == ["revoked"]


def test_an_unrelated_change_meanwhile_does_not_refuse_anybody(house: House) -> None:
    house.enroll("ana")
    attempt = house.shown(frames("ana"))
    house.store.before_next_save = lambda: house.enroll("bia")

    assert attempt.decide().success


def test_a_harmless_change_of_the_same_enrolment_is_decided_again(house: House) -> None:
    enrollment = house.store.get(Enrollment, house.enroll("ana").enrollment_id)

    def override() -> None:
        enrollment.override_threshold(0.6, act=house.act())
        house.store.save(enrollment)

    attempt = house.shown(frames("ana"))
    house.store.before_next_save = override

    assert attempt.decide().success
    assert house.names().count("attempt.succeeded.v1") == 1


def test_changes_that_never_end_are_a_refusal(house: House) -> None:
    enrollment = house.store.get(Enrollment, house.enroll("ana").enrollment_id)

    def again() -> None:
        enrollment.override_threshold(0.6, act=house.act())
        house.store.save(enrollment)
        house.store.before_next_save = again

    attempt = house.shown(frames("ana"))
    house.store.before_next_save = again

    outcome = attempt.decide()

    assert (outcome.success, outcome.code) == (False, "unavailable")


def test_withdrawal_ends_consents_enrolment_and_sessions_before_it_returns(house: House) -> None:
    enrolled = house.enroll("ana")
    outcome = house.sign_in("ana")
    assert outcome.admission is not None

    ended = consents.withdraw(house.services, enrolled.subject_id, reason="mine", act=house.act())

    assert sorted(ended.purposes) == [AUTHENTICATION, ENROLLMENT]
    assert (ended.enrollment_revoked, ended.sessions_revoked) == (True, 1)
    assert house.store.get(Session, outcome.admission.session_id).status == REVOKED
    assert house.store.get(Enrollment, enrolled.enrollment_id).status == "revoked"
    assert house.gallery.size(ICU) == 0


def test_withdrawing_consent_to_authentication_alone_keeps_the_enrolment(house: House) -> None:
    enrolled = house.enroll("ana")
    house.sign_in("ana")

    ended = consents.withdraw(
        house.services, enrolled.subject_id, reason="mine", act=house.act(), purposes=[AUTHENTICATION]
    )

    assert (ended.enrollment_revoked, ended.sessions_revoked) == (False, 1)
    assert house.store.get(Enrollment, enrolled.enrollment_id).status == "active"


def test_a_withdrawal_leaves_other_people_alone(house: House) -> None:
    ana = house.enroll("ana")
    house.enroll("bia")
    outcome = house.sign_in("bia")
    assert outcome.admission is not None

    consents.withdraw(house.services, ana.subject_id, reason="mine", act=house.act())

    assert house.store.get(Session, outcome.admission.session_id).status == OPEN
    assert house.sign_in("bia").success


def test_nothing_is_withdrawn_twice(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    consents.withdraw(house.services, subject_id, reason="mine", act=house.act())

    with pytest.raises(ConsentMissingError):
        consents.withdraw(house.services, subject_id, reason="mine", act=house.act())


@pytest.mark.parametrize("saves", [1, 2])
def test_a_withdrawal_that_was_cut_off_is_completed_when_it_is_repeated(house: House, saves: int) -> None:
    enrolled = house.enroll("ana")
    house.sign_in("ana")

    def lose_after(more: int) -> None:
        house.store.lost = not more
        house.store.before_next_save = (lambda: lose_after(more - 1)) if more else None

    house.store.before_next_save = lambda: lose_after(saves)
    with pytest.raises(UnavailableError):
        consents.withdraw(house.services, enrolled.subject_id, reason="mine", act=house.act())
    house.store.lost = False
    assert not house.sign_in("ana").success

    ended = consents.withdraw(house.services, enrolled.subject_id, reason="mine", act=house.act())

    assert ended.sessions_revoked == 1
    assert house.store.get(Enrollment, enrolled.enrollment_id).status == "revoked"
    assert house.gallery.size(ICU) == 0


def test_a_withdrawal_from_somebody_unknown_is_refused(house: House) -> None:
    with pytest.raises(ConsentMissingError):
        consents.withdraw(house.services, UUID(int=5), reason="mine", act=house.act())


@pytest.mark.parametrize("purposes", [[], ["marketing"], [ENROLLMENT, "marketing"]])
def test_consent_has_known_purposes_only(house: House, purposes: list[str]) -> None:
    subject_id = house.enroll("ana").subject_id

    with pytest.raises(InvalidInputError):
        consents.withdraw(house.services, subject_id, reason="mine", act=house.act(), purposes=purposes)
    with pytest.raises(InvalidInputError):
        consents.grant(house.services, subject_id, notice_version="2026-11", act=house.act(), purposes=purposes)


def test_consent_that_is_in_force_is_not_given_twice(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    before = house.store.position()

    assert consents.grant(house.services, subject_id, notice_version="2026-11", act=house.act()) == []
    assert house.store.position() == before
    consent = house.store.get(Consent, Consent.create_id(subject_id, ENROLLMENT))
    with pytest.raises(ConsentAlreadyGivenError):
        consent.renew(notice=(consent.notice_version, consent.notice_sha256), act=house.act())


def test_consent_to_an_old_notice_is_not_taken(house: House) -> None:
    with pytest.raises(NoticeOutdatedError):
        consents.grant(house.services, UUID(int=5), notice_version="2001-01", act=house.act())


# Nothing personal in the clear --------------------------------------------------------------------------------------


def everything_stored(house: House) -> str:
    """All fields of all events and all read-model rows, and all bytes of all stored rows, as one text."""
    facts: list[Any] = [dict(event.fields) for event in house.store.read(0, 10_000)]
    facts += [house.rows(table) for table in READ_MODEL_TABLES]
    raw = [row.state for row in house.store._recorder.select_notifications(start=1, limit=10_000)]
    facts.append([state.decode("latin-1") for state in raw])

    def plain(value: Any) -> Any:
        return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)

    return json.dumps(facts, default=plain, ensure_ascii=False)


def test_no_event_and_no_row_holds_anything_personal_in_the_clear(house: House) -> None:
    ana = house.enroll("ana")
    house.sign_in("ana")
    house.sign_in("ana", claim="ana.souza")
    house.sign_in("stranger", claim="somebody.else")
    consents.withdraw(house.services, ana.subject_id, reason="mine", act=house.act())

    stored = everything_stored(house).casefold()

    assert str(ana.subject_id) in stored
    for secret in (*asdict(person("ana")).values(), "souza", "somebody.else", ADDRESS, AGENT):
        assert secret.casefold() not in stored


def test_what_is_personal_prints_as_nothing(house: House) -> None:
    enrolled = house.enroll("ana")
    enrollment = house.store.get(Enrollment, enrolled.enrollment_id)

    assert enrollment.sealed not in repr(enrollment.template)
    assert enrollment.sealed not in repr(SealedTemplate(UUID(int=1), ModelId("m"), enrollment.sealed))
    assert enrollment.sealed not in repr(house.store.stream(enrollment.id))
