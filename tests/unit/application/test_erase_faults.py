"""Erasures that are cut off, raced or hindered: completed in the end, and nobody gets in meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from application import consent as consents
from application import erase
from application.ports.vault import subject_owner
from domain.consent import AUTHENTICATION, Consent
from domain.enrollment import ERASED, Enrollment
from domain.erasure import EXECUTED, FINAL, REQUESTED
from domain.errors import FaceauthError, KeyDestroyedError, NotFoundError
from domain.session import Session
from entrypoints.worker import Worker
from tests.house import ICU, House, frames, person, pictures
from tests.unit.application.erasing import damage, erasure_of, forget
from tests.unit.application.rotating import Killed, journal

if TYPE_CHECKING:
    from uuid import UUID


def die_after(house: House, saves: int) -> None:
    """Let that many saves happen; then the process is gone."""

    def count() -> None:
        nonlocal saves
        if saves == 0:
            raise Killed
        saves -= 1
        house.store.before_next_save = count

    house.store.before_next_save = count


def erased_for_good(house: House, subject_id: UUID) -> bool:
    """Whether nothing at all stands for that person."""
    return (
        not house.vault.has_key(subject_owner(subject_id))
        and {row["status"] for row in house.rows("enrollment_rows", subject_id=subject_id)} == {ERASED}
        and not house.rows("session_rows", subject_id=subject_id, status="open")
        and not house.rows("consent_rows", subject_id=subject_id, status="granted")
        and not house.rows("active_template_rows", subject_id=subject_id)
        and house.gallery.size(ICU) == 0
    )


SAVES = 4
"""Of an erasure, before the one that says it is executed: request, consents, enrolment, sessions."""


@pytest.mark.parametrize("saves", range(1, SAVES + 1))
@pytest.mark.parametrize("by", ["worker", "again"])
def test_an_erasure_killed_after_any_commit_is_completed(house: House, saves: int, by: str) -> None:
    ana = house.enroll("ana").subject_id
    house.sign_in("ana")
    die_after(house, saves)
    with pytest.raises(Killed):
        forget(house, ana)
    house.store.before_next_save = None
    assert erasure_of(house, ana).status == REQUESTED
    with pytest.raises(NotFoundError):
        erase.standing(house.services, ana)
    if saves > 1:
        assert not house.sign_in("ana").success, "without consent nobody gets in, however far the rest is"

    if by == "worker":
        Worker(house.services, house.faults.append).work(1000.0)
        assert [fault for fault in house.faults if not isinstance(fault, KeyDestroyedError)] == []
    else:
        forget(house, ana)

    assert erasure_of(house, ana).status == EXECUTED
    assert erased_for_good(house, ana)
    assert house.names().count("erasure.requested.v1") == house.names().count("erasure.executed.v1") == 1
    assert not house.sign_in("ana").success


def test_an_erasure_killed_before_it_was_requested_never_was(house: House) -> None:
    ana = house.enroll("ana").subject_id
    die_after(house, 0)
    with pytest.raises(Killed):
        forget(house, ana)

    assert erase.resume_erasures(house.services, act=house.act()) == []
    assert house.sign_in("ana").success


def test_an_erasure_killed_between_the_key_and_the_last_word_is_completed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = house.enroll("ana").subject_id
    destroy = house.vault.destroy_key

    def destroy_and_die(owner: str) -> None:
        destroy(owner)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(house.vault, "destroy_key", destroy_and_die)
        with pytest.raises(Killed):
            forget(house, ana)

    assert erase.resume_erasures(house.services, act=house.act()) == [ana]
    assert erased_for_good(house, ana)
    assert erasure_of(house, ana).wrapped_under == ["kek-1"]


def test_the_worker_resumes_what_was_cut_off_and_nothing_else(house: House) -> None:
    ana, bia = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    die_after(house, 1)
    with pytest.raises(Killed):
        forget(house, ana)
    house.store.before_next_save = None

    assert erase.resume_erasures(house.services, act=house.act()) == [ana]
    assert erase.resume_erasures(house.services, act=house.act()) == []
    assert house.sign_in("bia").success
    assert house.vault.has_key(subject_owner(bia))


def test_killed_while_it_is_made_final_it_becomes_final_at_the_next_turn(house: House) -> None:
    ana, bia = house.enroll("ana").subject_id, house.enroll("bia").subject_id
    forget(house, ana)
    forget(house, bia)
    die_after(house, 2)
    with pytest.raises(Killed):
        erase.finalise(house.services, act=house.act(), force=True)
    house.store.before_next_save = None

    assert erase.finalise(house.services, act=house.act()) == [bia]
    assert {row["status"] for row in house.rows("erasure_rows")} == {FINAL}


# Races --------------------------------------------------------------------------------------------------------------


def test_somebody_erased_while_they_sign_in_does_not_get_in(house: House) -> None:
    ana = house.enroll("ana").subject_id
    attempt = house.shown(frames("ana"))
    house.store.before_next_save = lambda: forget(house, ana)

    outcome = attempt.decide()

    assert (outcome.success, outcome.code) == (False, "face_not_recognised")
    assert "session.opened.v1" not in house.names()
    assert "attempt.succeeded.v1" not in house.names()
    assert erased_for_good(house, ana)
    assert house.traces == 0


@pytest.mark.parametrize("saves", range(SAVES + 1))
def test_a_sign_in_at_any_moment_of_an_erasure_leaves_no_session(house: House, saves: int) -> None:
    ana = house.enroll("ana").subject_id
    house.sign_in("ana")
    outcomes: list[bool] = []

    def arm(left: int) -> None:
        def hook() -> None:
            if left:
                arm(left - 1)
            else:
                outcomes.append(house.sign_in("ana").success)

        house.store.before_next_save = hook

    arm(saves)
    forget(house, ana)

    assert outcomes == [saves < 2], "only before consent ends"
    assert erased_for_good(house, ana)
    assert not house.sign_in("ana").success


def test_an_attempt_that_looked_before_the_erasure_and_decides_after_it_is_refused(house: House) -> None:
    ana = house.enroll("ana").subject_id
    attempts = [house.shown(frames("ana")) for _ in range(2)]

    forget(house, ana)

    assert [attempt.decide().success for attempt in attempts] == [False, False]
    assert "session.opened.v1" not in house.names()


def test_somebody_erased_while_they_are_enrolled_anew_ends_up_erased_or_as_somebody_new(house: House) -> None:
    ana = house.enroll("ana")
    house.enrolling.cancel(ana.enrollment_id, department=ICU, reason="left", act=house.act())
    house.store.before_next_save = lambda: forget(house, ana.subject_id)

    with pytest.raises(KeyDestroyedError):
        house.enroll("ana")

    assert erased_for_good(house, ana.subject_id)
    after = house.enroll("ana")
    assert after.subject_id != ana.subject_id
    assert house.sign_in("ana").success


def test_somebody_erased_between_two_captures_is_not_enrolled(house: House) -> None:
    opened = house.enrolling.open(person("ana"), department=ICU, notice_version="2026-11", act=house.act())
    for picture in pictures("ana"):
        house.enrolling.capture(opened.id, picture, department=ICU, act=house.act())
    forget(house, opened.subject_id)

    with pytest.raises(FaceauthError):
        house.enrolling.complete(opened.id, department=ICU, act=house.act())
    assert erased_for_good(house, opened.subject_id)
    assert not house.sign_in("ana").success


def test_an_administrator_who_changes_the_enrolment_meanwhile_does_not_hinder_it(house: House) -> None:
    ana = house.enroll("ana")
    armed = iter([1, 2])

    def override() -> None:
        enrollment = house.store.get(Enrollment, ana.enrollment_id)
        if enrollment.status == "active":
            enrollment.override_threshold(0.7, act=house.act())
            house.store.save(enrollment)
        if next(armed, None):
            house.store.before_next_save = override

    house.store.before_next_save = override
    forget(house, ana.subject_id)

    assert erased_for_good(house, ana.subject_id)


# Damage -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["enrolment", "consent", "session"])
def test_a_row_that_somebody_damaged_does_not_keep_a_person_from_being_erased(house: House, what: str) -> None:
    ana = house.enroll("ana")
    admitted, other = house.sign_in("ana").admission, house.sign_in("ana").admission
    assert admitted is not None
    assert other is not None
    aggregates: dict[str, Any] = {
        "enrolment": house.store.get(Enrollment, ana.enrollment_id),
        "consent": house.store.get(Consent, Consent.create_id(ana.subject_id, AUTHENTICATION)),
        "session": house.store.get(Session, admitted.session_id),
    }
    damage(house, aggregates[what])

    forget(house, ana.subject_id)

    assert erasure_of(house, ana.subject_id).status == EXECUTED
    assert not house.vault.has_key(subject_owner(ana.subject_id))
    assert not house.store.get(Session, other.session_id).in_force(house.clock.now())
    assert not house.sign_in("ana").success
    assert house.gallery.size(ICU) == 0


def test_an_erasure_that_somebody_damaged_does_not_hold_up_the_others(house: House) -> None:
    first, second, third = (house.enroll(name).subject_id for name in ("ana", "bia", "caio"))
    for subject in (first, second):
        die_after(house, 1)
        with pytest.raises(Killed):
            forget(house, subject)
        house.store.before_next_save = None
    forget(house, third)
    damage(house, erasure_of(house, first))

    erase.resume_erasures(house.services, act=house.act())
    erase.finalise(house.services, act=house.act(), force=True)

    assert ("erasure", "broken", "seal_broken") in journal(house)
    assert {erasure_of(house, subject).status for subject in (second, third)} == {FINAL}


def test_a_withdrawal_is_not_held_up_by_a_damaged_session_either(house: House) -> None:
    ana = house.enroll("ana").subject_id
    admitted, other = house.sign_in("ana").admission, house.sign_in("ana").admission
    assert admitted is not None
    assert other is not None
    damage(house, house.store.get(Session, admitted.session_id))

    ended = consents.withdraw(house.services, ana, reason="mine", act=house.act())

    assert ended.sessions_revoked == 1
    assert not house.store.get(Session, other.session_id).in_force(house.clock.now())
