"""What OAuth endpoints share: their two kinds of body, how clients show who they are, and how errors read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.clients import Credentials
from domain.errors import (
    AudienceInvalidError,
    ClientUnknownError,
    FaceauthError,
    GrantInvalidError,
    InvalidInputError,
    ProofInvalidError,
)
from entrypoints.http import bodies
from entrypoints.http.endpoint import Handler

MAX_PARAMETERS: Final = 16
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
ERRORS: Final[tuple[tuple[type[FaceauthError], int, str], ...]] = (
    (ClientUnknownError, 401, "invalid_client"),
    (GrantInvalidError, 400, "invalid_grant"),
    (ProofInvalidError, 400, "invalid_dpop_proof"),
    (AudienceInvalidError, 400, "invalid_target"),
    (InvalidInputError, 400, "invalid_request"),
)
"""Status and error code by kind, the first that fits (RFC 6749, section 5.2; RFC 8707, 9449). Others are problems."""


class GrantUnsupportedError(InvalidInputError):
    """A grant other than refresh_token."""

    code = "unsupported_grant_type"


async def speaks_oauth(handler: Handler, request: Request) -> Response:
    """Return the handler's answer, refusals in the form of RFC 6749; ``code`` tells ours where it says more."""
    try:
        return await handler(request)
    except bodies.BodyTooLargeError:
        raise
    except (ClientUnknownError, GrantInvalidError, ProofInvalidError, InvalidInputError) as error:
        return refusal(error)


def refusal(error: FaceauthError) -> Response:
    """Return the error document of a refusal."""
    status, name = next((status, name) for kind, status, name in ERRORS if isinstance(error, kind))
    if isinstance(error, GrantUnsupportedError):
        name = error.code
    headers = {"www-authenticate": 'Basic realm="faceauth"'} if status == 401 else {}  # noqa: PLR2004 - RFC 7235
    return JSONResponse({"error": name, "error_description": str(error), "code": error.code}, status, headers)


async def read_parameters(request: Request) -> dict[str, str]:
    """Return the parameters of a form (RFC 6749, appendix B) or of a flat JSON object of strings.

    Raises ``InvalidInputError``, also for one that comes twice (RFC 6749, section 3.2).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise InvalidInputError(f"the body is {FORM} or {JSON}")
    raw = await bodies.read_limited(request, bodies.MAX_FORM_BYTES)
    pairs = _json_pairs(raw) if kind == JSON else _form_pairs(raw)
    if len(pairs) > MAX_PARAMETERS or len({name for name, _ in pairs}) != len(pairs):
        raise InvalidInputError("a parameter comes once, and there are few of them")
    # An empty value counts as none (RFC 6749, section 3.2).
    return {name: value for name, value in pairs if value}


def needed(parameters: Mapping[str, str], name: str) -> str:
    """Return a parameter. Raises ``InvalidInputError`` where it is missing."""
    if name not in parameters:
        raise InvalidInputError(f"{name} is missing")
    return parameters[name]


def credentials_in(request: Request, parameters: Mapping[str, str]) -> Credentials | None:
    """Return what the client shows of itself, in the header or in the body; None where it shows nothing.

    Raises ``InvalidInputError`` for both at once, ``ClientUnknownError`` for a header that cannot be read.
    """
    shown = basic_credentials(request)
    if shown is None:
        if "client_id" not in parameters:
            return None
        return Credentials(parameters["client_id"], parameters.get("client_secret"))
    if "client_secret" in parameters or parameters.get("client_id", shown.client_id) != shown.client_id:
        raise InvalidInputError("the client authenticates in one way at a time")
    return shown


def basic_credentials(request: Request) -> Credentials | None:
    """Return the id and secret of HTTP Basic (RFC 6749, section 2.3.1); None where there are none.

    Raises ``ClientUnknownError`` for what cannot be read.
    """
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = name = secret = ""
    if not colon:
        raise ClientUnknownError("no such client, or not its secret")
    return Credentials(unquote_plus(name), unquote_plus(secret))


def _form_pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise InvalidInputError("the body is no form, or has too many fields") from None


def _json_pairs(raw: bytes) -> list[tuple[str, str]]:
    pairs: Any = None
    try:
        pairs = json.loads(raw, object_pairs_hook=list)
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, list) or not all(_named_text(pair) for pair in pairs):
        raise InvalidInputError("the body is no flat JSON object of strings")
    return pairs


def _named_text(pair: Any) -> bool:
    return isinstance(pair, tuple) and all(isinstance(part, str) for part in pair)
