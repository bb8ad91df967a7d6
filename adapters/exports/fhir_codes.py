"""What our events are called in FHIR: codes of DICOM (PS3.16, CID 400 to 403), HL7 and IHE.

FHIR R4 binds ``AuditEvent.type`` and ``subtype`` to value sets that can be extended; beside the standard code our own
topic always stands as one more subtype, so that nothing is lost in translation.
"""

from __future__ import annotations

from typing import Final, NamedTuple

DCM: Final = "http://dicom.nlm.nih.gov/resources/ontology/DCM"
ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
OBJECT_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
SOURCE_TYPE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
ROLE_TYPE: Final = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
BALP_ENTITY: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"

Coding = dict[str, str]


class Meaning(NamedTuple):
    """What kind of event it is in those terms. ``purpose`` is None where the event serves its own ends."""

    type: Coding
    action: str
    subtype: Coding | None = None
    purpose: Coding | None = None


def coding(system: str, code: str, display: str) -> Coding:
    """Return a Coding."""
    return {"system": system, "code": code, "display": display}


ACTIVITY: Final = coding(DCM, "110100", "Application Activity")
LOG_USED: Final = coding(DCM, "110101", "Audit Log Used")
EXPORT: Final = coding(DCM, "110106", "Export")
RECORD: Final = coding(DCM, "110110", "Patient Record")
ALERT: Final = coding(DCM, "110113", "Security Alert")
AUTHENTICATION: Final = coding(DCM, "110114", "User Authentication")
LOGIN: Final = coding(DCM, "110122", "Login")
LOGOUT: Final = coding(DCM, "110123", "Logout")
NODE: Final = coding(DCM, "110126", "Node Authentication")
SECURITY_CONFIGURATION: Final = coding(DCM, "110129", "Security Configuration")
OBJECT_SECURITY: Final = coding(DCM, "110135", "Object Security Attributes Changed")
USER_SECURITY: Final = coding(DCM, "110137", "User Security Attributes Changed")
APPLICATION: Final = coding(DCM, "110150", "Application")

COMPLIANCE: Final = coding(REASON, "HCOMPL", "health compliance")
ADMINISTRATION: Final = coding(REASON, "HSYSADMIN", "health system administration")
REQUESTED: Final = coding(REASON, "PATRQT", "patient requested")

GENERIC: Final = Meaning(ACTIVITY, "E")
"""An event that nobody placed yet."""
UNREADABLE: Final = Meaning(ALERT, "R", OBJECT_SECURITY)

_LOGIN: Final = Meaning(AUTHENTICATION, "E", LOGIN)
_LOGOUT: Final = Meaning(AUTHENTICATION, "E", LOGOUT)
_USER: Final = Meaning(ALERT, "U", USER_SECURITY, ADMINISTRATION)

OF_AGGREGATE: Final = {
    "attempt": Meaning(AUTHENTICATION, "E"),
    "session": Meaning(AUTHENTICATION, "E"),
    "enrollment": _USER,
    "account": _USER,
    "consent": Meaning(RECORD, "U", None, REQUESTED),
    "device": Meaning(ALERT, "U", NODE, ADMINISTRATION),
    "lockout": Meaning(ALERT, "U", USER_SECURITY),
    "rotation": Meaning(ALERT, "U", OBJECT_SECURITY, ADMINISTRATION),
    "erasure": Meaning(RECORD, "D", None, REQUESTED),
    "journal": Meaning(ALERT, "E", SECURITY_CONFIGURATION, ADMINISTRATION),
    "viewing": Meaning(RECORD, "R", None, COMPLIANCE),
    "request": Meaning(RECORD, "R", None, REQUESTED),
    "incident": Meaning(ALERT, "U", None, COMPLIANCE),
    "notices": Meaning(ALERT, "U", SECURITY_CONFIGURATION, COMPLIANCE),
    "retention_sweep": Meaning(RECORD, "U", None, COMPLIANCE),
    "retention_hold": Meaning(ALERT, "U", OBJECT_SECURITY, COMPLIANCE),
}
OF_EVENT: Final = {
    "attempt.succeeded.v1": _LOGIN,
    "attempt.refused.v1": _LOGIN,
    "attempt.fallback_succeeded.v1": _LOGIN,
    "attempt.fallback_refused.v1": _LOGIN,
    "attempt.second_factor_accepted.v1": _LOGIN,
    "attempt.second_factor_refused.v1": _LOGIN,
    "session.opened.v1": _LOGIN._replace(action="C"),
    "session.revoked.v1": _LOGOUT,
    "session.expired.v1": _LOGOUT,
    "request.received.v1": Meaning(RECORD, "C", None, REQUESTED),
    "request.warned.v1": Meaning(ALERT, "E", None, COMPLIANCE),
    "request.begun.v1": Meaning(RECORD, "U", None, REQUESTED),
    "request.refused.v1": Meaning(RECORD, "U", None, REQUESTED),
    "retention.deleted.v1": Meaning(RECORD, "D", None, COMPLIANCE),
    "retention.hold_placed.v1": Meaning(ALERT, "C", OBJECT_SECURITY, COMPLIANCE),
    "retention.hold_released.v1": Meaning(ALERT, "D", OBJECT_SECURITY, COMPLIANCE),
}
OF_JOURNAL: Final = {
    "audit_export": Meaning(EXPORT, "R", LOG_USED, COMPLIANCE),
    "audit_stream": Meaning(EXPORT, "R", LOG_USED, COMPLIANCE),
}
"""Journal entries by their kind; any other is the aggregate's."""

_BEGINNINGS: Final = ("opened", "granted", "paired", "planned", "requested", "imposed", "published")
_ENDINGS: Final = ("erased", "closed", "purged")


def meaning_of(name: str, aggregate: str, kind: str) -> Meaning:
    """Return what an event means; ``kind`` is that of a journal entry, "" for all others."""
    if name == "damaged":
        return UNREADABLE
    if name in OF_EVENT:
        return OF_EVENT[name]
    if aggregate == "journal" and kind in OF_JOURNAL:
        return OF_JOURNAL[kind]
    meaning = OF_AGGREGATE.get(aggregate, GENERIC)
    verb = name.split(".")[1] if name.count(".") else ""
    if meaning.action == "U" and verb in _BEGINNINGS:
        return meaning._replace(action="C")
    if meaning.action == "U" and verb in _ENDINGS:
        return meaning._replace(action="D")
    return meaning
