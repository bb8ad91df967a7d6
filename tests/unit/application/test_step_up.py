"""A session that a face opened gets a password later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from application import account_passwords
from application.outcome import Client
from application.second_factor import step_up
from domain.errors import SessionStateError, WrongPasswordError
from domain.session import Session
from tests.house import ADDRESS, AGENT, House
from tests.unit.application.passwording import suspend

if TYPE_CHECKING:
    from application.enroll import Enrolled

CLIENT = Client(ADDRESS, AGENT)


def enrolled(house: House, name: str) -> Enrolled:
    person = house.enroll(name)
    account_passwords.set_password(house.services, person.subject_id, SECRET, temporary=False, act=house.act())
    return person


SECRET = "seis caixas de gaze azul"


def running(house: House) -> tuple[Enrolled, Session]:
    person = enrolled(house, "bia")
    admission = house.sign_in("bia").admission
    assert admission is not None
    return person, house.store.get(Session, admission.session_id)


def step(house: House, person: Enrolled, session: Session, password: str = SECRET) -> Any:
    return step_up(
        house.services,
        subject_id=person.subject_id,
        session_id=session.id,
        password=password,
        client=CLIENT,
        act=house.act(),
    )


def test_a_session_that_a_face_opened_is_stepped_up_by_the_password(house: House) -> None:
    person, session = running(house)

    stepped = step(house, person, session)

    kept = house.store.get(Session, session.id)
    assert (kept.amr, kept.acr) == ("face pwd mfa", "urn:faceauth:acr:mfa")
    assert kept.expires_at == session.expires_at
    assert house.services.tokens.verify(stepped.access_token).session_id == session.id
    (row,) = house.rows("session_rows", session_id=session.id)
    assert row["acr"] == "urn:faceauth:acr:mfa"
    with pytest.raises(SessionStateError):
        step(house, person, session)


def test_a_wrong_password_leaves_the_session_as_it_is(house: House) -> None:
    person, session = running(house)

    with pytest.raises(WrongPasswordError):
        step(house, person, session, "not the password at all")
    assert house.store.get(Session, session.id).amr == "face"


def test_a_session_that_is_revoked_meanwhile_is_not_stepped_up(house: House) -> None:
    person, session = running(house)

    def revoke() -> None:
        kept = house.store.get(Session, session.id)
        kept.revoke(reason="lost", act=house.act())
        house.store.save(kept)

    house.store.before_next_save = revoke
    with pytest.raises(SessionStateError):
        step(house, person, session)


def test_nobody_steps_up_the_session_of_somebody_else(house: House) -> None:
    _, session = running(house)
    other = enrolled(house, "caio")

    with pytest.raises(SessionStateError):
        step(house, other, session)


def test_an_account_that_is_suspended_meanwhile_keeps_the_session_as_it_is(house: House) -> None:
    person, session = running(house)
    house.store.before_next_save = lambda: suspend(house, person.subject_id)

    with pytest.raises(WrongPasswordError):
        step(house, person, session)
    assert house.store.get(Session, session.id).amr == "face"
