"""Consent receipts: what a person agreed to, when and how, signed, in the sections of ISO/IEC TS 27560:2023.

Header, PII processing, party identification and events, one record per purpose. They hold ids, codes and times, no
name: whose record it is, its holder knows by the subject id. They are issued after a withdrawal too.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from application import consent as consents
from application import notice as notices
from application.ports.event_store import RecordedEvent
from application.services import Services
from application.signed_documents import CONSENT_RECEIPT, signed
from domain.consent import ENROLLMENT, EXPIRED, GRANTED, PURPOSES, Consent
from domain.errors import ConsentRenewalNeededError, NotFoundError
from domain.notice import BASES, CONSENT, Notice

SCHEMA: Final = "ISO/IEC TS 27560:2023; faceauth 1"
JURISDICTION: Final = "BR"
WITHDRAWAL: Final = (
    "a qualquer momento, sem custo: na própria sessão (POST /face-auth/consent/withdraw), com um código em "
    "/face-auth/consent/form, ou pela administração do setor / at any time, free of charge"
)
PURPOSE_TEXT: Final = {
    ENROLLMENT: "cadastro do modelo facial / enrolment of the face template",
    "authentication": "reconhecimento facial ao entrar / face recognition at sign-in",
}
DATA: Final = {
    ENROLLMENT: ("face images (transient, erased at once)", "protected face template", "user id, username, name"),
    "authentication": ("face images (transient, erased at once)", "similarity and liveness scores", "attempt log"),
}
EVENT_TYPES: Final = {
    "consent.granted.v1": "given",
    "consent.renewed.v1": "renewed",
    "consent.withdrawn.v1": "withdrawn",
    "consent.objected.v1": "objected",
    "consent.expired.v1": "expired",
}


def receipt(services: Services, subject_id: UUID) -> dict[str, Any]:
    """Return the signed receipt of a subject's consents, ended ones included. Raises ``NotFoundError`` for none."""
    records = [
        _record(services, consent)
        for purpose in PURPOSES
        if (consent := consents.find(services, subject_id, purpose)) is not None
    ]
    if not records:
        raise NotFoundError("there is no consent of that person")
    document = {
        "receipt_id": str(services.ids.new()),
        "issued_at": services.clock.now().isoformat(),
        "schema_version": SCHEMA,
        "pii_principal_id": str(subject_id),
        "records": records,
        "party_identification": _parties(services),
    }
    return signed(services.notary, CONSENT_RECEIPT, document)


def state(services: Services, consent: Consent) -> str:
    """Return how a consent stands now: granted, renewal_needed, withdrawn, objected or expired."""
    if consent.status == GRANTED and consent.over(services.clock.now()):
        return EXPIRED
    if consent.status != GRANTED:
        return consent.status
    try:
        notices.check_suffices(services, consent)
    except ConsentRenewalNeededError:
        return "renewal_needed"
    return GRANTED


def _record(services: Services, consent: Consent) -> dict[str, Any]:
    notice = _notice(services, consent)
    basis = None if notice is None else notice.basis(consent.purpose)
    events = services.store.stream(consent.id)
    return {
        "record_id": str(consent.id),
        "state": state(services, consent),
        "privacy_notice": {
            "version": consent.notice_version,
            "sha256": consent.notice_sha256,
            "reference": f"/face-auth/consent/notice?version={consent.notice_version}",
            "languages": ["pt-BR", "en"],
        },
        "purpose": {"code": consent.purpose, "description": PURPOSE_TEXT[consent.purpose]},
        "lawful_basis": consent.legal_basis,
        "balancing_test": None
        if basis is None or basis.code == CONSENT or consent.legal_basis != BASES[basis.code]
        else {"sha256": basis.test_sha256, "date": basis.test_on},
        "pii_categories": list(DATA[consent.purpose]),
        "sensitive_pii": True,
        "retention_days": None if notice is None else notice.retention_days,
        "expires_at": None if consent.expires_at is None else consent.expires_at.isoformat(),
        "recipients": [],
        "collection_method": {
            "method": consent.collected.method or "not recorded",
            "attested_by": consent.collected.attested_by or None,
            "form_sha256": consent.collected.form_sha256 or None,
        },
        "jurisdiction": JURISDICTION,
        "withdrawal_method": WITHDRAWAL,
        "events": [_event(event) for event in events],
    }


def _notice(services: Services, consent: Consent) -> Notice | None:
    """Return the notice that was accepted; None for one whose text this house does not have (any more)."""
    try:
        notice = notices.of_version(services, consent.notice_version)
    except NotFoundError:
        return None
    return notice if notice.sha256 == consent.notice_sha256 else None


def _event(event: RecordedEvent) -> dict[str, Any]:
    fields, act = event.fields, event.fields.get("act")
    shown: dict[str, Any] = {
        "event_time": event.at.isoformat(),
        "event_type": EVENT_TYPES.get(event.name, event.name),
        "entity_id": None if act is None else act.actor,
    }
    named = ("notice_version", "notice_sha256", "reason", "collected", "attested_by", "form_sha256")
    shown |= {name: fields[name] for name in named if fields.get(name)}
    expires_at = fields.get("expires_at")
    return shown | ({} if expires_at is None else {"valid_until": expires_at.isoformat()})


def _parties(services: Services) -> list[dict[str, Any]]:
    controller = services.policies.controller
    return [
        {"party_role": "pii_controller", "party_name": controller.name or None, "contact": controller.contact or None},
        {
            "party_role": "encarregado",
            "party_name": controller.encarregado_name or None,
            "contact": controller.encarregado_contact or None,
            "substitute": controller.encarregado_substitute or None,
        },
    ]
