"""Review of an automated refusal by a person (LGPD art. 20): everything the decision used, then a human decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from application import lockout_history
from application import requests as desk
from application.services import Services
from application.viewing import record_viewing
from application.words.person import for_person, of_code
from application.words.reasons import reason_words
from application.words.rights import MEASURES, OUTCOMES, REASONS, named, pair
from domain import request as rules
from domain.act import Act
from domain.consent import PURPOSES, Consent
from domain.errors import InvalidInputError, NotFoundError
from domain.request import Request

Reaches = Callable[[str], bool]
"""Whether the officer who asks reaches a department."""


def evidence(services: Services, request_id: UUID, *, reaches: Reaches, act: Act) -> dict[str, Any]:
    """Return everything that the refused attempt was decided on, for the officer who reviews it.

    The look is recorded first. Raises ``NotFoundError`` for no such request, one that is no review, and an attempt of a
    department that the officer does not reach.
    """
    request = _review(services, request_id)
    row = _attempt(services, request, reaches)
    record_viewing(services, [request.subject_id], what="review", act=act)
    events = services.store.stream(row["attempt_id"])
    found = {event.name: event.fields for event in events}
    assessed = found.get("attempt.evidence_assessed.v1", {}).get("evidence")
    refused = found.get("attempt.refused.v1", {})
    code, reason = refused.get("code", row["code"]), refused.get("reason", row["reason"])
    return {
        "request": desk.document(services, request),
        "attempt": {
            "attempt_id": str(row["attempt_id"]),
            "linked_to_the_person": row["subject_id"] == request.subject_id,
            "at": row["started_at"].isoformat(),
            "ended_at": row["ended_at"].isoformat() if row["ended_at"] else None,
            "department": row["department"],
            "mode": row["mode"],
            "liveness_policy": row["policy"],
            "outcome": row["state"],
            "code": code,
            "client_was_told": pair(of_code(code)),
            "next_step": row["next_step"],
            "reason": reason,
            "reason_in_words": reason_words(reason or "other").document(),
            "device_id": str(row["device_id"]) if row["device_id"] else None,
            "events": [{"at": event.at.isoformat(), "event": event.name} for event in events],
        },
        "evidence": _plain(assessed),
        "match": _plain(refused.get("match")),
        "pad_threshold_now": services.judge.pad_threshold,
        "consents_then": _consents_at(services, request.subject_id, row["started_at"]),
        "enrollments": _enrollments(services, request.subject_id),
        "lockouts": _lockouts(services, request.subject_id),
        "person_is_told": pair(for_person(code, reason)),
        "reasons": {decision: list(codes) for decision, codes in rules.REVIEW_REASONS.items()},
        "measures": list(rules.MEASURES),
    }


def decide(
    services: Services,
    request_id: UUID,
    decision: str,
    *,
    reason: str,
    measures: Sequence[str] = (),
    text: str = "",
    reaches: Reaches,
    act: Act,
) -> Request:
    """Uphold or overturn a refusal. Overturning takes at least one measure; "unlock" ends the person's lockouts here.

    The other measures are what was arranged with the person; they are noted, not done. Raises ``NotFoundError``,
    ``RequestStateError``, ``InvalidInputError``.
    """
    if decision not in rules.REVIEW_REASONS or reason not in rules.REVIEW_REASONS[decision]:
        raise InvalidInputError(f"upheld or overturned, with one of these reasons: {rules.REVIEW_REASONS}")
    chosen = list(dict.fromkeys(measures))
    if set(chosen) - set(rules.MEASURES) or bool(chosen) != (decision == rules.OVERTURNED):
        raise InvalidInputError(
            f"what is overturned takes measures of {', '.join(rules.MEASURES)}; what is upheld none"
        )
    with services.store.mutex(desk.mutex(request_id)):
        request = _review(services, request_id)
        request.check_open()
        _attempt(services, request, reaches)
        plain = desk.check_text(text)
        answer = desk.sealed(
            services, request.subject_id, desk.ANSWER, request_id, plain or _said(decision, reason, chosen)
        )
        if rules.UNLOCK in chosen:
            _unlock(services, request, reaches, act)
        request.answer(decision, reason=reason, measures=chosen, answer_sealed=answer, act=act)
        desk.save_held(services, request, act)
    return request


def _said(decision: str, reason: str, measures: Sequence[str]) -> str:
    """Return the answer in plain words, for whoever adds none of their own."""
    told = [named(OUTCOMES, decision), named(REASONS, reason), *(named(MEASURES, measure) for measure in measures)]
    return "\n".join("; ".join(words[language] for words in told) + "." for language in ("pt-BR", "en"))


def _review(services: Services, request_id: UUID) -> Request:
    request = desk.find(services, request_id)
    if request.kind != rules.REVIEW or request.attempt_id is None:
        raise NotFoundError("no such review")
    return request


def _attempt(services: Services, request: Request, reaches: Reaches) -> dict[str, Any]:
    services.projector.catch_up()
    rows = services.read_models.rows("auth_log_rows", {"attempt_id": request.attempt_id})
    # Whose it is was checked when the request came; by now a password may have linked it to somebody else.
    mine = [row for row in rows if row["subject_id"] in {None, request.subject_id}]
    if not mine or not reaches(mine[0]["department"]):
        raise NotFoundError("the attempt is of another department: somebody who reaches it reviews it")
    return mine[0]


def _consents_at(services: Services, subject_id: UUID, moment: datetime) -> dict[str, dict[str, Any]]:
    """Return how each consent stood at that time, told by its events."""
    found: dict[str, dict[str, Any]] = {}
    for purpose in PURPOSES:
        events = [e for e in services.store.stream(Consent.create_id(subject_id, purpose)) if e.at <= moment]
        notices = [e.fields["notice_version"] for e in events if "notice_version" in e.fields]
        in_force = bool(events) and events[-1].name in {"consent.granted.v1", "consent.renewed.v1"}
        found[purpose] = {"in_force": in_force, "notice_version": notices[-1] if notices else None}
    return found


def _enrollments(services: Services, subject_id: UUID) -> list[dict[str, Any]]:
    names = ("department", "status", "model", "captures_accepted", "threshold_override", "ended_reason")
    return [
        {
            "enrollment_id": str(row["enrollment_id"]),
            "template_id": str(row["template_id"]) if row["template_id"] else None,
            "created_at": row["created_at"].isoformat(),
            **{name: row[name] for name in names},
        }
        for row in services.read_models.rows("enrollment_rows", {"subject_id": subject_id})
    ]


def _lockouts(services: Services, subject_id: UUID) -> list[dict[str, Any]]:
    names = ("method", "scope", "department", "failures", "status", "ended_reason")
    return [
        {
            "imposed_at": row["imposed_at"].isoformat(),
            "until": row["until"].isoformat() if row["until"] else None,
            "ended_at": row["ended_at"].isoformat() if row["ended_at"] else None,
            **{name: row[name] for name in names},
        }
        for row in services.read_models.rows("lockout_rows", {"subject_id": subject_id})
    ]


def _unlock(services: Services, request: Request, reaches: Reaches, act: Act) -> None:
    """End the lockouts in the person's name, in the departments that the officer reaches. Idempotent."""
    caused = services.act(act.actor, act.channel, correlation_id=act.correlation_id, cause=request.id)
    for counted, _ in lockout_history.listing(services, department=None):
        if counted.subject_id == request.subject_id and reaches(counted.department):
            lockout_history.release(services, counted.lockout_id, reason="review", department=None, act=caused)


def _plain(value: Any) -> Any:
    """Return facts of the history as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, (list, tuple)) else value
