"""What the hospital's identity provider tells us is done once, in order, and is on record; or it is told again."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.signals import MemorySignalVerifier
from application import accounts, rotate
from application.erase import standing
from application.ports.signal_verifier import Reception
from application.signals import KIND, Received, receive
from domain.enrollment import SUSPENDED
from domain.errors import SignalRefusedError, UnavailableError
from tests.house import ICU, House, build_house, person
from tests.transmitter import CAEP, ISSUER, OURS, RISC, SSF, iss_sub

if TYPE_CHECKING:
    from uuid import UUID

DISABLED, ENABLED, PURGED = f"{RISC}account-disabled", f"{RISC}account-enabled", f"{RISC}account-purged"
COMPROMISED, RENAMED, REVOKED = f"{RISC}credential-compromise", f"{RISC}identifier-changed", f"{CAEP}session-revoked"


@dataclass
class Hospital:
    """A house, and an identity provider that talks to it."""

    house: House
    verifier: MemorySignalVerifier = field(default_factory=lambda: MemorySignalVerifier(ISSUER))
    kind: str = "user_id"
    told: int = 0

    @property
    def reception(self) -> Reception:
        return Reception(self.verifier, ISSUER, OURS, self.kind, lambda subject_id: f"pairwise-{subject_id.hex}")

    def token(self, event: str, subject: Any = None, jti: str | None = None, **payload: Any) -> bytes:
        self.told += 1
        told = {name.replace("_", "-") if name == "new_value" else name: value for name, value in payload.items()}
        return self.verifier.make(jti or f"jti-{self.told}", subject or {}, {event: told}, at=self.house.clock.now())

    def receive(self, token: bytes) -> Received:
        return receive(self.house.services, self.reception, token, channel="http")

    def tell(self, event: str, subject: Any = None, **payload: Any) -> str:
        return self.receive(self.token(event, subject, **payload)).code

    def sessions(self, state: str = "open") -> int:
        return len(self.house.rows("session_rows", status=state))

    def records(self) -> list[Any]:
        events = (event for event in self.house.store.read(0, 10_000) if event.name == "journal.recorded.v1")
        return [event.fields for event in events if event.fields["kind"] == KIND]


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


def test_a_verification_is_acknowledged_and_on_record(hospital: Hospital) -> None:
    assert hospital.tell(f"{SSF}verification", state="x") == "accepted"

    (entry,) = hospital.records()
    assert (entry["code"], entry["facts"]["events"], entry["subject_id"]) == ("ok", "verification", None)


def test_an_event_that_we_do_not_know_is_ignored_and_its_words_are_not_kept(hospital: Hospital, ana: UUID) -> None:
    assert hospital.tell("https://idp.example/ana-souza-left", iss_sub("ana")) == "unsupported_event"

    (entry,) = hospital.records()
    assert entry["code"] == "unsupported_event"
    assert entry["subject_id"] == ana
    assert "souza" not in repr(entry)


@pytest.mark.usefixtures("ana")
def test_the_record_holds_no_name_and_no_jti(hospital: Hospital) -> None:
    hospital.receive(hospital.token(DISABLED, iss_sub("ana"), jti="ana.souza@hospital"))

    (entry,) = hospital.records()
    assert entry["facts"]["outcome"] == "accepted"
    assert not {"souza", "EMP-ana"} & {word for word in ("souza", "EMP-ana") if word in repr(entry)}


@pytest.mark.usefixtures("ana")
def test_the_same_event_a_thousand_times_is_done_once(hospital: Hospital) -> None:
    token = hospital.token(DISABLED, iss_sub("ana"))
    assert hospital.receive(token).code == "accepted"
    position = hospital.house.store.position()

    assert {hospital.receive(token).code for _ in range(1000)} == {"duplicate"}
    assert hospital.house.store.position() == position


@pytest.mark.usefixtures("ana")
def test_the_same_event_many_times_at_once_is_done_once(hospital: Hospital) -> None:
    token = hospital.token(DISABLED, iss_sub("ana"))

    with ThreadPoolExecutor(8) as pool:
        codes = [received.code for received in pool.map(hospital.receive, [token] * 40)]

    assert sorted(codes) == ["accepted"] + ["duplicate"] * 39
    assert hospital.house.names().count("account.suspended.v1") == 1


@pytest.mark.usefixtures("ana")
def test_a_copy_that_comes_late_does_not_undo_what_came_after(hospital: Hospital) -> None:
    disabled = hospital.token(DISABLED, iss_sub("ana"))
    hospital.receive(disabled)
    hospital.tell(ENABLED, iss_sub("ana"))

    assert hospital.receive(disabled).code == "duplicate"
    assert hospital.house.sign_in("ana").success


@pytest.mark.usefixtures("ana")
def test_what_could_not_be_done_is_not_taken_and_is_done_when_it_comes_again(hospital: Hospital) -> None:
    token = hospital.token(DISABLED, iss_sub("ana"))
    hospital.house.store.lost = True
    with pytest.raises(UnavailableError):
        hospital.receive(token)

    hospital.house.store.lost = False
    assert hospital.receive(token).code == "accepted"
    assert not hospital.house.sign_in("ana").success


@pytest.mark.parametrize("saves", range(1, 5))
@pytest.mark.usefixtures("ana")
def test_a_crash_at_any_save_loses_nothing(hospital: Hospital, saves: int) -> None:
    hospital.house.sign_in("ana")
    token = hospital.token(DISABLED, iss_sub("ana"))
    left = saves

    def crash() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt
        hospital.house.store.before_next_save = crash

    hospital.house.store.before_next_save = crash
    with contextlib.suppress(KeyboardInterrupt):
        hospital.receive(token)
    hospital.house.store.before_next_save = None

    assert hospital.receive(token).code in {"accepted", "duplicate"}
    assert not hospital.sessions()
    assert not hospital.house.sign_in("ana").success
    assert len(hospital.records()) == 1


def test_a_refused_token_is_on_record_once_a_minute_for_each_reason(hospital: Hospital) -> None:
    for _ in range(50):
        with pytest.raises(SignalRefusedError):
            hospital.receive(b"garbage")

    (entry,) = hospital.records()
    assert (entry["outcome"], entry["code"]) == ("refused", "not_a_security_event_token")
    assert entry["act"].actor == "anonymous"
