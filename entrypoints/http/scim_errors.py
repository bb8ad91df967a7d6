"""Errors in the form of SCIM (RFC 7644, section 3.12)."""

from __future__ import annotations

import json
from typing import Final

from starlette.responses import Response

from domain.errors import FaceauthError

SCIM_PATH: Final = "/scim/v2"
MEDIA_TYPE: Final = "application/scim+json"
MAX_DETAIL: Final = 200

_BAD_REQUEST: Final = 400
_TYPES: Final = {
    "username_taken": "uniqueness",
    "account_state": "uniqueness",
    "invalid_input": "invalidValue",
    "department_unknown": "invalidValue",
}
"""``scimType`` by our code."""

_STATUS: Final = {"invalid_input": _BAD_REQUEST, "department_unknown": _BAD_REQUEST}
"""Where SCIM wants another status than our own API gives."""


def scim_error(status: int, detail: str, scim_type: str | None = None) -> Response:
    """Return an error document."""
    # Half a second to load, which only those who speak SCIM pay for.
    from scim2_models import Error  # noqa: PLC0415

    document = Error(status=status, scim_type=scim_type, detail=detail[:MAX_DETAIL]).model_dump()
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 - RFC 6750
    return Response(json.dumps(document), status, headers, media_type=MEDIA_TYPE)


def of_faceauth_error(error: FaceauthError, status: int) -> Response:
    """Return the document of an error of ours whose status elsewhere is ``status``."""
    server_fault = 500
    detail = str(error) if status < server_fault else "the service cannot do this now; try again later"
    return scim_error(_STATUS.get(error.code, status), detail, _TYPES.get(error.code))
