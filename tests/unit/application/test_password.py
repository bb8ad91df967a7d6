"""Stories of signing in by password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from application import account_passwords
from application import erase as erasing
from application.confirm import find_account
from application.outcome import Client
from application.password import PasswordEntry, sign_in
from domain.errors import (
    InvalidInputError,
    WrongPasswordError,
)
from domain.session import Session
from tests.house import ADDRESS, AGENT, ICU, LAB, House
from tests.unit.application.passwording import OTHER, SECRET, enter, opened, suspend, verifier, with_directory

if TYPE_CHECKING:
    pass


def test_somebody_without_a_face_signs_in_by_password(house: House) -> None:
    account = opened(house)
    before = house.store.position()

    outcome = enter(house)

    assert outcome.admission is not None
    session = house.store.get(Session, outcome.admission.session_id)
    assert (session.subject_id, session.department) == (account.subject_id, ICU)
    assert (session.amr, session.acr) == ("pwd", "urn:faceauth:acr:password")
    assert house.names(before) == ["attempt.started.v1", "attempt.fallback_succeeded.v1", "session.opened.v1"]
    assert house.last("attempt.started.v1")["mode"] == "password"
    assert (outcome.admission.username, outcome.admission.display_name) == ("ana.souza", "Dra. Ana Souza")


def test_a_refused_face_goes_on_by_password_in_the_same_attempt(house: House) -> None:
    house.enroll("ana")
    account_passwords.set_password(
        house.services, house.last("enrollment.opened.v1")["subject_id"], SECRET, temporary=False, act=house.act()
    )
    attempt = house.shown([b"garbage"])
    assert attempt.decide(last=True).fallback == "password"

    outcome = enter(house, attempt_id=attempt.attempt_id)

    assert outcome.success
    names = [event.name for event in house.store.stream(attempt.attempt_id)]
    assert names[-3:] == ["attempt.refused.v1", "attempt.fallback_offered.v1", "attempt.fallback_succeeded.v1"]
    (row,) = house.rows("auth_log_rows", attempt_id=attempt.attempt_id)
    assert (row["state"], row["success"], row["code"]) == ("fallback_succeeded", True, "ok")


def test_a_second_try_after_a_wrong_password_is_an_attempt_that_names_the_first(house: House) -> None:
    opened(house)
    attempt = house.shown([])
    attempt.decide(last=True)
    with pytest.raises(WrongPasswordError):
        enter(house, password="wrong", attempt_id=attempt.attempt_id)

    assert enter(house, attempt_id=attempt.attempt_id).success

    assert house.last("attempt.fallback_refused.v1")["reason"] == "wrong_password"
    assert house.last("attempt.fallback_succeeded.v1")["act"].causation_id == attempt.attempt_id


@pytest.mark.parametrize("known", [True, False])
def test_an_attempt_of_another_department_or_of_nobody_does_not_stand_in_the_way(house: House, known: bool) -> None:
    opened(house)
    attempt = house.shown([], department=LAB)
    attempt.decide(last=True)

    assert enter(house, attempt_id=attempt.attempt_id if known else house.services.ids.new()).success
    assert house.store.stream(attempt.attempt_id)[-1].name == "attempt.fallback_offered.v1"


def test_every_refusal_by_face_offers_the_password(house: House) -> None:
    house.enroll("ana")
    for shown in ([], [b"garbage"], [b"x"] * 9):
        outcome = house.shown(shown).decide(last=True)
        assert (outcome.next_step, outcome.fallback) == ("retry", "password")
        assert house.names()[-1] == "attempt.fallback_offered.v1"


def refusals(house: House) -> dict[str, tuple[str, str]]:
    """Reason by (username, password): everybody who is not let in."""
    opened(house)
    opened(house, "bia", password=None)
    opened(house, "caio", LAB)
    suspend(house, opened(house, "davi").subject_id)
    erasing.erase(house.services, opened(house, "eva").subject_id, act=house.act())
    return {
        "unknown_user": ("nobody", SECRET),
        "wrong_password": ("ana.souza", OTHER),
        "other_department": ("caio.souza", SECRET),
        "account_inactive": ("davi.souza", SECRET),
    }


def test_whoever_is_not_let_in_hears_the_same_and_the_officer_reads_why(house: House) -> None:
    said = set()
    for reason, (username, password) in refusals(house).items():
        with pytest.raises(WrongPasswordError) as refused:
            enter(house, username, password)
        said.add(str(refused.value))
        assert house.last("attempt.refused.v1")["reason"] == reason
    assert len(said) == 1


def test_who_has_no_password_or_was_erased_is_refused_like_anybody(house: House) -> None:
    refusals(house)
    for username in ("bia.souza", "eva.souza"):
        with pytest.raises(WrongPasswordError):
            enter(house, username)


def test_the_verifier_is_asked_once_and_as_much_is_recorded_whoever_it_is(house: House) -> None:
    cases = refusals(house)
    recorded = []
    for username, password in cases.values():
        verifier(house).presented.clear()
        before = house.store.position()
        with pytest.raises(WrongPasswordError):
            enter(house, username, password)
        assert len(verifier(house).presented) == 1
        recorded.append(house.names(before))
    assert recorded == [["attempt.started.v1", "attempt.refused.v1"]] * len(cases)


def test_the_address_of_a_refusal_is_sealed_for_the_month_and_of_a_success_for_the_person(house: House) -> None:
    account = opened(house)
    with pytest.raises(WrongPasswordError):
        enter(house, password=OTHER)
    enter(house)

    assert house.last("attempt.refused.v1")["epoch"] == f"{house.clock.now():%Y-%m}"
    assert house.last("attempt.fallback_succeeded.v1")["client_sealed"]
    rows = house.rows("auth_log_rows")
    assert all(row["client_sealed"] for row in rows)
    erasing.erase(house.services, account.subject_id, act=house.act())


def test_no_password_and_no_hash_gets_into_an_event_or_a_repr(house: House) -> None:
    opened(house)
    entry = PasswordEntry(ICU, "ana.souza", SECRET, Client(ADDRESS, AGENT), new_password=OTHER)
    sign_in(house.services, entry)

    told = repr([event.fields for event in house.store.read(0, 10_000)]) + repr(entry)
    told += repr(
        [dict(vars(event)) if hasattr(event, "__dict__") else repr(event) for event in house.store.read(0, 99)]
    )
    told += repr(verifier(house).presented)
    assert SECRET not in told
    assert OTHER not in told
    assert "memory$" not in told
    assert "ana.souza" not in repr(entry)


@pytest.mark.parametrize("username", ["", " ", "ana\0souza", "x" * 101, "a\nb", "\ud800"])
def test_a_username_that_nobody_can_have_is_a_clean_error(house: House, username: str) -> None:
    with pytest.raises(InvalidInputError):
        enter(house, username)
    assert house.names() == []


@pytest.mark.parametrize("password", ["", "a\0b", "x" * 1_000_000, "\x07bell", "\ud800"])
def test_a_password_that_nobody_can_have_is_a_clean_error(house: House, password: str) -> None:
    with pytest.raises(InvalidInputError):
        enter(house, password=password)
    assert house.names() == []


@pytest.mark.parametrize("username", ["' OR 1=1 --", "*)(uid=*", "ana.souza'; DROP TABLE events", "%", "ana*"])
def test_metacharacters_in_a_username_name_nobody(house: House, username: str) -> None:
    opened(house)

    with pytest.raises(WrongPasswordError):
        enter(house, username)
    assert house.last("attempt.refused.v1")["reason"] == "unknown_user"


def test_a_username_is_found_however_it_is_spelt(house: House) -> None:
    opened(house)

    assert enter(house, " ANA.Souza ").success
    assert enter(house, "\uff21\uff4e\uff41.souza").success


def test_a_password_is_told_apart_by_case_and_spaces_and_not_by_unicode_form(house: House) -> None:
    opened(house, password="coração de São João 7")

    assert enter(house, password="corac\u0327a\u0303o\u00a0de Sa\u0303o Joa\u0303o 7").success
    for wrong in ("CORAÇÃO DE SÃO JOÃO 7", " coração de São João 7", "coração de São João 7 "):
        with pytest.raises(WrongPasswordError):
            enter(house, password=wrong)


def test_a_directory_is_asked_for_the_name_on_record_and_not_for_the_one_that_was_typed(house: House) -> None:
    """Our look-up folds names together that a directory may keep apart: another one's password must not open this."""
    house.enroll("ana")
    directory = with_directory(house, ana=SECRET)

    assert enter(house, "ANA.SOUZA").success
    assert directory.presented[-1].username == "ana.souza"


def test_somebody_enrolled_without_an_account_signs_in_by_the_directorys_password(house: House) -> None:
    enrolled = house.enroll("ana")
    with_directory(house, ana="curta")

    outcome = enter(house, password="curta")

    assert outcome.admission is not None
    assert outcome.admission.subject_id == enrolled.subject_id
    assert find_account(house.services, enrolled.subject_id) is None


def test_who_is_in_the_directory_alone_does_not_get_in(house: House) -> None:
    directory = with_directory(house, ana=SECRET)

    with pytest.raises(WrongPasswordError):
        enter(house)
    assert len(directory.presented) == 1
