"""How an attempt's end is told to the client."""

from __future__ import annotations

from typing import Any

from application.outcome import Outcome


def result(outcome: Outcome) -> dict[str, Any]:
    """Return the ``result`` message of ``faceauth.v1``."""
    document: dict[str, Any] = {
        "type": "result",
        "success": outcome.success,
        "code": outcome.code,
        "next": outcome.next_step,
    }
    if outcome.retry_after_s is not None:
        document["retry_after_s"] = outcome.retry_after_s
    if outcome.fallback is not None:
        document["fallback"] = outcome.fallback
    if outcome.ticket is not None:
        document["ticket"] = outcome.ticket
    if outcome.admission is not None:
        admission = outcome.admission
        document["confidence"] = outcome.confidence
        document["session"] = {
            "session_id": str(admission.session_id),
            "subject_id": str(admission.subject_id),
            "username": admission.username,
            "display_name": admission.display_name,
            "department": admission.department,
            "expires_at": admission.expires_at.isoformat(),
        }
        document["tokens"] = {
            "access_token": admission.access_token,
            "refresh_token": admission.refresh_token,
            "token_type": admission.token_type,
            "expires_in": admission.expires_in,
        }
    return document


def plain_result(outcome: Outcome) -> dict[str, Any]:
    """Return the last message of the brief's plain mode: the same, in the brief's words."""
    document = result(outcome) | {"final": True}
    if outcome.admission is None:
        return document | {"error": outcome.code}
    admission = outcome.admission
    document["recognition_result"] = {
        "user_id": str(admission.subject_id),
        "username": admission.username,
        "display_name": admission.display_name,
        "confidence": outcome.confidence,
    }
    return document
