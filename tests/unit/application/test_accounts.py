"""Accounts: opened, renamed, moved, suspended, reinstated and purged, and what that means at the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from application import accounts
from application.consent import live_enrollment, revoke_enrollment
from application.notice import BUILT_IN
from application.person import Person, reveal_field
from domain.errors import (
    AccountStateError,
    DepartmentUnknownError,
    InvalidInputError,
    NotFoundError,
    UsernameTakenError,
)
from tests.house import ICU, LAB, build_house, frames, person

if TYPE_CHECKING:
    from uuid import UUID

    from tests.house import House


@pytest.fixture
def house() -> House:
    return build_house()


def opened(house: House, name: str = "ana", department: str = ICU) -> UUID:
    account = accounts.open_account(house.services, person(name), department=department, act=house.act())
    subject_id: UUID = account.subject_id
    return subject_id


def suspend(house: House, subject_id: UUID) -> bool:
    return accounts.suspend(house.services, subject_id, reason="leave", act=house.act())


def reinstate(house: House, subject_id: UUID) -> bool:
    return accounts.reinstate(house.services, subject_id, reason="back", act=house.act())


def username(house: House, subject_id: UUID) -> str:
    account = accounts.standing_account(house.services, subject_id)
    assert account is not None
    return reveal_field(house.vault, subject_id, "username", account.username_sealed)


def test_who_has_an_account_is_the_same_subject_when_enrolled(house: House) -> None:
    subject_id = opened(house)

    assert house.enroll("ana").subject_id == subject_id


def test_who_is_enrolled_is_the_same_subject_when_given_an_account(house: House) -> None:
    subject_id = house.enroll("ana").subject_id

    assert opened(house) == subject_id


def test_there_is_one_account_for_each_person(house: House) -> None:
    opened(house)

    with pytest.raises(AccountStateError):
        opened(house)


def test_nobody_gets_the_username_of_another(house: House) -> None:
    opened(house, "ana")

    with pytest.raises(UsernameTakenError):
        accounts.open_account(
            house.services, Person("EMP-other", "ANA.souza", "Other"), department=ICU, act=house.act()
        )


def test_an_account_is_opened_in_a_department_that_exists(house: House) -> None:
    with pytest.raises(DepartmentUnknownError):
        opened(house, department="nowhere")


def test_an_account_opened_with_other_names_renames_the_enrolment(house: House) -> None:
    subject_id = house.enroll("ana").subject_id

    accounts.open_account(house.services, Person("EMP-ana", "ana.new", "Ana New"), department=ICU, act=house.act())

    outcome = house.sign_in("ana")
    assert outcome.admission is not None
    assert (outcome.admission.subject_id, outcome.admission.username) == (subject_id, "ana.new")
    assert accounts.find_subject(house.services, "username", "ana.souza") is None


def test_an_account_opened_inactive_lets_an_enrolled_person_in_no_more(house: House) -> None:
    house.enroll("ana")
    assert house.sign_in("ana").success

    accounts.open_account(house.services, person("ana"), department=ICU, active=False, act=house.act())

    assert not house.sign_in("ana").success
    assert not house.rows("session_rows", status="open")


def test_suspending_ends_every_session_and_keeps_the_person_out(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    house.enroll("bia")
    for face in ("ana", "ana", "bia"):
        assert house.sign_in(face).success

    assert suspend(house, subject_id)

    assert {row["status"] for row in house.rows("session_rows", subject_id=subject_id)} == {"revoked"}
    assert not house.sign_in("ana").success
    assert house.sign_in("bia").success


def test_suspending_twice_changes_nothing_the_second_time(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    suspend(house, subject_id)
    position = house.store.position()

    assert not suspend(house, subject_id)
    assert house.store.position() == position


def test_somebody_who_was_only_enrolled_gets_an_account_by_being_suspended(house: House) -> None:
    subject_id = house.enroll("ana").subject_id

    suspend(house, subject_id)

    account = accounts.standing_account(house.services, subject_id)
    assert account is not None
    assert not account.active
    assert username(house, subject_id) == "ana.souza"


def test_enrolling_a_suspended_person_anew_does_not_let_them_in(house: House) -> None:
    enrolled = house.enroll("ana")
    house.enrolling.cancel(enrolled.enrollment_id, department=ICU, reason="administrator", act=house.act())
    suspend(house, enrolled.subject_id)

    assert house.enroll("ana").subject_id == enrolled.subject_id
    assert not house.sign_in("ana").success


def test_a_former_person_can_be_suspended_although_another_has_their_username_by_now(house: House) -> None:
    enrolled = house.enroll("ana")
    house.enrolling.cancel(enrolled.enrollment_id, department=ICU, reason="administrator", act=house.act())
    successor = accounts.open_account(
        house.services, Person("EMP-2", "ana.souza", "Ana II"), department=ICU, act=house.act()
    )

    assert suspend(house, enrolled.subject_id)
    assert accounts.find_subject(house.services, "username", "ana.souza") == successor.subject_id


def test_a_suspension_between_the_check_and_the_session_wins_also_without_an_account(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    shown = house.shown(frames("ana"))
    house.store.before_next_save = lambda: suspend(house, subject_id)

    assert not shown.decide().success


def test_a_sign_in_that_comes_first_is_ended_by_the_suspension(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    house.store.before_next_save = lambda: house.sign_in("ana")

    suspend(house, subject_id)

    assert {row["status"] for row in house.rows("session_rows")} == {"revoked"}


def test_a_suspension_goes_on_where_somebody_else_changes_the_account_at_the_same_time(house: House) -> None:
    subject_id = opened(house)
    house.store.before_next_save = lambda: accounts.move(house.services, subject_id, LAB, act=house.act())

    suspend(house, subject_id)

    account = accounts.standing_account(house.services, subject_id)
    assert account is not None
    assert (account.active, account.department) == (False, LAB)


def test_a_reinstated_person_is_let_in_again_and_once_is_enough(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    suspend(house, subject_id)

    assert reinstate(house, subject_id)
    assert house.sign_in("ana").success
    assert not reinstate(house, subject_id)


def test_nobody_unknown_is_suspended_or_reinstated(house: House) -> None:
    for change in (suspend, reinstate):
        with pytest.raises(NotFoundError):
            change(house, house.services.ids.new())


def test_a_new_name_is_claimed_and_the_old_one_is_free(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    opened(house)

    assert accounts.rename(house.services, subject_id, username="ana.lima", act=house.act())

    outcome = house.sign_in("ana", claim="ana.lima")
    assert outcome.admission is not None
    assert outcome.admission.username == "ana.lima"
    assert username(house, subject_id) == "ana.lima"
    assert accounts.find_subject(house.services, "username", "ana.souza") is None
    assert accounts.find_subject(house.services, "user_id", "EMP-ana") == subject_id


def test_the_same_name_again_changes_nothing(house: House) -> None:
    subject_id = opened(house)
    position = house.store.position()

    assert not accounts.rename(house.services, subject_id, username="ana.souza", act=house.act())
    assert house.store.position() == position


@pytest.mark.parametrize("changed", [{"username": "bia.souza"}, {"user_id": "EMP-bia"}])
def test_a_name_of_another_is_refused_and_everything_stays(house: House, changed: dict[str, str]) -> None:
    subject_id, other = opened(house, "ana"), opened(house, "bia")

    with pytest.raises(UsernameTakenError):
        accounts.rename(house.services, subject_id, **changed, act=house.act())

    assert username(house, subject_id) == "ana.souza"
    assert accounts.find_subject(house.services, "username", "ana.souza") == subject_id
    assert accounts.find_subject(house.services, "username", "bia.souza") == other


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "a\nb", "a\0b"])
def test_what_is_no_name_is_refused(house: House, name: str) -> None:
    subject_id = opened(house)

    with pytest.raises(InvalidInputError):
        accounts.rename(house.services, subject_id, username=name, act=house.act())


@pytest.mark.parametrize("name", ["ana'; DROP TABLE stored_events; --", "*)(uid=*))(|(uid=*", '"\\%_', "<b>&"])
def test_a_name_full_of_metacharacters_is_a_name(house: House, name: str) -> None:
    subject_id = opened(house)

    accounts.rename(house.services, subject_id, username=name, act=house.act())

    assert username(house, subject_id) == name
    assert accounts.find_subject(house.services, "username", name) == subject_id


def test_who_is_moved_signs_in_in_the_new_department_only_and_old_sessions_end(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    opened(house)
    assert house.sign_in("ana").success

    assert accounts.move(house.services, subject_id, LAB, act=house.act())

    assert {row["status"] for row in house.rows("session_rows")} == {"revoked"}
    assert not house.sign_in("ana").success
    assert house.sign_in("ana", department=LAB).success
    assert not accounts.move(house.services, subject_id, LAB, act=house.act())


def test_an_enrolment_in_progress_ends_where_its_person_moves(house: House) -> None:
    enrollment = house.enrolling.open(person("ana"), department=ICU, notice_version=BUILT_IN.version, act=house.act())

    assert accounts.move(house.services, enrollment.subject_id, LAB, act=house.act())
    assert live_enrollment(house.services, enrollment.subject_id) is None


def test_nobody_is_moved_to_a_department_that_does_not_exist(house: House) -> None:
    with pytest.raises(DepartmentUnknownError):
        accounts.move(house.services, opened(house), "nowhere", act=house.act())


def test_a_username_stays_with_the_account_when_the_enrolment_is_revoked(house: House) -> None:
    enrolled = house.enroll("ana")
    opened(house)

    house.enrolling.cancel(enrolled.enrollment_id, department=ICU, reason="administrator", act=house.act())

    assert accounts.find_subject(house.services, "username", "ana.souza") == enrolled.subject_id


def test_without_an_account_a_revoked_enrolment_lets_go_of_its_username(house: House) -> None:
    enrolled = house.enroll("ana")
    live = live_enrollment(house.services, enrolled.subject_id)
    assert live is not None

    revoke_enrollment(house.services, live, reason="administrator", act=house.act())

    assert accounts.find_subject(house.services, "username", "ana.souza") is None


def test_purging_erases_and_can_be_asked_for_again(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    opened(house)

    first = accounts.purge(house.services, subject_id, reason="left", act=house.act())
    again = accounts.purge(house.services, subject_id, reason="left", act=house.act())

    assert first.erased_at == again.erased_at
    assert accounts.standing_account(house.services, subject_id) is None
    assert accounts.find_subject(house.services, "user_id", "EMP-ana") is None
    assert opened(house) != subject_id
