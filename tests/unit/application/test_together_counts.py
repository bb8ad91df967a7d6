"""What is counted where passwords, faces and directories meet: strangers like people we know, and no fault of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from application import account_passwords, erase, lockout, lockout_history
from application.clients import add_client
from application.outcome import Client
from application.password import PasswordEntry, sign_in
from application.ports.clients import CONFIDENTIAL, PUBLIC
from application.second_factor import step_up
from domain.errors import (
    ClientUnknownError,
    FaceauthError,
    LockedOutError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    UnavailableError,
    WrongPasswordError,
)
from domain.lockout import RELEASED, Lockout
from domain.session import Session
from tests.house import ADDRESS, AGENT, ICU, person
from tests.unit.application.passwording import OTHER, SECRET, enter, opened, with_directory

if TYPE_CHECKING:
    from uuid import UUID

    from tests.house import House

HERE, THERE = Client("192.0.2.50", AGENT), Client("192.0.2.51", AGENT)


def change(house: House, subject_id: UUID, session_id: UUID, current: str, new: str = OTHER) -> int:
    return account_passwords.change_password(
        house.services,
        subject_id,
        current=current,
        new=new,
        department=ICU,
        session_id=session_id,
        client=HERE,
        act=house.act(),
    )


def test_a_directory_that_is_down_locks_nobody_out(house: House) -> None:
    house.enroll("ana")
    directory = with_directory(house, ana=SECRET)
    directory.down = True
    for _ in range(12):
        with pytest.raises(UnavailableError):
            enter(house)

    directory.down = False
    assert enter(house).success
    assert lockout_history.listing(house.services, department=None) == []


def test_a_right_password_that_must_be_replaced_first_locks_nobody_out(house: House) -> None:
    account = opened(house, password=None)
    given = account_passwords.set_password(house.services, account.subject_id, None, act=house.act())
    assert given is not None
    for _ in range(12):
        with pytest.raises(PasswordChangeRequiredError):
            enter(house, password=given)


def test_new_passwords_that_are_turned_down_lock_nobody_out(house: House) -> None:
    subject_id = opened(house).subject_id
    admission = enter(house).admission
    assert admission is not None
    for _ in range(12):
        with pytest.raises(PasswordRejectedError):
            change(house, subject_id, admission.session_id, SECRET, "short")
    assert change(house, subject_id, admission.session_id, SECRET) == 0


def test_a_password_is_not_guessed_by_changing_it(house: House) -> None:
    subject_id = opened(house).subject_id
    admission = enter(house).admission
    assert admission is not None
    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            change(house, subject_id, admission.session_id, "not the password at all")
    with pytest.raises(LockedOutError):
        change(house, subject_id, admission.session_id, SECRET)


def test_a_password_is_not_guessed_by_stepping_up(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    account_passwords.set_password(house.services, subject_id, SECRET, temporary=False, act=house.act())
    admission = house.sign_in("ana").admission
    assert admission is not None

    def step(password: str) -> None:
        step_up(
            house.services,
            subject_id=subject_id,
            session_id=admission.session_id,
            password=password,
            client=HERE,
            act=house.act(),
        )

    for _ in range(5):
        with pytest.raises(WrongPasswordError):
            step("not the password at all")
    with pytest.raises(LockedOutError):
        step(SECRET)
    assert house.store.get(Session, admission.session_id).amr == "face"
    assert house.sign_in("ana").success, "the face is another way in"


def test_a_face_that_is_locked_out_leaves_the_password(house: House) -> None:
    subject_id = house.enroll("ana").subject_id
    account_passwords.set_password(house.services, subject_id, SECRET, temporary=False, act=house.act())
    for _ in range(10):
        house.sign_in("nobody", claim="ana.souza")

    assert house.sign_in("ana", claim="ana.souza").code == "locked_out"
    assert enter(house).success


class Watched:
    """Counts the calls to a port."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if callable(found):
            self.calls.append(name)
        return found


def told(house: House, username: str, client: Client) -> tuple[list[str], list[str], list[str], list[str]]:
    """What one wrong password brings: the answer, the events, the calls to the store and those to the lockouts."""
    before, answers = house.store.position(), []
    services = house.services
    store, lockouts = Watched(services.store), Watched(services.lockouts)
    watched = replace(services, store=store, lockouts=lockouts)
    for _ in range(7):
        try:
            sign_in(watched, PasswordEntry(ICU, username, "not the password at all", client))
        except FaceauthError as error:
            answers.append(f"{error.code}: {error} {getattr(error, 'retry_after_s', None)}")
    return answers, house.names(before), store.calls, lockouts.calls


def test_nobody_learns_whether_there_is_such_a_user(house: House) -> None:
    opened(house)

    known, unknown = told(house, "ana.souza", HERE), told(house, "zoe.souza", THERE)

    assert [len(calls) for calls in known] == [len(calls) for calls in unknown]
    assert known == unknown
    assert known[0][-1].startswith("locked_out")


def test_what_was_counted_in_the_name_of_somebody_erased_is_forgotten(house: House) -> None:
    subject_id = opened(house).subject_id
    told(house, "ana.souza", HERE)
    ((counted, tally), *_) = lockout_history.listing(house.services, department=ICU)
    assert counted.subject_id == subject_id

    erase.erase(house.services, subject_id, act=house.act())

    rows = house.services.lockouts._rows.values()  # type: ignore[attr-defined]
    assert [each.scope for each, _, _ in rows if each.subject_id == subject_id] == []
    assert tally.episode is not None
    assert house.store.get(Lockout, tally.episode).status == RELEASED


def test_who_takes_the_name_of_somebody_erased_inherits_nothing(house: House) -> None:
    former = opened(house).subject_id
    admission = enter(house).admission
    assert admission is not None
    told(house, "ana.souza", HERE)
    erase.erase(house.services, former, act=house.act())

    new = opened(house, password=None)
    assert new.subject_id != former
    with pytest.raises(WrongPasswordError):
        sign_in(house.services, PasswordEntry(ICU, "ana.souza", SECRET, THERE))
    account_passwords.set_password(house.services, new.subject_id, OTHER, temporary=False, act=house.act())
    assert sign_in(house.services, PasswordEntry(ICU, "ana.souza", OTHER, HERE)).success, (
        "the old lockout is not theirs"
    )
    assert house.rows("session_rows", subject_id=former, status="open") == []


def test_the_names_and_the_password_of_somebody_erased_cannot_be_read(house: House) -> None:
    account = opened(house)
    enter(house)
    erase.erase(house.services, account.subject_id, act=house.act())

    kept = repr(house.services.read_models.__dict__) + repr([e.fields for e in house.store.read(0, 10_000)])
    for canary in ("ana.souza", "EMP-ana", person("ana").display_name, SECRET):
        assert canary not in kept
    (row,) = house.rows("account_rows", subject_id=account.subject_id)
    assert (row["status"], row["username_sealed"]) == ("closed", None)


def test_a_password_may_be_for_another_client_but_only_for_a_public_one_that_stands(house: House) -> None:
    opened(house)
    add_client(house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=house.act())
    add_client(house.services, "ehr-server", kind=CONFIDENTIAL, audiences=["ehr"], act=house.act())
    add_client(house.services, "bound", kind=PUBLIC, audiences=["ehr"], bound_only=True, act=house.act())

    admission = enter(house, client_id="ehr-app").admission
    assert admission is not None
    assert house.services.tokens.read_access(admission.access_token, ["ehr"]).client_id == "ehr-app"
    for other in ("ehr-server", "bound", "nobody", ""):
        with pytest.raises(ClientUnknownError):
            enter(house, client_id=other)


def test_a_bug_in_the_verifier_is_a_refusal_that_the_officer_finds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(house)

    def broken(_presented: object) -> bool:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(house.services.passwords.verifier, "verify", broken)
    with pytest.raises(UnavailableError) as refusal:
        enter(house)
    assert SECRET not in repr(refusal.value)
    refused = house.last("attempt.refused.v1")
    assert (refused["code"], refused["reason"]) == ("unavailable", "passwords_unavailable")


def test_a_lockout_that_cannot_be_asked_lets_nobody_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(house)

    def lost(*_: object) -> None:
        raise UnavailableError("the lockouts cannot be reached")

    monkeypatch.setattr(house.services.lockouts, "peek", lost)
    with pytest.raises(UnavailableError):
        enter(house)
    assert "session.opened.v1" not in house.names()


@pytest.mark.parametrize("shown", [lockout.Origin(lockout.PASSWORD, ICU, ADDRESS), HERE, person("ana")])
def test_no_repr_tells_a_name_or_an_address(shown: object) -> None:
    for canary in (ADDRESS, HERE.address, AGENT, "ana.souza", "EMP-ana", "Souza"):
        assert canary not in repr(shown)


def test_no_repr_tells_a_token(house: House) -> None:
    opened(house)
    outcome = enter(house)
    assert outcome.admission is not None
    for canary in (outcome.admission.access_token, outcome.admission.refresh_token, "ana.souza", "Souza"):
        assert canary not in repr(outcome)
