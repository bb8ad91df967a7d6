"""The console's style, its few lines of script, and htmx out of the installed package: read once, named by content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from domain.errors import ConfigurationError

FOLDER: Final = Path(__file__).parent / "assets"
HTMX_PACKAGE: Final = "django-htmx"
HTMX_FILE: Final = "django_htmx/static/django_htmx/htmx-2.min.js"
CACHE: Final = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    path: str
    kind: str
    content: bytes

    @property
    def etag(self) -> str:
        """The digest of the content, quoted (RFC 9110, section 8.8.3)."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    async def serve(self, request: Request) -> Response:
        """Answer with the content, or with 304 where the browser has it."""
        headers = {"etag": self.etag, "cache-control": CACHE}
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.kind, headers=headers)


def htmx() -> bytes:
    """Return htmx 2 as the installed package has it; the package itself is never imported: it needs Django.

    Raises ``ConfigurationError`` where it is not installed.
    """
    try:
        found = [each for each in files(HTMX_PACKAGE) or () if each.as_posix() == HTMX_FILE]
    except PackageNotFoundError:
        found = []
    if not found:
        raise ConfigurationError(f"{HTMX_PACKAGE} is not installed whole: pip install -r requirements.lock")
    return found[0].read_binary()


CSS: Final = Asset("/console/assets/console.css", "text/css", (FOLDER / "console.css").read_bytes())
JS: Final = Asset("/console/assets/console.js", "text/javascript", (FOLDER / "console.js").read_bytes())
HTMX: Final = Asset("/console/assets/htmx.js", "text/javascript", htmx())
ASSETS: Final = (CSS, JS, HTMX)
