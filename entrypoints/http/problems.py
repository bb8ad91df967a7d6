"""Errors as the outside sees them: problem details (RFC 9457) with stable codes."""

from __future__ import annotations

from typing import Final

import structlog
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from application.enroll import EnrollmentRefusedError
from domain import errors
from entrypoints.faults import trail
from entrypoints.http.console.errors import error_page, is_console
from entrypoints.http.scim_errors import SCIM_PATH, of_faceauth_error, scim_error

STATUS: dict[str, int] = {
    "invalid_token": 401,
    "wrong_password": 401,
    "invalid_ticket": 401,
    "invalid_dpop_proof": 401,
    "invalid_client": 401,
    "invalid_grant": 400,
    "refresh_reused": 400,
    "invalid_target": 400,
    "client_taken": 409,
    "not_allowed": 403,
    "password_change_required": 403,
    "face_required": 403,
    "password_rejected": 422,
    "passwords_off": 409,
    "passwords_elsewhere": 409,
    "department_forbidden": 403,
    "consent_missing": 403,
    "consent_renewal_needed": 403,
    "consent_code_refused": 403,
    "paper_consent_forbidden": 409,
    "notice_version_taken": 409,
    "department_unknown": 404,
    "not_found": 404,
    "conflict": 409,
    "consent_already_given": 409,
    "account_state": 409,
    "account_inactive": 409,
    "notice_outdated": 409,
    "enrollment_state": 409,
    "enrollment_inactive": 409,
    "username_taken": 409,
    "already_enrolled": 409,
    "duplicate_person": 409,
    "session_state": 409,
    "device_state": 409,
    "pairing_refused": 403,
    "link_refused": 403,
    "origin_refused": 403,
    "too_many_guesses": 429,
    "already_erased": 409,
    "in_progress": 409,
    "log_broken": 409,
    "key_active": 409,
    "key_in_use": 409,
    "keys_read_only": 409,
    "rotation_state": 409,
    "sweep_state": 409,
    "retention_halted": 409,
    "hold_state": 409,
    "erasure_held": 409,
    "witness_conflict": 409,
    "incident_state": 409,
    "stream_state": 409,
    "stream_limit": 409,
    "erased": 410,
    "attempt_state": 409,
    "lockout_state": 409,
    "request_state": 409,
    "body_too_large": 413,
    "image_too_large": 413,
    "invalid_input": 422,
    "export_too_large": 422,
    "endpoint_forbidden": 422,
    "invalid_image": 422,
    "unsupported_image_format": 422,
    "capture_count": 422,
    "captures_insufficient": 422,
    "captures_inconsistent": 422,
    "locked_out": 429,
    "rate_limited": 429,
    "unavailable": 503,
    "models": 503,
    "key_ring": 503,
    "key_ring_missing": 503,
    "key_ring_damaged": 503,
    "key_ring_outdated": 503,
    "key_ring_foreign": 503,
    "kek_unknown": 503,
    "transform_unknown": 503,
}
"""HTTP status by code; a code that is not here is a fault of ours: 500."""

SERVER_FAULT: Final = 500
MAX_FAULTS: Final = 20
MAX_FIELD_CHARACTERS: Final = 60
"""Who sends thousands of unknown fields, or one of a megabyte, does not get them back."""

log = structlog.get_logger("faceauth.http")


def problem(status: int, code: str, detail: str, **more: object) -> JSONResponse:
    """Return a problem document; ``more`` are extension members."""
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 - RFC 6750
    document = {"type": f"urn:faceauth:problem:{code}", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(document | more, status, headers, media_type="application/problem+json")


async def on_faceauth_error(request: Request, error: Exception) -> Response:
    """Answer an error that was raised on purpose."""
    code = error.code if isinstance(error, errors.FaceauthError) else "internal_error"
    status = STATUS.get(code, SERVER_FAULT)
    if status >= SERVER_FAULT:
        # The text of these speaks to the operator: it may name files and hosts.
        log.warning("request failed", code=code, trail=trail(error))
    if is_console(request.url.path):
        return error_page(request, status, code)
    if isinstance(error, errors.FaceauthError) and request.url.path.startswith(SCIM_PATH):
        return of_faceauth_error(error, status)
    if status >= SERVER_FAULT:
        return problem(status, code, "the service cannot do this now; try again later")
    more: dict[str, object] = {}
    if isinstance(error, EnrollmentRefusedError):
        more["captures"] = [
            {"accepted": item.accepted, "reason": item.reason, "quality": item.quality} for item in error.captures
        ]
    response = problem(status, code, str(error), **more)
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        response.headers["retry-after"] = str(retry_after_s)
    return response


async def on_invalid_body(_request: Request, error: Exception) -> Response:
    """Answer a body of the wrong form: which fields, never their values."""
    faults = (
        [
            {"field": ".".join(map(str, fault["loc"]))[:MAX_FIELD_CHARACTERS], "message": fault["msg"]}
            for fault in error.errors(include_url=False, include_context=False, include_input=False)[:MAX_FAULTS]
        ]
        if isinstance(error, ValidationError)
        else []
    )
    return problem(422, "invalid_input", "the body does not have the form it must have", faults=faults)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer routing errors (unknown path, wrong method) in the same form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "http_error")
    if is_console(request.url.path):
        return error_page(request, status, code)
    detail = error.detail if isinstance(error, HTTPException) else ""
    in_scim = request.url.path.startswith(SCIM_PATH)
    response = scim_error(status, detail) if in_scim else problem(status, code, detail)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def on_client_gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: the client left while it was sending."""
    return problem(400, "client_gone", "the request was not finished")


def on_bug(error: Exception, request: Request | None = None) -> Response:
    """Answer what nobody expected: logged with its trail, told without any detail."""
    log.error("unexpected error", trail=trail(error))
    if request is not None and is_console(request.url.path):
        return error_page(request, SERVER_FAULT, "internal_error")
    return problem(SERVER_FAULT, "internal_error", "something went wrong; it has been logged")


HANDLERS: dict[object, object] = {
    errors.FaceauthError: on_faceauth_error,
    ValidationError: on_invalid_body,
    HTTPException: on_http_error,
    ClientDisconnect: on_client_gone,
}
