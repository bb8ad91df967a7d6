"""Stories of signing in by password."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.passwords import MemoryDirectory, MemoryPasswords
from application import account_passwords, lockout
from application import erase as erasing
from application.confirm import find_account
from application.outcome import Client
from application.password import PasswordEntry, sign_in
from application.password_check import password_binding
from application.ports.passwords import Passwords
from application.services import Policies
from domain.errors import (
    DepartmentUnknownError,
    FaceRequiredError,
    InvalidInputError,
    LockedOutError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    PasswordsElsewhereError,
    PasswordsOffError,
    UnavailableError,
    WrongPasswordError,
)
from domain.policies.passwords import PasswordPolicy
from domain.session import Session
from tests.house import ADDRESS, AGENT, ICU, LAB, House, build_house, person

if TYPE_CHECKING:
    from uuid import UUID

    from application.outcome import Outcome
    from domain.account import Account

SECRET = "seis caixas de gaze azul"
OTHER = "nove frascos de soro frio"


def opened(house: House, name: str = "ana", department: str = ICU, password: str | None = SECRET) -> Account:
    """The account of somebody without a face, with a password of their own choice."""
    account = account_passwords.open_account(house.services, person(name), department=department, act=house.act())
    if password is not None:
        account_passwords.set_password(house.services, account.subject_id, password, temporary=False, act=house.act())
    return account


def enter(house: House, username: str = "ana.souza", password: str = SECRET, **more: Any) -> Outcome:
    given: dict[str, Any] = {"department": ICU, "client": Client(ADDRESS, AGENT)} | more
    return sign_in(house.services, PasswordEntry(username=username, password=password, **given))


def verifier(house: House) -> Any:
    return house.services.passwords.verifier


def with_directory(house: House, **people: str) -> MemoryDirectory:
    directory = MemoryDirectory({f"{name}.souza": password for name, password in people.items()})
    house.services = replace(house.services, passwords=Passwords(verifier=directory))
    return directory


def suspend(house: House, subject_id: UUID) -> None:
    account = find_account(house.services, subject_id)
    assert account is not None
    account.suspend(reason="leave", act=house.act())
    house.store.save(account)


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
