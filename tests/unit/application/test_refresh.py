"""A session is refreshed by whom it belongs to, once with each token, and only while everything behind it stands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application import consent as consents
from application.confirm import find_account
from application.refresh import Refreshed
from application.sessions import new_session, refresh_digest, refresh_token_for, revoke_session
from domain.account import Account
from domain.device import Device
from domain.enrollment import Enrollment
from domain.errors import (
    ConcurrencyError,
    GrantInvalidError,
    RefreshReusedError,
)
from domain.session import MAX_REFRESHES, Session
from tests.house import ICU, LAB, House, build_house
from tests.unit.application.refreshing import again, session_of, signed_in

if TYPE_CHECKING:
    from application.outcome import Admission


@pytest.fixture
def house() -> House:
    house = build_house()
    house.enroll("ana")
    return house


def test_a_refresh_gives_new_tokens_and_begins_the_idle_time_anew(house: House) -> None:
    admission = signed_in(house)
    house.clock.advance(timedelta(minutes=20))
    done = again(house, admission.refresh_token)

    session = session_of(house, admission)
    assert done.refresh_token != admission.refresh_token
    assert (done.token_type, done.expires_in, done.audience) == ("Bearer", 300, "medical-record")
    assert session.idle_expires_at == house.clock.now() + timedelta(minutes=30)
    assert house.services.tokens.verify(done.access_token).session_id == session.id
    assert house.last("session.refreshed.v1")["act"].actor == f"subject:{admission.subject_id}"


def test_no_token_is_in_the_history(house: House) -> None:
    done = again(house, signed_in(house).refresh_token)

    assert done.refresh_token.rpartition(".")[2] not in str([e.fields for e in house.store.read(0, 10_000)])


def test_a_chain_of_refreshes_ends_with_the_session(house: House) -> None:
    token, start = signed_in(house).refresh_token, house.clock.now()
    while house.clock.now() - start < timedelta(hours=8) - timedelta(minutes=25):
        house.clock.advance(timedelta(minutes=25))
        token = again(house, token).refresh_token
    house.clock.advance(timedelta(minutes=25))

    with pytest.raises(GrantInvalidError):
        again(house, token)


def test_an_idle_session_cannot_be_refreshed(house: House) -> None:
    token = signed_in(house).refresh_token
    house.clock.advance(timedelta(minutes=30))

    with pytest.raises(GrantInvalidError):
        again(house, token)


def test_a_spent_token_ends_the_session(house: House) -> None:
    admission = signed_in(house)
    done = again(house, admission.refresh_token)

    with pytest.raises(RefreshReusedError):
        again(house, admission.refresh_token)
    assert session_of(house, admission).status == "revoked"
    assert house.last("session.revoked.v1")["reason"] == "refresh_reused"
    with pytest.raises(GrantInvalidError):
        again(house, done.refresh_token)


def test_a_token_that_was_never_issued_changes_nothing(house: House) -> None:
    admission = signed_in(house)
    before = house.store.position()
    guessed, _ = refresh_token_for(admission.session_id)
    stranger, _ = refresh_token_for(uuid4())
    own = admission.refresh_token
    guesses = (guessed, stranger, own + "A", own[:-1], own.upper(), f"fr1.{UUID(int=0).hex}.", "", "x", own + "\n")
    for text in guesses:
        with pytest.raises(GrantInvalidError) as refusal:
            again(house, text)
        assert not isinstance(refusal.value, RefreshReusedError)

    assert house.store.position() == before
    again(house, admission.refresh_token)


@settings(max_examples=100, deadline=None)
@given(text=st.text() | st.from_regex(r"fr1\.[0-9a-f]{32}\.[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_text_but_the_token_is_one(text: str) -> None:
    with pytest.raises(GrantInvalidError):
        again(EMPTY, text)


EMPTY = build_house()


def test_of_two_at_once_one_wins_and_then_the_session_ends(house: House) -> None:
    admission = signed_in(house)
    won: list[Refreshed] = []
    house.store.before_next_save = lambda: won.append(again(house, admission.refresh_token))

    with pytest.raises(RefreshReusedError):
        again(house, admission.refresh_token)
    assert len(won) == 1
    assert session_of(house, admission).status == "revoked"
    assert house.names().count("session.refreshed.v1") == 1


def test_a_refresh_that_meets_a_revocation_loses(house: House) -> None:
    admission = signed_in(house)
    house.store.before_next_save = lambda: revoke_session(
        house.services, admission.session_id, reason="left", act=house.act()
    )

    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token)


def test_a_revocation_that_meets_a_refresh_wins_in_the_end(house: House) -> None:
    admission = signed_in(house)
    house.store.before_next_save = lambda: again(house, admission.refresh_token)

    assert revoke_session(house.services, admission.session_id, reason="left", act=house.act())
    assert session_of(house, admission).status == "revoked"


def test_a_withdrawal_that_meets_a_refresh_wins(house: House) -> None:
    admission = signed_in(house)
    house.store.before_next_save = lambda: consents.withdraw(
        house.services, admission.subject_id, reason="subject_request", act=house.act()
    )

    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token)
    assert house.names().count("session.refreshed.v1") == 0


def test_a_store_that_always_conflicts_is_unavailable_and_not_a_success(house: House) -> None:
    admission = signed_in(house)

    def always() -> None:
        house.store.before_next_save = always
        raise ConcurrencyError("somebody else")

    house.store.before_next_save = always
    with pytest.raises(ConcurrencyError):
        again(house, admission.refresh_token)
    house.store.before_next_save = None
    again(house, admission.refresh_token)


def account(house: House, admission: Admission, department: str = ICU) -> Account:
    opened = Account.open(
        admission.subject_id,
        department=department,
        user_id_sealed="s",
        username_sealed="s",
        display_name_sealed="s",
        act=house.act(),
    )
    house.store.save(opened)
    return opened


def test_a_suspended_account_cannot_refresh_and_a_reinstated_one_can(house: House) -> None:
    admission = signed_in(house)
    person = account(house, admission)
    person.suspend(reason="leave", act=house.act())
    house.store.save(person)
    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token)

    found = find_account(house.services, admission.subject_id)
    assert found is not None
    found.reinstate(reason="back", act=house.act())
    house.store.save(found)
    again(house, admission.refresh_token)


def test_a_suspended_enrolment_cannot_refresh(house: House) -> None:
    admission = signed_in(house)
    enrollment = consents.live_enrollment(house.services, admission.subject_id)
    assert enrollment is not None
    enrollment.suspend(reason="review", act=house.act())
    house.store.save(enrollment)

    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token)


def test_consent_that_was_withdrawn_stops_a_refresh_even_where_the_session_still_stood(house: House) -> None:
    admission = signed_in(house)
    consent = consents.required(house.services, admission.subject_id, "authentication")
    consent.withdraw(reason="subject_request", act=house.act())
    house.store.save(consent)

    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token)


def opened_by(house: House, **changes: Any) -> tuple[Session, str]:
    """A session of somebody, opened in another way than by face."""
    given: dict[str, Any] = {
        "session_id": uuid4(),
        "subject_id": uuid4(),
        "attempt_id": uuid4(),
        "department": ICU,
        "amr": ("pwd",),
        "acr": "urn:faceauth:acr:password",
        "act": house.act(),
    } | changes
    opened = new_session(house.services, **given)
    house.store.save(opened.session)
    return opened.session, opened.refresh_token


@pytest.mark.parametrize(("department", "good"), [(ICU, True), (LAB, False), (None, False)])
def test_a_session_by_password_needs_the_account_in_its_department(
    house: House, department: str | None, good: bool
) -> None:
    session, token = opened_by(house)
    if department is not None:
        account(house, session, department)  # type: ignore[arg-type]

    if good:
        again(house, token)
    else:
        with pytest.raises(GrantInvalidError):
            again(house, token)


def test_a_session_by_password_of_somebody_without_an_account_needs_the_enrolment_alone(house: House) -> None:
    admission = signed_in(house)
    _, token = opened_by(house, subject_id=admission.subject_id)
    consent = consents.required(house.services, admission.subject_id, "authentication")
    consent.withdraw(reason="subject_request", act=house.act())
    house.store.save(consent)

    again(house, token)


def test_a_session_on_a_revoked_device_cannot_refresh(house: House) -> None:
    device = Device.pair(uuid4(), department=ICU, label="ward", public_jwk="{}", act=house.act())
    house.store.save(device)
    session, token = opened_by(house, device_id=device.id)
    account(house, session)  # type: ignore[arg-type]
    token = again(house, token).refresh_token
    device = house.store.get(Device, device.id)
    device.revoke(reason="stolen", act=house.act())
    house.store.save(device)

    with pytest.raises(GrantInvalidError):
        again(house, token)


def test_a_damaged_session_is_refreshed_by_nobody(house: House) -> None:
    admission = signed_in(house)
    row = house.store._recorder._stored_events[-1]  # type: ignore[attr-defined]
    object.__setattr__(row, "state", row.state[:-1] + bytes([row.state[-1] ^ 1]))

    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token)


def test_a_session_is_not_refreshed_without_end(house: House) -> None:
    act = house.act()
    session = Session.open(
        uuid4(),
        subject_id=uuid4(),
        attempt_id=uuid4(),
        department=ICU,
        amr="face",
        acr="a",
        expires_at=act.at + timedelta(hours=1),
        refresh_digest="first",
        act=act,
    )
    session.spent = [refresh_digest(str(number)) for number in range(MAX_REFRESHES)]

    with pytest.raises(Exception, match="cannot be refreshed"):
        session.refresh(refresh_digest="next", idle_expires_at=act.at + timedelta(hours=1), act=act)


def test_the_enrolment_of_another_department_does_not_carry_a_session_on(house: House) -> None:
    admission = signed_in(house)
    enrollment = consents.live_enrollment(house.services, admission.subject_id)
    assert isinstance(enrollment, Enrollment)
    enrollment.change_department(LAB, act=house.act())
    house.store.save(enrollment)

    with pytest.raises(GrantInvalidError):
        again(house, admission.refresh_token)
