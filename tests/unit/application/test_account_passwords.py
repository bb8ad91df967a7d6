"""Accounts that a password needs: opened, given a password, changed by their owner."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from application import account_passwords, accounts
from application.confirm import find_account
from application.outcome import Client
from application.password import PasswordEntry, sign_in
from application.ports.passwords import Passwords
from domain.errors import (
    AccountStateError,
    DepartmentUnknownError,
    NotFoundError,
    PasswordRejectedError,
    PasswordsElsewhereError,
    UsernameTakenError,
    WrongPasswordError,
)
from domain.session import OPEN, REVOKED, Session
from tests.house import ADDRESS, AGENT, ICU, LAB, House, person

if TYPE_CHECKING:
    from uuid import UUID

    from domain.account import Account

SECRET, OTHER = "seis caixas de gaze azul", "nove frascos de soro frio"
CLIENT = Client(ADDRESS, AGENT)


def opened(house: House, name: str = "ana") -> Account:
    return accounts.open_account(house.services, person(name), department=ICU, act=house.act())


def chosen(house: House, subject_id: UUID, password: str = SECRET) -> None:
    account_passwords.set_password(house.services, subject_id, password, temporary=False, act=house.act())


def session(house: House, password: str = SECRET) -> Session:
    admission = sign_in(house.services, PasswordEntry(ICU, "ana.souza", password, CLIENT)).admission
    assert admission is not None
    return house.store.get(Session, admission.session_id)


def change(house: House, subject_id: UUID, current: str, new: str, keep: UUID) -> int:
    return account_passwords.change_password(
        house.services,
        subject_id,
        current=current,
        new=new,
        department=ICU,
        session_id=keep,
        client=CLIENT,
        act=house.act(),
    )


def test_an_account_takes_over_what_the_enrolment_says(house: House) -> None:
    enrolled = house.enroll("ana")

    account = account_passwords.open_account_for(house.services, enrolled.subject_id, act=house.act())

    assert (account.subject_id, account.department) == (enrolled.subject_id, ICU)
    chosen(house, enrolled.subject_id)
    assert session(house).subject_id == enrolled.subject_id


def test_somebody_who_is_enrolled_is_the_same_subject_by_their_user_id(house: House) -> None:
    assert house.enroll("ana").subject_id == opened(house).subject_id


def test_who_has_an_account_is_the_same_subject_when_they_enrol(house: House) -> None:
    assert opened(house).subject_id == house.enroll("ana").subject_id


@pytest.mark.parametrize("enrolled", [True, False])
def test_nobody_has_two_accounts(house: House, enrolled: bool) -> None:
    if enrolled:
        house.enroll("ana")
    opened(house)

    with pytest.raises(AccountStateError):
        opened(house)


def test_a_username_belongs_to_one_person(house: House) -> None:
    opened(house)

    with pytest.raises(UsernameTakenError):
        accounts.open_account(
            house.services, replace(person("bia"), username="ANA.SOUZA"), department=ICU, act=house.act()
        )


def test_an_account_needs_a_department_that_exists(house: House) -> None:
    with pytest.raises(DepartmentUnknownError):
        accounts.open_account(house.services, person("ana"), department="morgue", act=house.act())


def test_nothing_can_be_opened_for_nobody(house: House) -> None:
    with pytest.raises(NotFoundError):
        account_passwords.open_account_for(house.services, house.services.ids.new(), act=house.act())


def test_setting_a_password_opens_the_account_of_who_is_enrolled_and_ends_their_sessions(house: House) -> None:
    enrolled = house.enroll("ana")
    admission = house.sign_in("ana").admission
    assert admission is not None

    given = account_passwords.set_password(house.services, enrolled.subject_id, None, reach=ICU, act=house.act())

    assert given is not None
    assert len(given) >= 15
    account = find_account(house.services, enrolled.subject_id)
    assert account is not None
    assert account.password_temporary
    assert given not in account.password_sealed
    assert house.store.get(Session, admission.session_id).status == REVOKED
    assert house.last("session.revoked.v1")["reason"] == "password_changed"


def test_an_administrator_of_another_department_finds_nobody(house: House) -> None:
    account = opened(house)

    for reach, subject_id in ((LAB, account.subject_id), (ICU, house.services.ids.new())):
        with pytest.raises(NotFoundError):
            account_passwords.set_password(house.services, subject_id, SECRET, reach=reach, act=house.act())


def test_a_directorys_password_is_not_set_here(house: House) -> None:
    account = opened(house)
    house.services = replace(house.services, passwords=Passwords(verifier=house.services.passwords.verifier))

    with pytest.raises(PasswordsElsewhereError):
        account_passwords.set_password(house.services, account.subject_id, SECRET, act=house.act())


def test_changing_a_password_ends_the_other_sessions_and_is_an_event(house: House) -> None:
    subject_id = opened(house).subject_id
    chosen(house, subject_id)
    mine, others = session(house), [session(house), session(house)]
    before = house.store.position()

    assert change(house, subject_id, SECRET, OTHER, mine.id) == 2

    assert house.names(before) == ["account.password_set.v1", "session.revoked.v1", "session.revoked.v1"]
    assert house.store.get(Session, mine.id).status == OPEN
    assert [house.store.get(Session, one.id).status for one in others] == [REVOKED, REVOKED]
    assert session(house, OTHER).subject_id == subject_id
    with pytest.raises(WrongPasswordError):
        session(house, SECRET)


def test_a_password_is_changed_only_by_who_knows_it(house: House) -> None:
    subject_id = opened(house).subject_id
    chosen(house, subject_id)
    mine = session(house)

    with pytest.raises(WrongPasswordError):
        change(house, subject_id, OTHER, OTHER, mine.id)
    with pytest.raises(PasswordRejectedError):
        change(house, subject_id, SECRET, SECRET, mine.id)
    with pytest.raises(PasswordRejectedError):
        change(house, subject_id, SECRET, "short", mine.id)
    assert house.names().count("account.password_set.v1") == 1


def test_who_has_no_password_cannot_change_it(house: House) -> None:
    enrolled = house.enroll("ana")
    admission = house.sign_in("ana").admission
    assert admission is not None

    with pytest.raises(WrongPasswordError):
        change(house, enrolled.subject_id, SECRET, OTHER, admission.session_id)
