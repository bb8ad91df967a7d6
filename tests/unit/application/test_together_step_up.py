"""A session that is stepped up stays its client's, its key's and its person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from application import account_passwords
from application.authenticate import Authentication
from application.clients import add_client, revoke_client
from application.consent import live_enrollment
from application.outcome import Client
from application.ports.clients import PUBLIC
from application.refresh import refresh
from application.second_factor import step_up
from domain.errors import ClientUnknownError, GrantInvalidError
from domain.session import Session
from tests.house import ADDRESS, AGENT, ICU, House, frames

if TYPE_CHECKING:
    from uuid import UUID

SECRET = "seis caixas de gaze azul"
PLACE = Client(ADDRESS, AGENT)


def face_session(house: House, *, token_client: str | None = None) -> tuple[UUID, Session, str]:
    """A session that a face alone opened, of somebody who has a password as well."""
    subject_id = house.enroll("ana").subject_id
    account_passwords.set_password(house.services, subject_id, SECRET, temporary=False, act=house.act())
    attempt = Authentication(
        house.services, department=ICU, mode="faceauth.v1", client=PLACE, channel="ws", token_client=token_client
    )
    attempt.start()
    for payload in frames("ana"):
        attempt.note_received()
        attempt.take(payload)
    admission = attempt.decide().admission
    assert admission is not None
    return subject_id, house.store.get(Session, admission.session_id), admission.refresh_token


def stepped(house: House, subject_id: UUID, session_id: UUID) -> str:
    return step_up(
        house.services, subject_id=subject_id, session_id=session_id, password=SECRET, client=PLACE, act=house.act()
    ).access_token


def test_a_stepped_up_token_stays_its_clients(house: House) -> None:
    add_client(house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=house.act())
    subject_id, session, _ = face_session(house, token_client="ehr-app")

    token = stepped(house, subject_id, session.id)
    assert house.services.tokens.read_access(token, ["ehr"]).client_id == "ehr-app"


def test_a_stepped_up_token_stays_bound_to_its_key(house: House) -> None:
    subject_id, session, refresh_token = face_session(house)
    builtin = house.services.clients.builtin
    refresh(house.services, refresh_token, client=builtin, key="thumb", act=house.act("anonymous"))

    token = stepped(house, subject_id, session.id)
    assert house.services.tokens.verify(token).bound_to == "thumb"


def test_a_session_of_a_revoked_client_is_not_stepped_up(house: House) -> None:
    add_client(house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=house.act())
    subject_id, session, _ = face_session(house, token_client="ehr-app")
    revoke_client(house.services, "ehr-app", act=house.act())

    with pytest.raises(ClientUnknownError):
        stepped(house, subject_id, session.id)


def test_a_consent_withdrawn_at_the_last_moment_keeps_a_session_as_it_was(house: House) -> None:
    subject_id, session, _ = face_session(house)
    enrollment = live_enrollment(house.services, subject_id)
    assert enrollment is not None

    def suspend() -> None:
        enrollment.suspend(reason="leave", act=house.act())
        house.store.save(enrollment)

    house.store.before_next_save = suspend
    with pytest.raises(GrantInvalidError):
        stepped(house, subject_id, session.id)
    assert house.store.get(Session, session.id).amr == "face"


def test_what_was_proven_later_is_kept_when_the_session_is_refreshed(house: House) -> None:
    subject_id, session, refresh_token = face_session(house)
    stepped(house, subject_id, session.id)

    done = refresh(house.services, refresh_token, client=house.services.clients.builtin, act=house.act("anonymous"))
    claims = house.services.tokens.read_access(done.access_token, ["medical-record"]).claims
    assert (claims["amr"], claims["acr"]) == (["face", "pwd", "mfa"], "urn:faceauth:acr:mfa")
