"""Stories of enrolments whose captures come one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import picture
from application import consent as consents
from application.enroll import MAX_PENDING, PENDING_LIFETIME, EnrollmentRefusedError
from application.notice import BUILT_IN
from domain.consent import ENROLLMENT
from domain.enrollment import ACTIVE, OPEN, REVOKED, Enrollment
from domain.errors import (
    AlreadyEnrolledError,
    CaptureCountError,
    ConcurrencyError,
    ConsentMissingError,
    EnrollmentStateError,
    NotFoundError,
    UnavailableError,
)
from tests.house import ICU, LAB, person, pictures

if TYPE_CHECKING:
    from uuid import UUID

    from tests.house import House


def open_for(house: House, name: str) -> UUID:
    return house.enrolling.open(person(name), department=ICU, notice_version=BUILT_IN.version, act=house.act()).id


def test_enrolment_does_not_finish_when_consent_is_withdrawn_meanwhile(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    for payload in pictures("ana"):
        house.enrolling.capture(enrollment_id, payload, department=ICU, act=house.act())
    subject_id = house.store.get(Enrollment, enrollment_id).subject_id
    consent = consents.required(house.services, subject_id, ENROLLMENT)
    consent.withdraw(reason="changed my mind", act=house.act())
    house.store.save(consent)

    with pytest.raises(ConsentMissingError):
        house.enrolling.complete(enrollment_id, department=ICU, act=house.act())

    assert house.gallery.size(ICU) == 0
    assert "enrollment.activated.v1" not in house.names()


def test_a_withdrawal_that_races_with_completion_wins(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    for payload in pictures("ana"):
        house.enrolling.capture(enrollment_id, payload, department=ICU, act=house.act())
    subject_id = house.store.get(Enrollment, enrollment_id).subject_id
    house.store.before_next_save = lambda: consents.withdraw(
        house.services, subject_id, reason="changed my mind", act=house.act()
    )

    with pytest.raises(ConcurrencyError):
        house.enrolling.complete(enrollment_id, department=ICU, act=house.act())

    assert house.store.get(Enrollment, enrollment_id).status == REVOKED
    assert "enrollment.activated.v1" not in house.names()
    assert house.traces == 0


def test_consent_that_ends_just_before_the_template_is_saved_prevents_it(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    for payload in pictures("ana"):
        house.enrolling.capture(enrollment_id, payload, department=ICU, act=house.act())
    consent = consents.required(house.services, house.store.get(Enrollment, enrollment_id).subject_id, ENROLLMENT)
    consent.expire(act=house.act())
    house.store.before_next_save = lambda: house.store.save(consent)

    with pytest.raises(ConcurrencyError):
        house.enrolling.complete(enrollment_id, department=ICU, act=house.act())

    assert house.store.get(Enrollment, enrollment_id).status == OPEN


def test_enrolment_goes_step_by_step_too(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    results = [
        house.enrolling.capture(enrollment_id, payload, department=ICU, act=house.act())
        for payload in [b"garbage", *pictures("ana")]
    ]
    house.enrolling.complete(enrollment_id, department=ICU, act=house.act())

    assert [result.reason for result in results] == ["invalid_image", None, None, None, None, None]
    assert house.sign_in("ana").success
    assert house.traces == 0


def test_completing_too_early_ends_the_enrolment(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    house.enrolling.capture(enrollment_id, picture("ana"), department=ICU, act=house.act())

    with pytest.raises(EnrollmentRefusedError):
        house.enrolling.complete(enrollment_id, department=ICU, act=house.act())

    assert house.store.get(Enrollment, enrollment_id).status == REVOKED
    assert house.traces == 0


def test_captures_sent_at_once_are_taken_one_after_the_other(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    with ThreadPoolExecutor(8) as clients:
        results = clients.map(
            lambda payload: house.enrolling.capture(enrollment_id, payload, department=ICU, act=house.act()),
            pictures("ana", 8),
        )

        assert all(result.accepted for result in results)
    assert house.store.get(Enrollment, enrollment_id).accepted == 8


def test_a_capture_that_could_not_be_saved_can_be_sent_again(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    house.store.before_next_save = lambda: setattr(house.store, "lost", True)
    with pytest.raises(UnavailableError):
        house.enrolling.capture(enrollment_id, picture("ana"), department=ICU, act=house.act())
    traces = house.traces
    house.store.lost = False

    again = house.enrolling.capture(enrollment_id, picture("ana"), department=ICU, act=house.act())

    assert traces == 0
    assert again.accepted


def test_an_eleventh_capture_is_refused_and_leaves_nothing_behind(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    for payload in pictures("ana", 10):
        house.enrolling.capture(enrollment_id, payload, department=ICU, act=house.act())

    with pytest.raises(CaptureCountError):
        house.enrolling.capture(enrollment_id, picture("ana", take=10), department=ICU, act=house.act())

    house.enrolling.complete(enrollment_id, department=ICU, act=house.act())
    assert house.traces == 0


def test_a_half_open_enrolment_gives_way_to_a_new_one(house: House) -> None:
    forgotten = open_for(house, "ana")

    house.enroll("ana")

    assert house.store.get(Enrollment, forgotten).status == REVOKED
    assert house.sign_in("ana").success


def test_captures_do_not_wait_for_ever(house: House) -> None:
    forgotten = open_for(house, "ana")
    house.enrolling.capture(forgotten, picture("ana"), department=ICU, act=house.act())
    house.clock.advance(PENDING_LIFETIME + timedelta(seconds=1))

    open_for(house, "bia")

    assert house.traces == 0
    with pytest.raises(EnrollmentStateError):
        house.enrolling.capture(forgotten, picture("ana", take=2), department=ICU, act=house.act())


def test_not_more_than_so_many_enrolments_wait_at_once(house: House) -> None:
    oldest, *_ = [open_for(house, f"p{number}") for number in range(MAX_PENDING + 1)]

    with pytest.raises(EnrollmentStateError):
        house.enrolling.capture(oldest, picture("p0"), department=ICU, act=house.act())


def test_cancelling_in_the_middle_wipes_the_captures(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    house.enrolling.capture(enrollment_id, picture("ana"), department=ICU, act=house.act())

    house.enrolling.cancel(enrollment_id, department="*", reason="left", act=house.act())

    assert house.traces == 0


def test_another_department_cannot_touch_an_enrolment(house: House) -> None:
    enrollment_id = open_for(house, "ana")
    enrolled = house.enroll("bia")

    with pytest.raises(NotFoundError):
        house.enrolling.capture(enrollment_id, picture("ana"), department=LAB, act=house.act())
    with pytest.raises(NotFoundError):
        house.enrolling.complete(enrollment_id, department=LAB, act=house.act())
    with pytest.raises(NotFoundError):
        house.enrolling.cancel(enrolled.enrollment_id, department=LAB, reason="spite", act=house.act())
    assert house.store.get(Enrollment, enrollment_id).status == OPEN
    assert house.store.get(Enrollment, enrolled.enrollment_id).status == ACTIVE


def test_another_department_cannot_push_out_an_enrolment_in_progress_until_it_is_stale(house: House) -> None:
    waiting = open_for(house, "ana")
    elsewhere: dict[str, Any] = {"department": LAB, "notice_version": BUILT_IN.version}

    with pytest.raises(AlreadyEnrolledError):
        house.enrolling.open(person("ana"), act=house.act(), **elsewhere)
    assert house.store.get(Enrollment, waiting).status == OPEN

    house.clock.advance(PENDING_LIFETIME + timedelta(seconds=1))
    house.enrolling.open(person("ana"), act=house.act(), **elsewhere)
    assert house.store.get(Enrollment, waiting).status == REVOKED
