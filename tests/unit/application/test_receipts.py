"""Receipts: what was agreed to, how and when, signed; also after it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from application import consent as consents
from application import notice as notices
from application import receipts
from application.controller import Controller
from application.enroll_consent import Form
from application.notice import BUILT_IN
from application.signed_documents import CONSENT_RECEIPT, STATEMENT, opened
from domain.consent import AUTHENTICATION, ENROLLMENT
from domain.errors import InvalidInputError, NotFoundError
from domain.notice import FRAUD_PREVENTION, Basis
from tests.house import build_house

if TYPE_CHECKING:
    from uuid import UUID

    from tests.house import House


@pytest.fixture
def house() -> House:
    return build_house()


def issued(house: House, subject_id: UUID) -> dict[str, Any]:
    envelope = receipts.receipt(house.services, subject_id)
    return opened(house.services.notary, CONSENT_RECEIPT, envelope)


def test_a_receipt_says_who_what_why_how_and_until_when(house: House) -> None:
    controller = Controller("Hospital A", "a@example.org", "Rui", "dpo@example.org", "Eva")
    services = replace(house.services, policies=replace(house.services.policies, controller=controller))
    notices.publish(services, replace(BUILT_IN, version="2027-01", consent_days=30, retention_days=90), act=house.act())
    ana = house.enroll("ana", notice_version="2027-01", form=Form("d" * 64))

    document = receipts.receipt(services, ana.subject_id)["document"]

    assert document["schema_version"].startswith("ISO/IEC TS 27560:2023")
    assert document["pii_principal_id"] == str(ana.subject_id)
    assert document["party_identification"][0]["party_name"] == "Hospital A"
    assert document["party_identification"][1]["substitute"] == "Eva"
    enrolment, authentication = document["records"]
    assert [r["purpose"]["code"] for r in (enrolment, authentication)] == [ENROLLMENT, AUTHENTICATION]
    assert authentication["lawful_basis"] == "LGPD art. 11, I (consentimento)"
    assert authentication["privacy_notice"]["sha256"] == BUILT_IN.sha256
    assert authentication["collection_method"] == {
        "method": "paper",
        "attested_by": "token:admin",
        "form_sha256": "d" * 64,
    }
    assert (authentication["retention_days"], authentication["jurisdiction"]) == (90, "BR")
    assert authentication["expires_at"] == (house.clock.now() + timedelta(days=30)).isoformat()
    assert [event["event_type"] for event in authentication["events"]] == ["given"]


def test_a_receipt_is_issued_after_a_withdrawal_with_the_whole_story(house: House) -> None:
    ana = house.enroll("ana")
    consents.withdraw(house.services, ana.subject_id, reason="mine", act=house.act(), objection=True)
    consents.grant(house.services, ana.subject_id, notice_version=BUILT_IN.version, act=house.act())
    consents.withdraw(house.services, ana.subject_id, reason="left", act=house.act())

    for record in issued(house, ana.subject_id)["records"]:
        assert record["state"] == "withdrawn"
        assert [event["event_type"] for event in record["events"]] == ["given", "objected", "renewed", "withdrawn"]
        assert record["events"][-1]["reason"] == "left"


def test_a_receipt_that_was_changed_or_is_something_else_does_not_verify(house: House) -> None:
    envelope = receipts.receipt(house.services, house.enroll("ana").subject_id)
    changed = envelope | {"document": envelope["document"] | {"pii_principal_id": str(uuid4())}}

    for kind, one in ((CONSENT_RECEIPT, changed), (STATEMENT, envelope)):
        with pytest.raises(InvalidInputError):
            opened(house.services.notary, kind, one)


def test_a_receipt_holds_no_name(house: House) -> None:
    text = repr(receipts.receipt(house.services, house.enroll("ana").subject_id)).lower()

    assert not [word for word in ("souza", "emp-ana", "dra.") if word in text]


def test_a_basis_that_is_not_consent_comes_with_its_balancing_test(house: House) -> None:
    tested = Basis(AUTHENTICATION, FRAUD_PREVENTION, "e" * 64, "2026-12-01")
    notices.publish(
        house.services, replace(BUILT_IN, version="2027-01", bases=[Basis(ENROLLMENT), tested]), act=house.act()
    )
    ana = house.enroll("ana", notice_version="2027-01")

    enrolment, authentication = issued(house, ana.subject_id)["records"]

    assert enrolment["balancing_test"] is None
    assert authentication["balancing_test"] == {"sha256": "e" * 64, "date": "2026-12-01"}
    assert "art. 11, II" in authentication["lawful_basis"]


def test_a_receipt_says_that_the_consent_has_to_be_given_anew(house: House) -> None:
    ana = house.enroll("ana")
    notices.publish(house.services, replace(BUILT_IN, version="2027-01", material=True), act=house.act())

    assert {record["state"] for record in issued(house, ana.subject_id)["records"]} == {"renewal_needed"}


def test_there_is_no_receipt_of_nobody(house: House) -> None:
    with pytest.raises(NotFoundError):
        receipts.receipt(house.services, uuid4())
