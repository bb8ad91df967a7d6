"""Face and password together, and a session that gets a password later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from application import account_passwords, rotate
from application import consent as consents
from application.confirm import find_account
from application.interrupted import abandon_interrupted
from application.outcome import Client
from application.second_factor import SecondEntry, complete
from application.services import Policies
from domain.attempt import ABANDONED, REFUSED, SUCCEEDED, Attempt
from domain.consent import AUTHENTICATION
from domain.enrollment import Enrollment
from domain.errors import (
    InvalidInputError,
    PasswordChangeRequiredError,
    TicketInvalidError,
    WrongPasswordError,
)
from domain.policies.passwords import PasswordPolicy
from domain.session import Session
from tests.house import ADDRESS, AGENT, ICU, LAB, House, build_house, frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from application.authenticate import Authentication
    from application.enroll import Enrolled
    from application.outcome import Outcome

SECRET = "8 letras"
CLIENT = Client(ADDRESS, AGENT)


@pytest.fixture
def house() -> House:
    return build_house(Policies(passwords=PasswordPolicy(mfa_departments=frozenset({ICU}))))


def enrolled(house: House, name: str = "ana", password: str = SECRET, department: str = ICU) -> Enrolled:
    person = house.enroll(name, department=department)
    account_passwords.set_password(house.services, person.subject_id, password, temporary=False, act=house.act())
    return person


def shown(house: House, face: str = "ana") -> tuple[Authentication, str]:
    attempt = house.shown(frames(face))
    outcome = attempt.decide()
    assert outcome.ticket is not None
    return attempt, outcome.ticket


def enter(house: House, ticket: str, password: str = SECRET, **more: Any) -> Outcome:
    return complete(house.services, SecondEntry(more.pop("department", ICU), ticket, password, CLIENT, **more))


def test_a_face_alone_opens_no_session_and_gives_a_ticket(house: House) -> None:
    enrolled(house)
    before = house.store.position()

    outcome = house.sign_in("ana")

    assert (outcome.success, outcome.code, outcome.next_step) == (False, "password_required", "password")
    assert outcome.admission is None
    assert outcome.ticket is not None
    assert outcome.ticket not in repr(outcome)
    assert house.names(before)[-1] == "attempt.factor_accepted.v1"
    assert "session.opened.v1" not in house.names()
    (row,) = house.rows("auth_log_rows")
    assert (row["state"], row["success"], row["code"]) == ("awaiting_factor", False, "password_required")


def test_face_and_password_open_a_session_that_says_so(house: House) -> None:
    subject_id = enrolled(house).subject_id
    attempt, ticket = shown(house)

    outcome = enter(house, ticket)

    assert outcome.admission is not None
    session = house.store.get(Session, outcome.admission.session_id)
    assert (session.subject_id, session.attempt_id) == (subject_id, attempt.attempt_id)
    assert (session.amr, session.acr) == ("face pwd mfa", "urn:faceauth:acr:mfa")
    assert house.store.get(Attempt, attempt.attempt_id).status == SUCCEEDED
    assert house.names()[-2:] == ["attempt.second_factor_accepted.v1", "session.opened.v1"]
    (row,) = house.rows("auth_log_rows")
    assert (row["state"], row["success"], row["session_id"]) == ("succeeded", True, session.id)


def test_the_ticket_is_kept_as_a_digest_only(house: House) -> None:
    enrolled(house)
    _, ticket = shown(house)

    assert ticket not in repr([event.fields for event in house.store.read(0, 10_000)])
    assert ticket.rpartition(".")[2] not in repr([event.fields for event in house.store.read(0, 10_000)])


def test_a_ticket_is_good_once(house: House) -> None:
    enrolled(house)
    _, ticket = shown(house)
    enter(house, ticket)

    with pytest.raises(TicketInvalidError):
        enter(house, ticket)
    assert house.names().count("session.opened.v1") == 1


def test_a_ticket_is_good_for_two_minutes(house: House) -> None:
    enrolled(house)
    _, ticket = shown(house)
    house.clock.advance(timedelta(minutes=2))

    with pytest.raises(TicketInvalidError):
        enter(house, ticket)


def test_another_ones_password_does_not_go_with_this_face(house: House) -> None:
    enrolled(house)
    enrolled(house, "bia", "of another")
    _, ticket = shown(house)

    with pytest.raises(WrongPasswordError):
        enter(house, ticket, "of another")
    with pytest.raises(WrongPasswordError):
        enter(house, ticket, username="bia.souza")
    assert house.last("attempt.second_factor_refused.v1")["reason"] == "other_username"
    assert enter(house, ticket, username="ANA.souza").success


def test_three_wrong_passwords_void_the_ticket(house: House) -> None:
    enrolled(house)
    attempt, ticket = shown(house)
    for _ in range(3):
        with pytest.raises(WrongPasswordError):
            enter(house, ticket, "wrong one")

    with pytest.raises(TicketInvalidError):
        enter(house, ticket)
    assert house.store.get(Attempt, attempt.attempt_id).status == REFUSED
    (row,) = house.rows("auth_log_rows")
    assert (row["state"], row["success"], row["reason"]) == ("refused", False, "wrong_password")


@pytest.mark.parametrize(
    "forged",
    [
        lambda ticket, _: ticket[:-1] + ("A" if ticket[-1] != "A" else "B"),
        lambda ticket, other: ".".join([*ticket.split(".")[:2], other.split(".")[2]]),
        lambda *_: "",
        lambda *_: "ft1." + "0" * 32 + "." + "A" * 43,
        lambda *_: "ft1.' OR 1=1 --",
        lambda ticket, _: ticket + "\n",
    ],
)
def test_a_forged_ticket_opens_nothing_and_no_password_is_verified(
    house: House, forged: Callable[[str, str], str]
) -> None:
    enrolled(house)
    (_, ticket), (_, other) = shown(house), shown(house)

    with pytest.raises(TicketInvalidError):
        enter(house, forged(ticket, other))
    assert house.services.passwords.verifier.presented == []  # type: ignore[union-attr]


def test_an_attempt_without_a_ticket_has_none_to_guess(house: House) -> None:
    enrolled(house)
    attempt = house.shown([])
    attempt.decide(last=True)

    with pytest.raises(TicketInvalidError):
        enter(house, f"ft1.{attempt.attempt_id.hex}.{'A' * 43}")


def test_a_ticket_does_not_reach_another_department(house: House) -> None:
    enrolled(house)
    _, ticket = shown(house)

    with pytest.raises(TicketInvalidError):
        enter(house, ticket, department=LAB)


def withdraw(house: House, person: Enrolled) -> None:
    consents.withdraw(house.services, person.subject_id, reason="mine", act=house.act(), purposes=[AUTHENTICATION])


def suspend_enrollment(house: House, person: Enrolled) -> None:
    enrollment = house.store.get(Enrollment, person.enrollment_id)
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)


def suspend_account(house: House, person: Enrolled) -> None:
    account = find_account(house.services, person.subject_id)
    assert account is not None
    account.suspend(reason="leave", act=house.act())
    house.store.save(account)


def raise_threshold(house: House, person: Enrolled) -> None:
    enrollment = house.store.get(Enrollment, person.enrollment_id)
    enrollment.override_threshold(0.9999, act=house.act())
    house.store.save(enrollment)


CHANGES = {
    "consent_missing": withdraw,
    "enrollment_inactive": suspend_enrollment,
    "account_inactive": suspend_account,
}


@pytest.mark.parametrize("reason", CHANGES)
def test_what_ends_between_face_and_password_keeps_the_session_shut(house: House, reason: str) -> None:
    person = enrolled(house)
    _, ticket = shown(house)
    CHANGES[reason](house, person)

    with pytest.raises(WrongPasswordError):
        enter(house, ticket)
    assert house.last("attempt.second_factor_refused.v1")["reason"] == reason
    assert "session.opened.v1" not in house.names()


@pytest.mark.parametrize("reason", CHANGES)
def test_what_ends_at_the_very_last_moment_keeps_the_session_shut(house: House, reason: str) -> None:
    person = enrolled(house)
    _, ticket = shown(house)
    house.store.before_next_save = lambda: CHANGES[reason](house, person)

    with pytest.raises(WrongPasswordError):
        enter(house, ticket)
    assert house.last("attempt.second_factor_refused.v1")["reason"] == reason
    assert "session.opened.v1" not in house.names()


def test_a_threshold_set_meanwhile_must_have_been_met(house: House) -> None:
    person = enrolled(house)
    _, ticket = shown(house)
    raise_threshold(house, person)

    with pytest.raises(WrongPasswordError):
        enter(house, ticket)
    assert house.last("attempt.second_factor_refused.v1")["reason"] == "enrollment_inactive"


def test_a_template_rotated_meanwhile_is_still_the_same_persons(house: House) -> None:
    enrolled(house)
    _, ticket = shown(house)
    rotate.plan(house.services, reason="transform_renewal", act=house.act())
    rotate.run(house.services, act=house.act())

    assert enter(house, ticket).success


def test_two_who_send_one_ticket_at_once_get_one_session(house: House) -> None:
    enrolled(house)
    _, ticket = shown(house)
    house.store.before_next_save = lambda: enter(house, ticket)

    with pytest.raises(TicketInvalidError):
        enter(house, ticket)
    assert house.names().count("session.opened.v1") == 1


def test_a_ticket_that_nobody_used_is_an_abandoned_attempt(house: House) -> None:
    enrolled(house)
    attempt, _ = shown(house)
    attempt.abandon("client_gone")
    house.services.projector.catch_up()
    assert abandon_interrupted(house.services, older_than=timedelta(minutes=2), channel="worker") == 0

    house.clock.advance(timedelta(minutes=2))
    assert abandon_interrupted(house.services, older_than=timedelta(minutes=2), channel="worker") == 1
    assert house.store.get(Attempt, attempt.attempt_id).status == ABANDONED
    assert house.last("attempt.abandoned.v1")["reason"] == "second_factor_missing"


def test_a_temporary_password_is_replaced_before_it_is_a_factor(house: House) -> None:
    person = enrolled(house)
    given = account_passwords.set_password(house.services, person.subject_id, None, act=house.act())
    assert given is not None
    _, ticket = shown(house)

    with pytest.raises(PasswordChangeRequiredError):
        enter(house, ticket, given)
    assert enter(house, ticket, given, new_password="another 8").success


@pytest.mark.parametrize("password", ["", "\0", "x" * 100_000])
def test_a_password_that_nobody_can_have_does_not_cost_a_try(house: House, password: str) -> None:
    enrolled(house)
    _, ticket = shown(house)

    for _ in range(5):
        with pytest.raises(InvalidInputError):
            enter(house, ticket, password)
    assert enter(house, ticket).success


def test_other_departments_go_on_with_the_face_alone(house: House) -> None:
    house.enroll("bia", department=LAB)

    assert house.sign_in("bia", department=LAB).success
