"""Files that the console gives: behind the same door as its pages, for officers of the whole house."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from starlette.responses import Response

from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.page import Look

SANDBOX: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""For a document that is opened and not saved: nothing in it runs or loads."""
JSON: Final = "application/json"


class Download:
    """One file: set the class variables, write ``give``, and put the class into ``pages.DOWNLOADS``."""

    path: ClassVar[str]
    roles: ClassVar[frozenset[str]] = OFFICERS

    def give(self, look: Look) -> Response:
        """Return it. Runs in the pool. Raises what the error page then tells."""
        raise NotImplementedError


def attachment(name: str, content: bytes, media_type: str) -> Response:
    """Return a file to be saved under a name (ASCII, ours)."""
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
        "content-security-policy": SANDBOX,
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


def json_attachment(name: str, document: Any) -> Response:
    """Return a JSON document to be saved."""
    return attachment(name, json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n", JSON)
