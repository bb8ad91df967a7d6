"""Stories of enrolment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.memory.vision import picture
from application import consent as consents
from application.enroll import EnrollmentRefusedError
from application.notice import BUILT_IN
from application.person import Person
from application.templates import open_template
from domain.consent import AUTHENTICATION
from domain.enrollment import Enrollment
from domain.errors import (
    AlreadyEnrolledError,
    CaptureCountError,
    DepartmentUnknownError,
    InvalidInputError,
    NoticeOutdatedError,
    UnavailableError,
    UsernameTakenError,
)
from tests.house import ICU, LAB, frames, pictures

if TYPE_CHECKING:
    from tests.house import House


def test_a_person_who_consents_is_enrolled_and_can_sign_in(house: House) -> None:
    enrolled = house.enroll("ana")

    outcome = house.sign_in("ana")

    assert [capture.accepted for capture in enrolled.captures] == [True] * 5
    assert outcome.success
    assert outcome.admission is not None
    assert (outcome.admission.subject_id, outcome.admission.username) == (enrolled.subject_id, "ana.souza")


def test_enrolment_tells_its_whole_story(house: House) -> None:
    house.enroll("ana")

    assert house.names() == [
        "consent.granted.v1",
        "consent.granted.v1",
        "enrollment.opened.v1",
        *["enrollment.capture_accepted.v1"] * 5,
        "enrollment.template_sealed.v1",
        "enrollment.activated.v1",
    ]


def test_the_stored_template_is_the_sealed_mean_of_the_captures(house: House) -> None:
    enrolled = house.enroll("ana")
    enrollment = house.store.get(Enrollment, enrolled.enrollment_id)

    assert enrollment.template is not None
    stored = open_template(house.vault, enrolled.subject_id, enrollment.template)
    assert stored.transform == house.services.protection.active()
    assert stored.vector.shape == (64,)
    assert np.linalg.norm(stored.vector) == pytest.approx(1.0, abs=1e-5)


def test_nobody_is_enrolled_on_an_outdated_notice(house: House) -> None:
    with pytest.raises(NoticeOutdatedError):
        house.enroll("ana", notice_version="2001-01")

    assert house.names() == []


def test_an_unknown_department_takes_nobody(house: House) -> None:
    with pytest.raises(DepartmentUnknownError):
        house.enroll("ana", department="morgue")


@pytest.mark.parametrize("count", [0, 2, 4, 11, 50])
def test_an_enrolment_takes_five_to_ten_pictures(house: House, count: int) -> None:
    with pytest.raises(CaptureCountError):
        house.enroll("ana", pictures=pictures("ana", count))

    assert house.names() == []


@pytest.mark.parametrize(
    "broken",
    [
        Person("", "ana", "Ana"),
        Person("1", "a" * 101, "Ana"),
        Person("1", "ana", "Ana\x00Souza"),
        Person("1", " \t ", "Ana"),
        Person("1", "ana", "\u202eanA"),
    ],
)
def test_personal_fields_are_printable_and_fit(house: House, broken: Person) -> None:
    with pytest.raises(InvalidInputError):
        house.enrolling.enroll(
            broken, department=ICU, pictures=pictures("ana"), notice_version=BUILT_IN.version, act=house.act()
        )


def test_the_same_picture_five_times_is_refused_and_says_why(house: House) -> None:
    with pytest.raises(EnrollmentRefusedError) as refusal:
        house.enroll("ana", pictures=[picture("ana", take=1)] * 5)

    assert refusal.value.code == "captures_insufficient"
    assert [capture.reason for capture in refusal.value.captures] == [None, *["captures_must_differ"] * 4]
    assert house.names()[-1] == "enrollment.revoked.v1"
    assert house.last("enrollment.revoked.v1")["reason"] == "captures_insufficient"


def test_every_rejected_capture_is_named_with_its_reason(house: House) -> None:
    given = [
        *pictures("ana", 3),
        picture("ana", take=10, reason="blurred"),
        picture("ana", take=11, faces=2),
        picture("ana", faces=0),
        picture("ana", take=12, pad=0.05),
        picture("ana", take=13, unfit="eyes_closed"),
        b"not a picture",
    ]

    enrolled = house.enroll("ana", pictures=given)

    reasons = ["blurred", "many_faces", "no_face", "presentation_attack", "eyes_closed", "invalid_image"]
    assert [capture.reason for capture in enrolled.captures] == [None, None, None, *reasons]
    assert house.rows("enrollment_rows")[0]["captures_rejected"] == 6


@pytest.mark.parametrize("unfit", ["look_straight", "eyes_closed", "face_covered"])
def test_nobody_is_enrolled_by_faces_that_cannot_be_recognised(house: House, unfit: str) -> None:
    with pytest.raises(EnrollmentRefusedError) as refusal:
        house.enroll("ana", pictures=[picture("ana", take=take, unfit=unfit) for take in range(5)])

    assert [capture.reason for capture in refusal.value.captures] == [unfit] * 5


def test_pictures_of_another_person_among_them_are_left_out(house: House) -> None:
    house.enroll("ana", pictures=[*pictures("ana", 5), *pictures("bia", 2)])

    assert house.last("enrollment.template_sealed.v1")["used"] == 5
    assert house.sign_in("ana").success
    assert not house.sign_in("bia").success


@pytest.mark.parametrize("mixture", [(5, 5), (3, 3), (2, 2, 2), (2, 2, 1), (4, 4, 2), (1, 1, 1, 1, 1)])
def test_pictures_of_several_people_make_no_template(house: House, mixture: tuple[int, ...]) -> None:
    names = ["ana", "bia", "caio", "davi", "edu"]
    given = [payload for name, count in zip(names, mixture, strict=False) for payload in pictures(name, count)]

    with pytest.raises(EnrollmentRefusedError) as refusal:
        house.enroll("ana", pictures=given)

    assert refusal.value.code == "captures_inconsistent"


def test_one_username_belongs_to_one_person(house: House) -> None:
    house.enroll("ana")

    with pytest.raises(UsernameTakenError):
        house.enrolling.enroll(
            Person("EMP-other", "ANA.Souza", "Somebody Else"),
            department=ICU,
            pictures=pictures("bia"),
            notice_version=BUILT_IN.version,
            act=house.act(),
        )


def test_two_people_claiming_a_username_at_once_do_not_both_get_it(house: House) -> None:
    house.store.before_next_save = lambda: house.enroll("ana")

    with pytest.raises(UsernameTakenError):
        house.enrolling.enroll(
            Person("EMP-other", "ana.souza", "Somebody Else"),
            department=ICU,
            pictures=pictures("bia"),
            notice_version=BUILT_IN.version,
            act=house.act(),
        )


def test_one_person_has_one_enrolment(house: House) -> None:
    house.enroll("ana")

    with pytest.raises(AlreadyEnrolledError):
        house.enroll("ana")


def test_one_person_is_enrolled_once_even_by_two_at_once(house: House) -> None:
    house.store.before_next_save = lambda: house.enroll("ana")

    with pytest.raises(AlreadyEnrolledError):
        house.enroll("ana")


@pytest.mark.parametrize("department", [ICU, LAB])
def test_the_same_face_under_another_name_is_refused_and_remembered(house: House, department: str) -> None:
    house.enroll("ana")

    with pytest.raises(EnrollmentRefusedError) as refusal:
        house.enroll("zoe", face="ana", department=department)

    assert refusal.value.code == "duplicate_person"
    assert house.last("enrollment.revoked.v1")["reason"] == "duplicate_person"
    assert house.gallery.size(ICU) + house.gallery.size(LAB) == 1
    assert house.traces == 0


def test_a_refused_enrolment_leaves_the_username_free(house: House) -> None:
    with pytest.raises(EnrollmentRefusedError):
        house.enroll("ana", pictures=[picture("ana")] * 5)

    assert house.enroll("ana").captures


def test_cancelling_ends_an_enrolment_its_sessions_and_its_place_in_the_gallery(house: House) -> None:
    enrolled = house.enroll("ana")
    house.sign_in("ana")

    house.enrolling.cancel(enrolled.enrollment_id, department=ICU, reason="left", act=house.act())

    assert [row["status"] for row in house.rows("session_rows")] == ["revoked"]
    assert house.gallery.size(ICU) == 0
    assert not house.sign_in("ana").success


def test_no_crop_and_no_embedding_outlives_an_enrolment(house: House) -> None:
    house.enroll("ana", pictures=[*pictures("ana"), pictures("ana")[0], picture("ana", take=9, pad=0.05)])

    assert (len(house.judge.crops), len(house.judge.embeddings)) == (7, 5)
    assert house.traces == 0


def test_a_bug_in_vision_is_not_taken_for_a_bad_picture(house: House) -> None:
    house.judge.bug = ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        house.enroll("ana")


def test_a_lost_store_enrols_nobody(house: House) -> None:
    house.store.lost = True

    with pytest.raises(UnavailableError):
        house.enroll("ana")

    house.store.lost = False
    assert house.names() == []


def test_a_store_lost_in_the_middle_leaves_no_biometrics_behind(house: House) -> None:
    def lose() -> None:
        house.store.before_next_save = lambda: setattr(house.store, "lost", True)

    house.store.before_next_save = lose

    with pytest.raises(UnavailableError):
        house.enroll("ana")

    house.store.lost = False
    assert house.traces == 0
    assert "enrollment.activated.v1" not in house.names()


def test_a_former_employee_who_comes_back_is_the_same_subject(house: House) -> None:
    before = house.enroll("ana")
    consents.withdraw(house.services, before.subject_id, reason="left", act=house.act())

    after = house.enroll("ana")

    assert after.subject_id == before.subject_id
    assert house.shown(frames("ana"), claim="ana.souza").decide().success
    assert consents.required(house.services, after.subject_id, AUTHENTICATION).in_force
