"""A face that the hospital calls compromised after it was shown opens nothing any more, right password or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from application import account_passwords
from application.outcome import Client
from application.second_factor import SecondEntry, complete, void_tickets
from domain.attempt import ABANDONED, Attempt
from domain.errors import TicketInvalidError, WrongPasswordError
from domain.policies.passwords import PasswordPolicy
from tests.house import ADDRESS, AGENT, ICU, build_house, frames
from tests.transmitter import iss_sub
from tests.unit.application.hospital import COMPROMISED, Hospital

SECRET = "8 letras"


@pytest.fixture
def hospital() -> Hospital:
    house = build_house()
    rules = replace(house.services.policies, passwords=PasswordPolicy(mfa_departments=frozenset({ICU})))
    house.services = replace(house.services, policies=rules)
    person = house.enroll("ana")
    account_passwords.set_password(house.services, person.subject_id, SECRET, temporary=False, act=house.act())
    return Hospital(house)


@pytest.mark.parametrize("kind", ["face", "biometric", "password"])
def test_a_ticket_does_not_outlive_a_compromised_credential(hospital: Hospital, kind: str) -> None:
    house = hospital.house
    attempt = house.shown(frames("ana"))
    ticket = attempt.decide().ticket
    assert ticket is not None

    assert hospital.tell(COMPROMISED, iss_sub("ana"), credential_type=kind) == "accepted"

    with pytest.raises(TicketInvalidError):
        complete(house.services, SecondEntry(ICU, ticket, SECRET, Client(ADDRESS, AGENT)))
    assert house.store.get(Attempt, attempt.attempt_id).status == ABANDONED
    assert "session.opened.v1" not in house.names()


def test_a_ticket_is_void_whatever_comes_in_between(hospital: Hospital) -> None:
    house = hospital.house
    attempt = house.shown(frames("ana"))
    ticket = attempt.decide().ticket
    assert ticket is not None

    def guess() -> None:
        with pytest.raises(WrongPasswordError):
            complete(house.services, SecondEntry(ICU, ticket, "wrong one", Client(ADDRESS, AGENT)))

    (row,) = house.rows("auth_log_rows")
    house.store.before_next_save = guess
    void_tickets(house.services, row["subject_id"], reason="credential_compromise", act=house.act())

    assert house.store.get(Attempt, attempt.attempt_id).status == ABANDONED
