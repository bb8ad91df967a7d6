"""From an event of the store to a signal, and from a signal to what it is called outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from application.ports.event_store import RecordedEvent
from application.ports.signal_outbox import Signal
from domain.act import Act, reason_code

CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"
VERIFICATION_TYPE: Final = f"{SSF}verification"
FACE: Final = "urn:faceauth:credential:face"
"""``credential_type`` of CAEP credential-change for a face: of our own, agreed upon with the receiver."""
ACR_NAMESPACE: Final = "urn:faceauth:acr"
ERASURE: Final = "erasure"

VERIFICATION: Final = "verification"
"""The name of the one signal that no event stands behind."""

SECURITY_EVENTS: Final[Mapping[str, str]] = {
    "session.opened.v1": f"{CAEP}session-established",
    "session.revoked.v1": f"{CAEP}session-revoked",
    "session.expired.v1": f"{CAEP}session-revoked",
    "session.assurance_changed.v1": f"{CAEP}assurance-level-change",
    "enrollment.activated.v1": f"{CAEP}credential-change",
    "enrollment.template_rotated.v1": f"{CAEP}credential-change",
    "enrollment.revoked.v1": f"{CAEP}credential-change",
    "enrollment.erased.v1": f"{CAEP}credential-change",
    "account.password_set.v1": f"{CAEP}credential-change",
    "account.suspended.v1": f"{RISC}account-disabled",
    "account.reinstated.v1": f"{RISC}account-enabled",
    "account.closed.v1": f"{RISC}account-purged",
    "erasure.executed.v1": f"{RISC}account-purged",
    VERIFICATION: VERIFICATION_TYPE,
}
"""CAEP 1.0 and RISC 1.0 event types by our event.

Not there, on purpose: ``account.renamed`` (RISC identifier-changed must name the old e-mail or telephone number; the
identifier that receivers know, the pairwise subject, does not change) and ``device.*`` (no subject: a device is a
department's, not a person's). Webhooks tell them.
"""

PLAIN_EVENTS: Final = frozenset(
    {
        *("account.opened.v1", "account.moved.v1", "account.renamed.v1", "device.paired.v1", "device.revoked.v1"),
        "request.warned.v1",
    }
)
"""What only webhooks tell."""

TOLD: Final = frozenset(SECURITY_EVENTS) - {VERIFICATION} | PLAIN_EVENTS
SUPPORTED: Final = tuple(sorted(set(SECURITY_EVENTS.values()) - {VERIFICATION_TYPE}))
"""``events_supported`` of every stream (SSF 1.0, section 8.1.1)."""

PLAIN_PREFIX: Final = "br.faceauth."
PLAIN_SUPPORTED: Final = tuple(sorted(f"{PLAIN_PREFIX}{name}" for name in TOLD))
"""The types of CloudEvents that a webhook can have."""

_FACE_CHANGES: Final = {
    "enrollment.activated.v1": "create",
    "enrollment.template_rotated.v1": "update",
    "enrollment.revoked.v1": "revoke",
    "enrollment.erased.v1": "delete",
}
_SUBJECTLESS: Final = frozenset({"device", "request"})
"""A device is a department's; that a request is late is news for the officer, whose request it is is not."""


def needs_subject(event: RecordedEvent) -> bool:
    """Whether an event says nothing without knowing whom it concerns."""
    return event.aggregate not in _SUBJECTLESS


def signal_of(event: RecordedEvent, subject_id: UUID | None) -> Signal | None:
    """Return what an event says to the outside about that subject; None for what it does not concern.

    Only ids and codes are taken from it. An account closed by an erasure is not told twice: the erasure tells it.
    """
    reason = reason_code(str(event.fields.get("reason", "")))
    if event.name not in TOLD or (event.name == "account.closed.v1" and reason == ERASURE):
        return None
    act: Act = event.fields["act"]
    return Signal(
        name=event.name,
        position=event.position,
        at=event.at,
        txn=act.correlation_id,
        about=event.aggregate_id,
        subject_id=subject_id,
        facts={"initiator": _initiator(act.actor), **_facts(event, reason)},
    )


def security_event(signal: Signal) -> tuple[str, dict[str, Any]]:
    """Return the type of a signal's security event and its payload. Raises ``KeyError`` for one that has none."""
    facts, kind = signal.facts, SECURITY_EVENTS[signal.name]
    if signal.name == VERIFICATION:
        return kind, {"state": facts["state"]} if "state" in facts else {}
    payload: dict[str, Any] = {"event_timestamp": int(signal.at.timestamp()), "initiating_entity": facts["initiator"]}
    if facts.get("reason"):
        payload["reason_admin"] = {"en": facts["reason"]}
    match signal.name:
        case "session.opened.v1":
            payload |= {"acr": facts["acr"], "amr": facts["amr"].split()}
        case "session.assurance_changed.v1":
            payload |= {
                "namespace": ACR_NAMESPACE,
                "current_level": facts["acr"],
                "previous_level": facts["former_acr"],
            }
            payload |= {"change_direction": facts["direction"]} if facts.get("direction") else {}
        case _ if "credential" in facts:
            payload |= {"credential_type": facts["credential"], "change_type": facts["change"]}
        case _ if kind.startswith(RISC):
            # RISC 1.0 knows no timestamps or initiators; account-disabled alone has a reason, of two words.
            payload = {}
    return kind, payload


def _facts(event: RecordedEvent, reason: str) -> dict[str, str]:
    fields = event.fields
    match event.name:
        case "session.opened.v1":
            return {"acr": fields["acr"], "amr": fields["amr"]}
        case "session.assurance_changed.v1":
            direction = _direction(fields["former_acr"], fields["acr"])
            return {"acr": fields["acr"], "amr": fields["amr"], "former_acr": fields["former_acr"]} | direction
        case "session.expired.v1":
            return {"initiator": "policy", "reason": "expired"}
        case "account.password_set.v1":
            return {"credential": "password", "change": "update" if fields["password_sealed"] else "delete"}
        case name if name in _FACE_CHANGES:
            told = {"reason": reason} if "reason" in fields else {}
            return {"credential": FACE, "change": _FACE_CHANGES[name], **told}
        case name:
            told = {"reason": reason} if "reason" in fields else {}
            return told | ({"threshold": str(fields["threshold"])} if name == "request.warned.v1" else {})


_LEVELS: Final = (
    *("password", "face-passive", "face-active"),
    *("face-passive+device", "face-active+device", "mfa", "mfa+device"),
)
"""How much an ``acr`` of ours ("urn:faceauth:acr:<level>") is worth, least first."""


def _direction(former: str, current: str) -> dict[str, str]:
    """Return how assurance changed; nothing where one of the levels is not known."""
    levels = [level.removeprefix(f"{ACR_NAMESPACE}:") for level in (former, current)]
    if not set(levels) <= set(_LEVELS) or levels[0] == levels[1]:
        return {}
    before, after = (_LEVELS.index(level) for level in levels)
    return {"direction": "increase" if after > before else "decrease"}


def _initiator(actor: str) -> str:
    """Return the ``initiating_entity`` of CAEP 1.0, section 2, for an actor of ours."""
    match actor.partition(":")[0]:
        case "subject" | "anonymous":
            return "user"
        case "service":
            return "system"
        case _:
            return "admin"
