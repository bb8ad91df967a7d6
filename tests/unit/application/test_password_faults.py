"""Signing in by password when something is in the way: a directory, a lockout, a change, a policy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.memory.passwords import MemoryPasswords
from application import account_passwords, lockout
from application.confirm import find_account
from application.password_check import password_binding
from application.ports.passwords import Passwords
from application.services import Policies
from domain.errors import (
    DepartmentUnknownError,
    FaceRequiredError,
    LockedOutError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    PasswordsElsewhereError,
    PasswordsOffError,
    UnavailableError,
    WrongPasswordError,
)
from domain.policies.passwords import PasswordPolicy
from tests.house import ADDRESS, ICU, House, build_house
from tests.unit.application.passwording import OTHER, SECRET, enter, opened, suspend, verifier, with_directory

if TYPE_CHECKING:
    pass


def test_a_directory_that_is_down_admits_nobody_counts_nothing_and_is_recorded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(house)
    counted: list[lockout.Origin] = []
    monkeypatch.setattr(lockout, "failed", lambda _services, origin, **_: counted.append(origin))
    verifier(house).down = True

    with pytest.raises(UnavailableError):
        enter(house)

    refused = house.last("attempt.refused.v1")
    assert (refused["code"], refused["reason"]) == ("unavailable", "passwords_unavailable")
    assert counted == []


def test_a_refused_face_still_waits_for_its_password_after_the_directory_was_down(house: House) -> None:
    opened(house)
    attempt = house.shown([])
    attempt.decide(last=True)
    verifier(house).down = True
    with pytest.raises(UnavailableError):
        enter(house, attempt_id=attempt.attempt_id)
    verifier(house).down = False

    assert enter(house, attempt_id=attempt.attempt_id).success
    assert house.store.stream(attempt.attempt_id)[-1].name == "attempt.fallback_succeeded.v1"


def test_failures_are_counted_by_the_subject_or_by_the_digest_of_a_name_that_nobody_holds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = opened(house)
    told: list[tuple[str, lockout.Origin]] = []
    for moment in ("check", "failed", "succeeded"):
        monkeypatch.setattr(
            lockout, moment, lambda _services, origin, *, moment=moment, **_: told.append((moment, origin))
        )

    for username in ("ana.souza", "nobody"):
        with pytest.raises(WrongPasswordError):
            enter(house, username, OTHER)
    enter(house)

    assert [moment for moment, _ in told] == ["check", "failed", "check", "failed", "check", "succeeded"]
    known, unknown = told[1][1], told[3][1]
    assert (known.method, known.department, known.address) == ("password", ICU, ADDRESS)
    assert (known.subject_id, known.claim_digest) == (account.subject_id, "")
    assert (unknown.subject_id, len(unknown.claim_digest)) == (None, 64)


def test_who_is_locked_out_is_not_verified_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(house)

    def check(*_: object, **__: object) -> None:
        raise LockedOutError(30)

    monkeypatch.setattr(lockout, "check", check)
    with pytest.raises(LockedOutError):
        enter(house)
    assert verifier(house).presented == []


def test_a_suspension_between_the_password_and_the_session_wins(house: House) -> None:
    account = opened(house)
    house.store.before_next_save = lambda: suspend(house, account.subject_id)

    with pytest.raises(WrongPasswordError):
        enter(house)
    assert house.last("attempt.refused.v1")["reason"] == "account_inactive"
    assert len(verifier(house).presented) == 1


def test_a_password_that_was_changed_meanwhile_does_not_open_a_session(house: House) -> None:
    account = opened(house)
    house.store.before_next_save = lambda: account_passwords.set_password(
        house.services, account.subject_id, OTHER, temporary=False, act=house.act()
    )

    with pytest.raises(WrongPasswordError):
        enter(house)
    assert len(verifier(house).presented) == 2


def test_a_tampered_hash_lets_nobody_in_and_is_recorded(house: House) -> None:
    account = opened(house)
    kept = find_account(house.services, account.subject_id)
    assert kept is not None
    kept.set_password(kept.username_sealed, act=house.act())
    house.store.save(kept)

    with pytest.raises(WrongPasswordError):
        enter(house)
    assert house.last("attempt.refused.v1")["reason"] == "seal_broken"
    assert house.last("journal.recorded.v1")


def test_a_hash_of_a_former_policy_is_made_anew_at_the_next_success(house: House) -> None:
    account = opened(house)
    before = find_account(house.services, account.subject_id)
    hasher = MemoryPasswords(policy="2")
    house.services = replace(house.services, passwords=Passwords(verifier=hasher, hasher=hasher))

    with pytest.raises(WrongPasswordError):
        enter(house, password=OTHER)
    assert "account.password_rehashed.v1" not in house.names()
    assert enter(house).success
    assert enter(house).success

    after = find_account(house.services, account.subject_id)
    assert before is not None
    assert after is not None
    assert after.password_sealed != before.password_sealed
    assert house.names().count("account.password_rehashed.v1") == 1
    assert house.names().count("account.password_set.v1") == 1


def test_a_temporary_password_opens_nothing_until_it_is_replaced(house: House) -> None:
    account = opened(house, password=None)
    given = account_passwords.set_password(house.services, account.subject_id, None, act=house.act())
    assert given is not None

    with pytest.raises(PasswordChangeRequiredError):
        enter(house, password=given)
    assert house.last("attempt.refused.v1")["reason"] == "temporary_password"
    with pytest.raises(PasswordRejectedError):
        enter(house, password=given, new_password=given)
    assert enter(house, password=given, new_password=SECRET).success
    assert enter(house).success
    with pytest.raises(WrongPasswordError):
        enter(house, password=given)


@pytest.mark.parametrize("username", ["ana.souza", "nobody"])
def test_a_new_password_is_judged_before_the_old_one_is_verified(house: House, username: str) -> None:
    opened(house)

    with pytest.raises(PasswordRejectedError):
        enter(house, username, OTHER, new_password="short")
    assert verifier(house).presented == []


def test_a_new_password_cannot_be_set_where_a_directory_keeps_them(house: House) -> None:
    house.enroll("ana")
    with_directory(house, ana=SECRET)

    with pytest.raises(PasswordsElsewhereError):
        enter(house, new_password=OTHER)


def test_a_password_too_short_to_stand_alone_opens_nothing(house: House) -> None:
    """It was set where it came after a face, and its owner has moved."""
    account = opened(house)
    kept = find_account(house.services, account.subject_id)
    assert kept is not None
    hashed = verifier(house).hash("8letters")
    kept.set_password(house.vault.seal(password_binding(account.subject_id), hashed.encode()), act=house.act())
    house.store.save(kept)

    with pytest.raises(WrongPasswordError):
        enter(house, password="8letters")
    assert house.last("attempt.refused.v1")["reason"] == "password_too_short"


def test_an_unknown_department_is_said_at_once(house: House) -> None:
    with pytest.raises(DepartmentUnknownError):
        enter(house, department="morgue")


def test_without_a_verifier_nobody_is_offered_a_password(house: House) -> None:
    opened(house)
    house.services = replace(house.services, passwords=Passwords())

    outcome = house.sign_in("stranger")
    assert (outcome.next_step, outcome.fallback) == ("contact_admin", None)
    assert house.names()[-1] == "attempt.refused.v1"
    with pytest.raises(PasswordsOffError):
        enter(house)


def test_where_both_are_required_a_password_alone_is_not_even_verified() -> None:
    house = build_house(Policies(passwords=PasswordPolicy(mfa_departments=frozenset({ICU}))))
    opened(house)

    with pytest.raises(FaceRequiredError):
        enter(house)
    assert verifier(house).presented == []
    assert house.sign_in("stranger").fallback is None
