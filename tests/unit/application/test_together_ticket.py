"""What may happen between the face and the password, and for whom the tokens are that come of both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from application import account_passwords, accounts, devices, erase, lockout, lockout_history
from application.authenticate import Authentication
from application.clients import add_client, revoke_client
from application.consent import live_enrollment, revoke_enrollment
from application.outcome import Client
from application.ports.clients import PUBLIC
from application.refresh import refresh
from application.second_factor import SecondEntry, complete
from application.services import Policies
from domain.attempt import AWAITING_FACTOR, Attempt
from domain.errors import (
    ClientUnknownError,
    FaceauthError,
    GrantInvalidError,
    LockedOutError,
    TicketInvalidError,
    UnavailableError,
    WrongPasswordError,
)
from domain.policies.lockout import LockoutPolicy
from domain.policies.passwords import PasswordPolicy
from domain.session import Session
from tests.house import ADDRESS, AGENT, ICU, LAB, House, build_house, frames
from tests.tablet import Tablet

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from application.outcome import Outcome

SECRET = "8 letras"
PLACE = Client(ADDRESS, AGENT)


@pytest.fixture
def house() -> House:
    strict = PasswordPolicy(mfa_departments=frozenset({ICU}))
    return build_house(Policies(passwords=strict, lockout=LockoutPolicy()))


def known(house: House, name: str = "ana") -> UUID:
    person = house.enroll(name)
    account_passwords.set_password(house.services, person.subject_id, SECRET, temporary=False, act=house.act())
    return person.subject_id


def shown(house: House, face: str = "ana", *, token_client: str | None = None) -> Authentication:
    attempt = Authentication(
        house.services, department=ICU, mode="faceauth.v1", client=PLACE, channel="ws", token_client=token_client
    )
    attempt.start()
    for payload in frames(face):
        attempt.note_received()
        attempt.take(payload)
    return attempt


def ticket_of(house: House, face: str = "ana", *, token_client: str | None = None) -> str:
    ticket = shown(house, face, token_client=token_client).decide().ticket
    assert ticket is not None
    return ticket


def enter(house: House, ticket: str, password: str = SECRET, *, client_id: str | None = None) -> Outcome:
    return complete(house.services, SecondEntry(ICU, ticket, password, PLACE, client_id=client_id))


def erased(house: House, subject_id: UUID) -> None:
    erase.erase(house.services, subject_id, act=house.act())


def revoked(house: House, subject_id: UUID) -> None:
    enrollment = live_enrollment(house.services, subject_id)
    assert enrollment is not None
    revoke_enrollment(house.services, enrollment, reason="left", act=house.act())


def reenrolled(house: House, subject_id: UUID) -> None:
    revoked(house, subject_id)
    house.enroll("ana")


def moved(house: House, subject_id: UUID) -> None:
    accounts.move(house.services, subject_id, LAB, act=house.act())


def suspended(house: House, subject_id: UUID) -> None:
    accounts.suspend(house.services, subject_id, reason="leave", act=house.act())


def without_password(house: House, subject_id: UUID) -> None:
    account = accounts.standing_account(house.services, subject_id)
    assert account is not None
    account.set_password("", act=house.act())
    house.store.save(account)


ENDS = [erased, revoked, reenrolled, moved, suspended, without_password]


@pytest.mark.parametrize("ends", ENDS)
def test_nothing_that_ends_after_the_face_is_opened_by_the_password(
    house: House, ends: Callable[[House, UUID], None]
) -> None:
    subject_id = known(house)
    ticket = ticket_of(house)
    ends(house, subject_id)

    with pytest.raises(FaceauthError) as refusal:
        enter(house, ticket)
    assert isinstance(refusal.value, WrongPasswordError | TicketInvalidError)
    assert "session.opened.v1" not in house.names()


@pytest.mark.parametrize("ends", [moved, suspended, revoked, without_password])
def test_nothing_that_ends_at_the_last_moment_is_opened_by_the_password(
    house: House, ends: Callable[[House, UUID], None]
) -> None:
    subject_id = known(house)
    ticket = ticket_of(house)
    house.store.before_next_save = lambda: ends(house, subject_id)

    with pytest.raises(FaceauthError):
        enter(house, ticket)
    assert house.rows("session_rows", status="open") == []


def test_two_right_passwords_and_a_wrong_one_at_once_open_one_session(house: House) -> None:
    known(house)
    ticket = ticket_of(house)

    def others() -> None:
        house.store.before_next_save = lambda: enter(house, ticket)
        with pytest.raises(FaceauthError):
            enter(house, ticket, "wrong one")

    house.store.before_next_save = others
    with pytest.raises(TicketInvalidError):
        enter(house, ticket)
    assert house.names().count("session.opened.v1") == 1


def test_the_tokens_are_for_the_client_that_the_attempt_was_started_with(house: House) -> None:
    known(house)
    add_client(house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=house.act())
    ticket = ticket_of(house, token_client="ehr-app")

    admission = enter(house, ticket).admission
    assert admission is not None
    assert house.services.tokens.read_access(admission.access_token, ["ehr"]).client_id == "ehr-app"
    assert house.store.get(Session, admission.session_id).client_id == "ehr-app"
    with pytest.raises(GrantInvalidError):
        refresh(
            house.services, admission.refresh_token, client=house.services.clients.builtin, act=house.act("anonymous")
        )


def test_a_ticket_of_one_client_is_no_ticket_of_another(house: House) -> None:
    known(house)
    add_client(house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=house.act())
    ticket = ticket_of(house)

    with pytest.raises(TicketInvalidError):
        enter(house, ticket, client_id="ehr-app")
    assert enter(house, ticket, client_id="faceauth-app").success


def test_a_client_that_is_revoked_after_the_face_gets_no_tokens(house: House) -> None:
    known(house)
    add_client(house.services, "ehr-app", kind=PUBLIC, audiences=["ehr"], act=house.act())
    ticket = ticket_of(house, token_client="ehr-app")
    revoke_client(house.services, "ehr-app", act=house.act())

    with pytest.raises(ClientUnknownError):
        enter(house, ticket)
    assert "session.opened.v1" not in house.names()


def test_a_face_that_waits_for_its_password_neither_counts_as_a_failure_nor_forgives_any(house: House) -> None:
    known(house)
    for _ in range(3):
        house.sign_in("nobody")
    origin = lockout.Origin(lockout.FACE, ICU, ADDRESS)
    (place,) = [each for each, _, _ in house.services.lockouts._rows.values() if each.scope == "address"]  # type: ignore[attr-defined]
    before = house.services.lockouts.peek([place.lockout_id])[place.lockout_id]

    ticket_of(house)

    after = house.services.lockouts.peek([place.lockout_id])[place.lockout_id]
    assert (after.total, after.succeeded_at, after.leases) == (before.total, None, {})
    lockout.look(house.services, origin, act=house.act())


def test_wrong_passwords_for_tickets_lock_the_password_and_leave_the_face(house: House) -> None:
    known(house)
    tickets = [ticket_of(house) for _ in range(3)]
    for ticket in tickets:
        for _ in range(2):
            try:
                enter(house, ticket, "wrong one")
            except WrongPasswordError:
                continue
            except LockedOutError:
                break

    with pytest.raises(LockedOutError):
        enter(house, ticket_of(house))
    methods = {each.method for each, _ in lockout_history.listing(house.services, department=None)}
    assert methods == {lockout.PASSWORD}


@pytest.mark.parametrize("fault", [UnavailableError("down"), ZeroDivisionError("8 letras"), KeyError("8 letras")])
def test_a_verifier_that_fails_in_whatever_way_opens_nothing_and_spoils_no_ticket(
    house: House, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    known(house)
    attempt = shown(house)
    ticket = attempt.decide().ticket
    assert ticket is not None

    class Broken:
        name = "local"

        def verify(self, _presented: object) -> bool:
            raise fault

        def check(self) -> None:
            raise fault

    services = house.services
    house.services = replace(services, passwords=replace(services.passwords, verifier=Broken()))
    for _ in range(12):
        with pytest.raises(UnavailableError) as refusal:
            enter(house, ticket)
        assert SECRET not in str(refusal.value)
    assert SECRET not in caplog.text
    assert house.store.get(Attempt, attempt.attempt_id).status == AWAITING_FACTOR

    house.services = services
    assert enter(house, ticket).success


def test_a_store_that_is_lost_between_face_and_password_opens_nothing(house: House) -> None:
    known(house)
    ticket = ticket_of(house)
    house.store.lost = True
    with pytest.raises(UnavailableError):
        enter(house, ticket)

    house.store.lost = False
    assert "session.opened.v1" not in house.names()
    assert enter(house, ticket).success


def test_a_store_that_is_lost_when_the_session_is_saved_opens_nothing(house: House) -> None:
    known(house)
    ticket = ticket_of(house)
    house.store.before_next_save = lambda: setattr(house.store, "lost", True)

    with pytest.raises(UnavailableError):
        enter(house, ticket)
    house.store.lost = False
    assert "session.opened.v1" not in house.names()
    assert enter(house, ticket).success


def on_a_tablet(house: House) -> tuple[Tablet, str]:
    """A ticket for a face that was shown on a paired device."""
    tablet = Tablet()
    tablet.pair(house.services, ICU)
    attempt = house.attempt()
    attempt.start()
    assert attempt.device.announce(tablet.device_id)
    for payload in frames("ana"):
        assert attempt.device.received(payload)
        attempt.note_received()
        attempt.take(payload)
    attempt.device.settle()
    signature = tablet.attempt_signature(attempt.attempt_id, attempt.device.nonce, frames("ana"))
    attempt.device.prove(tablet.device_id, signature)
    ticket = attempt.decide().ticket
    assert ticket is not None
    return tablet, ticket


def test_the_device_of_the_face_is_the_sessions_device(house: House) -> None:
    known(house)
    tablet, ticket = on_a_tablet(house)

    admission = enter(house, ticket).admission
    assert admission is not None
    session = house.store.get(Session, admission.session_id)
    assert (session.device_id, session.acr) == (tablet.device_id, "urn:faceauth:acr:mfa+device")


@pytest.mark.parametrize("last_moment", [False, True])
def test_a_device_that_is_revoked_after_the_face_opens_nothing(house: House, last_moment: bool) -> None:
    known(house)
    tablet, ticket = on_a_tablet(house)

    def revoke() -> None:
        devices.revoke(house.services, tablet.device_id, department=ICU, reason="lost", act=house.act())

    if last_moment:
        house.store.before_next_save = revoke
    else:
        revoke()
    with pytest.raises(WrongPasswordError):
        enter(house, ticket)
    assert "session.opened.v1" not in house.names()
