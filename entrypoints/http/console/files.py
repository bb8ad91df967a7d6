"""What a page hands over as a file."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from application.statement import FORMAT

JSON_KIND: Final = "application/json"
PDF_KIND: Final = "application/pdf"


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file for whoever is signed in; that it is shown has been recorded before."""

    name: str
    kind: str
    content: bytes = field(repr=False)

    def response(self) -> Response:
        """Return it as an attachment."""
        disposition = f'attachment; filename="{self.name}"'
        return Response(self.content, media_type=self.kind, headers={"content-disposition": disposition})

    @property
    def address(self) -> str:
        """The whole file as a data address, for a link on a page that is made only once."""
        return f"data:{self.kind};base64,{base64.b64encode(self.content).decode()}"


def json_file(name: str, document: Mapping[str, Any]) -> HandedFile:
    """Return a document as a JSON file."""
    return HandedFile(f"{name}.json", JSON_KIND, json.dumps(document, ensure_ascii=False, indent=2).encode())


def printable(envelope: Mapping[str, Any]) -> bool:
    """Whether that is a full statement, or the one about somebody erased: the others have no form on paper."""
    document = envelope["document"]
    return document["type"] == FORMAT and ("attempts" in document or not document["held"])


def pdf_file(name: str, envelope: Mapping[str, Any], made_at: datetime) -> HandedFile:
    """Return a signed statement as a PDF."""
    # A second and 50 MB that only those who ask for paper pay for.
    from adapters.reports.pdf import render_pdf  # noqa: PLC0415
    from entrypoints.statement_report import report_of  # noqa: PLC0415

    return HandedFile(f"{name}.pdf", PDF_KIND, render_pdf(report_of(envelope), made_at=made_at))
