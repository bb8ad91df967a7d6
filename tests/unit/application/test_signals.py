"""What the hospital's identity provider tells us is done once, in order, and is on record; or it is told again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from application import accounts, rotate
from application.erase import standing
from domain.enrollment import SUSPENDED
from tests.house import ICU, build_house, person
from tests.transmitter import CAEP, ISSUER, OURS, iss_sub
from tests.unit.application.hospital import COMPROMISED, DISABLED, ENABLED, PURGED, RENAMED, REVOKED, Hospital

if TYPE_CHECKING:
    from uuid import UUID


@pytest.fixture
def hospital() -> Hospital:
    return Hospital(build_house())


@pytest.fixture
def ana(hospital: Hospital) -> UUID:
    return hospital.house.enroll("ana").subject_id


def test_a_disabled_account_is_suspended_and_an_enabled_one_reinstated(hospital: Hospital, ana: UUID) -> None:
    assert hospital.house.sign_in("ana").success

    assert hospital.tell(DISABLED, iss_sub("ana"), reason="hijacking") == "accepted"
    assert not hospital.house.sign_in("ana").success
    assert not hospital.sessions()

    assert hospital.tell(ENABLED, iss_sub("ana")) == "accepted"
    outcome = hospital.house.sign_in("ana")
    assert outcome.admission is not None
    assert outcome.admission.subject_id == ana


@pytest.mark.usefixtures("ana")
def test_a_revoked_session_that_is_not_ours_ends_all_of_the_person_and_nobody_elses(hospital: Hospital) -> None:
    hospital.house.enroll("bia")
    for face in ("ana", "ana", "bia"):
        hospital.house.sign_in(face)

    hospital.tell(REVOKED, {"user": iss_sub("ana"), "session": {"format": "opaque", "id": "idp-session-7"}})

    assert (hospital.sessions("revoked"), hospital.sessions()) == (2, 1)


@pytest.mark.parametrize("with_user", [True, False])
@pytest.mark.usefixtures("ana")
def test_a_session_of_ours_that_is_named_ends_alone(hospital: Hospital, with_user: bool) -> None:
    first, second = (hospital.house.sign_in("ana").admission for _ in range(2))
    assert first is not None
    assert second is not None
    session = {"format": "opaque", "id": str(first.session_id)}
    user = {"user": iss_sub("ana")} if with_user else {}

    hospital.tell(REVOKED, {"format": "complex", **user, "session": session})

    (left,) = hospital.house.rows("session_rows", status="open")
    assert left["session_id"] == second.session_id


@pytest.mark.usefixtures("ana")
def test_a_session_of_somebody_else_than_the_named_person_stands(hospital: Hospital) -> None:
    hospital.house.enroll("bia")
    bia = hospital.house.sign_in("bia").admission
    assert bia is not None

    hospital.tell(REVOKED, {"user": iss_sub("ana"), "session": {"format": "opaque", "id": str(bia.session_id)}})

    assert hospital.sessions() == 1


def test_a_purged_account_is_erased_with_a_certificate(hospital: Hospital, ana: UUID) -> None:
    assert hospital.tell(PURGED, iss_sub("ana")) == "accepted"

    assert str(ana) in standing(hospital.house.services, ana).certificate
    assert not hospital.house.sign_in("ana").success
    assert hospital.tell(PURGED, iss_sub("ana")) == "unknown_subject"


@pytest.mark.parametrize("named", [{"credential_type": "face"}, {"credential_type": "biometric"}, {}])
def test_a_compromised_face_gets_another_transform_and_its_person_signs_in_again(
    hospital: Hospital, ana: UUID, named: dict[str, str]
) -> None:
    bia = hospital.house.enroll("bia").subject_id
    hospital.house.sign_in("ana")

    before = {row["subject_id"]: row["transform"] for row in hospital.house.rows("active_template_rows")}
    assert hospital.tell(COMPROMISED, iss_sub("ana"), **named) == "accepted"
    after = {row["subject_id"]: row["transform"] for row in hospital.house.rows("active_template_rows")}

    assert after[ana] != before[ana]
    assert after[bia] == before[bia]
    assert not hospital.sessions()
    assert hospital.house.sign_in("ana").success
    assert hospital.house.sign_in("bia").success


def test_a_compromised_face_serves_no_more_where_another_campaign_waits(hospital: Hospital, ana: UUID) -> None:
    hospital.house.enroll("bia")
    rotate.plan(hospital.house.services, reason="schedule", act=hospital.house.act())

    assert hospital.tell(COMPROMISED, iss_sub("ana"), credential_type="face") == "suspended_instead"

    (row,) = hospital.house.rows("enrollment_rows", subject_id=ana)
    assert row["status"] == SUSPENDED
    assert accounts.reinstate(hospital.house.services, ana, reason="checked", act=hospital.house.act())
    assert hospital.house.sign_in("ana").success


def test_a_rotation_that_was_cut_off_is_carried_on_when_the_event_comes_again(hospital: Hospital, ana: UUID) -> None:
    services, act = hospital.house.services, hospital.house.act()
    rotate.plan(services, reason="transform_renewal", scope="subject", value=str(ana), act=act)

    assert hospital.tell(COMPROMISED, iss_sub("ana")) == "accepted"
    assert rotate.status(services)[0].state == "completed"


@pytest.mark.parametrize("event", [COMPROMISED, f"{CAEP}credential-change"])
def test_a_compromised_or_revoked_password_goes_and_the_template_stays(hospital: Hospital, event: str) -> None:
    account = accounts.open_account(hospital.house.services, person("ana"), department=ICU, act=hospital.house.act())
    hospital.house.enroll("ana")
    account.set_password("sealed", act=hospital.house.act())
    hospital.house.store.save(account)
    hospital.house.sign_in("ana")
    before = hospital.house.rows("active_template_rows")

    hospital.tell(event, iss_sub("ana"), credential_type="password", change_type="revoke")

    (row,) = hospital.house.rows("account_rows")
    assert not row["has_password"]
    assert hospital.house.rows("active_template_rows") == before
    assert not hospital.sessions()


@pytest.mark.usefixtures("ana")
def test_another_credential_that_is_compromised_ends_the_sessions_alone(hospital: Hospital) -> None:
    hospital.house.sign_in("ana")
    before = hospital.house.rows("active_template_rows")

    assert hospital.tell(COMPROMISED, iss_sub("ana"), credential_type="fido2-roaming") == "accepted"

    assert not hospital.sessions()
    assert hospital.house.rows("active_template_rows") == before


@pytest.mark.usefixtures("ana")
def test_a_new_credential_means_nothing_here(hospital: Hospital) -> None:
    hospital.house.sign_in("ana")

    assert hospital.tell(f"{CAEP}credential-change", iss_sub("ana"), change_type="create") == "nothing_to_do"
    assert hospital.sessions() == 1


def test_a_changed_identifier_renames(hospital: Hospital, ana: UUID) -> None:
    assert hospital.tell(RENAMED, iss_sub("ana"), new_value="EMP-9") == "accepted"

    assert accounts.find_subject(hospital.house.services, "user_id", "EMP-9") == ana
    assert accounts.find_subject(hospital.house.services, "user_id", "EMP-ana") is None


@pytest.mark.parametrize(
    ("value", "code"), [("EMP-bia", "identifier_taken"), ("a\0b", "bad_new_value"), (7, "no_new_value")]
)
@pytest.mark.usefixtures("ana")
def test_an_identifier_that_cannot_be_had_is_ignored_and_on_record(hospital: Hospital, value: Any, code: str) -> None:
    hospital.house.enroll("bia")

    assert hospital.tell(RENAMED, iss_sub("ana"), new_value=value) == code
    assert hospital.records()[-1]["code"] == code


@pytest.mark.parametrize("value", ["x'; DROP TABLE stored_events; --", "*)(uid=*))(|(uid=*", "%", "\\", '"'])
def test_metacharacters_in_a_subject_name_nobody(hospital: Hospital, ana: UUID, value: str) -> None:
    for kind, key in (("iss_sub", "sub"), ("opaque", "id"), ("email", "email")):
        subject = {"format": kind, "iss": ISSUER, key: value}
        assert hospital.tell(DISABLED, subject) == "unknown_subject"
    hospital.tell(RENAMED, iss_sub("ana"), new_value=value)
    assert accounts.find_subject(hospital.house.services, "user_id", value) == ana


@pytest.mark.parametrize(
    "subject",
    [
        {},
        {"format": "iss_sub", "iss": "https://other.example", "sub": "EMP-ana"},
        {"format": "iss_sub", "iss": ISSUER},
        {"format": "iss_sub", "iss": ISSUER, "sub": ["EMP-ana"]},
        {"format": "iss_sub", "iss": ISSUER, "sub": "EMP-ana" * 100},
        {"format": "opaque", "id": ""},
        {"format": "phone_number", "phone_number": "+5511999999999"},
        {"format": ["iss_sub"]},
        {"user": "EMP-ana", "session": 7},
        {"session": {"format": "opaque", "id": "not-a-uuid"}},
    ],
)
@pytest.mark.usefixtures("ana")
def test_a_subject_that_nobody_is_is_ignored_and_on_record(hospital: Hospital, subject: Any) -> None:
    assert hospital.tell(DISABLED, subject) == "unknown_subject"

    assert hospital.records()[-1]["facts"]["outcome"] == "ignored"
    assert hospital.house.sign_in("ana").success


def test_our_own_pairwise_subject_names_its_person(hospital: Hospital, ana: UUID) -> None:
    hospital.house.enroll("bia")
    pairwise = f"pairwise-{ana.hex}"

    for subject in ({"format": "iss_sub", "iss": OURS, "sub": pairwise}, {"format": "opaque", "id": pairwise}):
        hospital.house.sign_in("ana")
        assert hospital.tell(REVOKED, subject) == "accepted"
        assert not hospital.sessions()


@pytest.mark.parametrize(
    "subject",
    [
        {"format": "iss_sub", "iss": ISSUER, "sub": "ana.souza"},
        {"format": "opaque", "id": "Ana.Souza"},
        {"format": "email", "email": "ana.souza"},
        {"format": "account", "uri": "acct:ana.souza"},
    ],
)
@pytest.mark.usefixtures("ana")
def test_subjects_may_be_usernames(hospital: Hospital, subject: Any) -> None:
    hospital.kind = "username"

    assert hospital.tell(DISABLED, subject) == "accepted"
    assert not hospital.house.sign_in("ana").success
