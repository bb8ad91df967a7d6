"""An account that the hospital suspended lets nobody in, whatever the face says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from application import accounts
from application import erase as erasing
from application.confirm import find_account
from application.notice import BUILT_IN
from domain.account import CLOSED, Account
from domain.errors import AccountStateError
from tests.house import ICU, LAB, build_house, frames, person, pictures

if TYPE_CHECKING:
    from uuid import UUID

    from tests.house import House


@pytest.fixture
def house() -> House:
    return build_house()


def account_of(house: House, subject_id: UUID, name: str = "ana") -> Account:
    sealed = person(name).sealed(house.vault, subject_id)
    account = Account.open(subject_id, department=ICU, act=house.act(), **sealed)
    house.store.save(account)
    return account


def test_a_suspended_account_keeps_its_person_out_and_a_reinstated_one_lets_them_in(house: House) -> None:
    account = account_of(house, house.enroll("ana").subject_id)
    assert house.sign_in("ana").success

    account.suspend(reason="leave", act=house.act())
    house.store.save(account)
    refused = house.sign_in("ana")
    assert (refused.success, refused.code) == (False, "face_not_recognised")
    assert house.last("attempt.refused.v1")["reason"] == "account_inactive"

    account.reinstate(reason="back", act=house.act())
    house.store.save(account)
    assert house.sign_in("ana").success


def test_a_suspension_that_comes_between_the_check_and_the_session_wins(house: House) -> None:
    account = account_of(house, house.enroll("ana").subject_id)

    def suspend() -> None:
        account.suspend(reason="leave", act=house.act())
        house.store.save(account)

    shown = house.shown(frames("ana"))
    house.store.before_next_save = suspend

    assert not shown.decide().success


def test_nobody_is_enrolled_where_or_as_whom_their_account_is_not(house: House) -> None:
    accounts.open_account(house.services, person("ana"), department=ICU, act=house.act())

    with pytest.raises(AccountStateError, match="department"):
        house.enroll("ana", department=LAB)
    with pytest.raises(AccountStateError, match="username"):
        house.enrolling.enroll(
            replace(person("ana"), username="other"),
            department=ICU,
            pictures=pictures("ana"),
            notice_version=BUILT_IN.version,
            act=house.act(),
        )
    assert house.enroll("ana").enrollment_id is not None


def test_somebody_enrolled_on_a_suspended_account_waits_to_be_let_in(house: House) -> None:
    account = accounts.open_account(house.services, person("ana"), department=ICU, act=house.act())
    accounts.suspend(house.services, account.subject_id, reason="starts_monday", act=house.act())
    house.enroll("ana")
    assert not house.sign_in("ana").success

    accounts.reinstate(house.services, account.subject_id, reason="monday", act=house.act())
    assert house.sign_in("ana").success


def test_erasing_a_person_closes_their_account(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    account_of(house, subject_id)

    erasing.erase(house.services, subject_id, act=house.act())

    closed = find_account(house.services, subject_id)
    assert closed is not None
    assert closed.status == CLOSED
    (row,) = house.rows("account_rows", subject_id=subject_id)
    assert row["username_sealed"] is None


def test_somebody_with_an_account_alone_can_be_erased(house: House) -> None:
    subject_id = house.services.ids.new()
    house.vault.create_key(f"subject:{subject_id}")
    account_of(house, subject_id)

    erasing.erase(house.services, subject_id, act=house.act())

    assert house.last("erasure.requested.v1")["department"] == ICU
