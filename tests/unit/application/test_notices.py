"""Which consents suffice: notices that change, periods that end, bases that are not consent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from application import consent as consents
from application import consent_periods
from application import notice as notices
from application.enroll_consent import Form
from application.notice import BUILT_IN
from domain.consent import AUTHENTICATION, ENROLLMENT, EXPIRED, PURPOSES, Consent
from domain.errors import (
    ConcurrencyError,
    ConsentMissingError,
    ConsentRenewalNeededError,
    NoticeOutdatedError,
    NoticeVersionTakenError,
    PaperConsentForbiddenError,
)
from domain.notice import FRAUD_PREVENTION, Basis, Notice, Notices
from tests.house import build_house, frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.house import House

DAY = timedelta(days=1)
OURS = Notice("2027-01", "# Aviso", "# Notice")
MATERIAL = replace(OURS, material=True, grace_days=10)
BALANCED = replace(OURS, bases=[Basis(purpose, FRAUD_PREVENTION, "b" * 64, "2026-12-01") for purpose in PURPOSES])


@pytest.fixture
def house() -> House:
    return build_house()


def publish(house: House, notice: Notice) -> None:
    notices.publish(house.services, notice, act=house.act("operator:cli", "cli"))


def renew(house: House, subject_id: UUID, version: str) -> list[str]:
    act = house.act(f"subject:{subject_id}")
    return consents.grant(house.services, subject_id, notice_version=version, act=act)


def test_a_house_that_published_nothing_has_the_built_in_notice(house: House) -> None:
    assert notices.in_force(house.services) == BUILT_IN
    assert notices.known(house.services) == [(BUILT_IN, None)]


def test_the_newest_notice_is_in_force_at_once_for_every_process(house: House) -> None:
    elsewhere = replace(house.services, notices=notices.NoticeShelf())
    assert notices.in_force(elsewhere) == BUILT_IN

    publish(house, OURS)
    publish(house, replace(OURS, version="2027-02"))

    assert notices.in_force(elsewhere).version == "2027-02"
    assert notices.of_version(elsewhere, "2027-01") == OURS
    assert house.last("notices.replaced.v1")["sha256"] == OURS.sha256


def test_a_notice_is_read_again_only_when_there_is_another(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(house, OURS)
    read: list[type] = []
    real = house.store.get

    def watched(kind: Any, key: Any) -> Any:
        read.append(kind)
        return real(kind, key)

    monkeypatch.setattr(house.store, "get", watched)

    for _ in range(5):
        notices.in_force(house.services)

    assert read == [Notices]


def test_of_two_who_publish_one_version_at_once_one_does(house: House) -> None:
    def one(text: str) -> bool:
        try:
            publish(house, replace(OURS, pt_br=text))
        except NoticeVersionTakenError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, "abcdefgh")) == 1
    assert len(notices.known(house.services)) == 2


def test_after_a_change_that_is_not_material_nothing_is_needed(house: House) -> None:
    house.enroll("ana")

    publish(house, OURS)
    house.clock.advance(400 * DAY)

    assert house.sign_in("ana").success


def test_after_a_material_change_and_the_days_of_grace_the_person_is_asked_anew(house: House) -> None:
    ana = house.enroll("ana")
    publish(house, MATERIAL)
    house.clock.advance(10 * DAY - timedelta(seconds=1))
    assert house.sign_in("ana").success

    house.clock.advance(timedelta(seconds=1))
    refused = house.sign_in("ana")

    assert (refused.success, refused.code, refused.next_step) == (False, "consent_renewal_needed", "renew_consent")
    assert refused.fallback == "password"
    assert house.last("attempt.refused.v1")["reason"] == "consent_renewal_needed"
    assert renew(house, ana.subject_id, "2027-01") == list(PURPOSES)
    assert house.sign_in("ana").success


def test_a_later_change_that_is_not_material_does_not_undo_the_one_that_was(house: House) -> None:
    house.enroll("ana")
    publish(house, MATERIAL)
    publish(house, replace(OURS, version="2027-02"))

    house.clock.advance(11 * DAY)

    assert house.sign_in("ana").code == "consent_renewal_needed"


def test_who_consented_after_the_material_change_is_not_asked_again_by_a_later_small_one(house: House) -> None:
    publish(house, MATERIAL)
    house.enroll("ana", notice_version="2027-01")
    publish(house, replace(OURS, version="2027-02"))

    house.clock.advance(11 * DAY)

    assert house.sign_in("ana").success


def test_consent_is_given_to_the_notice_in_force_only(house: House) -> None:
    ana = house.enroll("ana")
    publish(house, OURS)

    with pytest.raises(NoticeOutdatedError):
        renew(house, ana.subject_id, "2026-11")
    with pytest.raises(NoticeOutdatedError):
        house.enroll("bia")


def test_a_consent_is_over_by_its_date_whether_the_worker_has_run_or_not(house: House) -> None:
    publish(house, replace(OURS, consent_days=365))
    ana = house.enroll("ana", notice_version="2027-01")
    house.clock.advance(365 * DAY - timedelta(seconds=1))
    assert house.sign_in("ana").success

    house.clock.advance(timedelta(seconds=1))

    assert house.sign_in("ana").code == "consent_renewal_needed"
    assert consent_periods.expire_due(house.services, act=house.act("service", "worker")) == 2
    assert house.sign_in("ana").code == "consent_renewal_needed"
    assert {row["status"] for row in house.rows("session_rows")} <= {"revoked", "expired"}
    assert consent_periods.expire_due(house.services, act=house.act("service", "worker")) == 0
    assert renew(house, ana.subject_id, "2027-01") == list(PURPOSES)
    assert house.sign_in("ana").success


def test_renewing_early_makes_it_last_longer_and_twice_in_a_moment_changes_nothing(house: House) -> None:
    publish(house, replace(OURS, consent_days=365))
    ana = house.enroll("ana", notice_version="2027-01")
    house.clock.advance(300 * DAY)

    assert renew(house, ana.subject_id, "2027-01") == list(PURPOSES)
    assert renew(house, ana.subject_id, "2027-01") == []
    house.clock.advance(100 * DAY)

    assert house.sign_in("ana").success


def test_officers_see_what_is_about_to_end_first_and_what_is_over_as_over(house: House) -> None:
    publish(house, replace(OURS, consent_days=100))
    house.enroll("ana", notice_version="2027-01")
    house.clock.advance(50 * DAY)
    bia = house.enroll("bia", notice_version="2027-01")
    soon = house.clock.now() + 60 * DAY

    assert len(consent_periods.listing(house.services, expiring_before=soon)) == 2
    house.clock.advance(51 * DAY)

    listed = [(row["status"], row["subject_id"] == bia.subject_id) for row in consent_periods.listing(house.services)]
    assert listed == [(EXPIRED, False)] * 2 + [("granted", True)] * 2
    assert len(consent_periods.listing(house.services, state=EXPIRED)) == 2


def test_where_the_basis_is_not_consent_nobody_is_asked_and_an_objection_stops_it(house: House) -> None:
    ana = house.enroll("ana")
    publish(house, replace(BALANCED, material=True))
    house.clock.advance(DAY)
    assert house.sign_in("ana").success, "nothing has to be given anew"
    bia = house.enroll("bia", notice_version="2027-01", form=Form(accepted=False))
    assert house.sign_in("bia").success

    for person in (ana, bia):
        consents.withdraw(
            house.services,
            person.subject_id,
            reason="unfair",
            act=house.act(),
            objection=True,
            purposes=[AUTHENTICATION],
        )

    assert [house.sign_in(name).code for name in ("ana", "bia")] == ["face_not_recognised"] * 2
    row = next(row for row in house.rows("consent_rows") if row["objected_at"] and row["subject_id"] == bia.subject_id)
    assert row["legal_basis"].startswith("LGPD art. 11, II")


def test_nobody_is_enrolled_over_their_objection_without_having_accepted(house: House) -> None:
    publish(house, BALANCED)
    bia = house.enroll("bia", notice_version="2027-01", form=Form(accepted=False))
    consents.withdraw(house.services, bia.subject_id, reason="unfair", act=house.act(), objection=True)

    with pytest.raises(ConsentMissingError):
        house.enroll("bia", notice_version="2027-01", form=Form(accepted=False))

    assert house.enroll("bia", notice_version="2027-01").subject_id == bia.subject_id


def test_where_consent_becomes_the_basis_who_was_only_informed_is_asked(house: House) -> None:
    publish(house, BALANCED)
    ana = house.enroll("ana", notice_version="2027-01", form=Form(accepted=False))
    publish(house, replace(OURS, version="2027-02"))

    assert house.sign_in("ana").code == "consent_renewal_needed"
    renew(house, ana.subject_id, "2027-02")
    assert house.sign_in("ana").success


def test_where_consent_is_the_basis_being_informed_is_not_enough(house: House) -> None:
    with pytest.raises(ConsentMissingError):
        house.enroll("ana", form=Form(accepted=False))


def test_a_form_on_paper_is_marked_with_who_attests_it(house: House) -> None:
    house.enroll("ana", form=Form("c" * 64))
    house.enroll("bia", form=Form(attested_by="subject:7"))

    rows = house.rows("consent_rows")

    assert {row["channel"] for row in rows} == {"paper"}
    assert {(row["attested_by"], row["form_sha256"]) for row in rows} == {
        ("token:admin", "c" * 64),
        ("subject:7", None),
    }
    granted = house.last("consent.granted.v1")
    assert (granted["collected"], granted["attested_by"]) == ("paper", "subject:7")


def test_a_hospital_can_forbid_paper_and_says_what_to_do(house: House) -> None:
    services: Any = house.services
    forbidding = replace(services.policies, paper_consent=False)
    house.enrolling._services = replace(services, policies=forbidding)
    before = house.store.position()

    with pytest.raises(PaperConsentForbiddenError, match="consent invite"):
        house.enroll("ana")

    assert house.store.position() == before


def test_a_consent_from_before_all_this_still_loads_and_serves(house: House) -> None:
    old = Consent.grant(
        house.services.ids.new(), ENROLLMENT, legal_basis="LGPD", notice=("2026-11", "a" * 64), act=house.act()
    )
    for event in old.pending_events:
        for name in ("expires_at", "collected", "attested_by", "form_sha256"):
            del event.__dict__[name]
    house.store.save(old)

    loaded = house.store.get(Consent, old.id)
    assert (loaded.expires_at, loaded.collected.method) == (None, "")
    assert consents.required(house.services, old.subject_id, ENROLLMENT) == loaded
    (row,) = house.rows("consent_rows")
    assert (row["channel"], row["attested_by"], row["expires_at"]) == ("http", None, None)


def test_a_consent_to_a_text_that_nobody_knows_is_older_than_any(house: House) -> None:
    consent = Consent.grant(
        house.services.ids.new(), ENROLLMENT, legal_basis="LGPD", notice=("1999", "a" * 64), act=house.act()
    )
    house.store.save(consent)
    publish(house, replace(MATERIAL, grace_days=0))

    with pytest.raises(ConsentRenewalNeededError):
        consents.required(house.services, consent.subject_id, ENROLLMENT)


def test_a_withdrawal_between_the_last_check_and_the_session_wins_over_a_renewed_consent(house: House) -> None:
    ana = house.enroll("ana")
    publish(house, MATERIAL)
    renew(house, ana.subject_id, "2027-01")
    shown = house.shown(frames("ana"))
    house.store.before_next_save = lambda: consents.withdraw(
        house.services, ana.subject_id, reason="now", act=house.act(), purposes=[AUTHENTICATION]
    )

    outcome = shown.decide()

    assert not outcome.success
    assert not [row for row in house.rows("session_rows") if row["status"] == "open"]


def test_of_a_renewal_and_a_withdrawal_at_once_the_withdrawal_is_never_lost(house: House) -> None:
    ana = house.enroll("ana")
    publish(house, MATERIAL)

    def tried(work: Callable[[], object]) -> bool:
        try:
            work()
        except (ConsentMissingError, ConcurrencyError):
            return False
        return True

    def withdraw() -> object:
        return consents.withdraw(house.services, ana.subject_id, reason="now", act=house.act())

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(tried, [lambda: renew(house, ana.subject_id, "2027-01"), withdraw] * 4))

    for purpose in PURPOSES:
        consent = house.store.get(Consent, Consent.create_id(ana.subject_id, purpose))
        assert consent.in_force == (house.store.stream(consent.id)[-1].name != "consent.withdrawn.v1")
    assert any(done[1::2])
    assert not house.sign_in("ana").success, "the enrolment went with the withdrawal"
