"""Errors as the outside sees them: problem details (RFC 9457) with stable codes."""

from __future__ import annotations

import structlog
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.enroll import EnrollmentRefusedError
from domain import errors

STATUS: dict[str, int] = {
    "invalid_token": 401,
    "not_allowed": 403,
    "department_forbidden": 403,
    "consent_missing": 403,
    "department_unknown": 404,
    "not_found": 404,
    "conflict": 409,
    "consent_already_given": 409,
    "notice_outdated": 409,
    "enrollment_state": 409,
    "enrollment_inactive": 409,
    "username_taken": 409,
    "already_enrolled": 409,
    "duplicate_person": 409,
    "session_state": 409,
    "attempt_state": 409,
    "body_too_large": 413,
    "image_too_large": 413,
    "invalid_input": 422,
    "invalid_image": 422,
    "unsupported_image_format": 422,
    "capture_count": 422,
    "captures_insufficient": 422,
    "captures_inconsistent": 422,
    "unavailable": 503,
    "models": 503,
    "key_ring": 503,
}
"""HTTP status by code; a code that is not here is a fault of ours: 500."""

log = structlog.get_logger("faceauth.http")


def problem(status: int, code: str, detail: str, **more: object) -> JSONResponse:
    """Return a problem document; ``more`` are extension members."""
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 - RFC 6750
    document = {"type": f"urn:faceauth:problem:{code}", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(document | more, status, headers, media_type="application/problem+json")


async def on_faceauth_error(_request: Request, error: Exception) -> Response:
    """Answer an error that was raised on purpose."""
    code = error.code if isinstance(error, errors.FaceauthError) else "internal_error"
    more: dict[str, object] = {}
    if isinstance(error, EnrollmentRefusedError):
        more["captures"] = [
            {"accepted": item.accepted, "reason": item.reason, "quality": item.quality} for item in error.captures
        ]
    return problem(STATUS.get(code, 500), code, str(error), **more)


async def on_invalid_body(_request: Request, error: Exception) -> Response:
    """Answer a body of the wrong form: which fields, never their values."""
    faults = (
        [{"field": ".".join(map(str, fault["loc"])), "message": fault["msg"]} for fault in error.errors()]
        if isinstance(error, ValidationError)
        else []
    )
    return problem(422, "invalid_input", "the body does not have the form it must have", faults=faults)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer routing errors (unknown path, wrong method) in the same form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "http_error")
    response = problem(status, code, error.detail if isinstance(error, HTTPException) else "")
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def on_bug(_request: Request, error: Exception) -> Response:
    """Answer what nobody expected: logged with its traceback, told without any detail."""
    log.error("unexpected error", exc_info=error)
    return problem(500, "internal_error", "something went wrong; it has been logged")


HANDLERS: dict[object, object] = {
    errors.FaceauthError: on_faceauth_error,
    ValidationError: on_invalid_body,
    HTTPException: on_http_error,
    Exception: on_bug,
}
