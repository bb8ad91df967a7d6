"""Make one of the officer's documents: facts first, then the report, then bytes of the wanted format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from adapters.reports.document import Report
from adapters.reports.html import render
from adapters.reports.pdf import render_pdf
from application import incidents
from application.reporting.facts import Attachment
from application.reporting.monthly import monthly
from application.reporting.processings import ropa
from application.reporting.standing import standing
from domain.errors import InvalidInputError
from entrypoints.app import App
from entrypoints.documents.gathering import deployment
from entrypoints.documents.impact import ripd, ripd_report
from entrypoints.documents.incident import incident_document, incident_report
from entrypoints.documents.month import monthly_report
from entrypoints.documents.record import encarregado_report, ropa_report
from entrypoints.finding import Finding

ROPA, RIPD, ENCARREGADO, INCIDENT, MONTHLY = "ropa", "ripd", "encarregado", "incident", "monthly"
KINDS: Final = (ROPA, RIPD, ENCARREGADO, INCIDENT, MONTHLY)
HTML, PDF, JSON = "html", "pdf", "json"
FORMATS: Final = {HTML: "text/html; charset=utf-8", PDF: "application/pdf", JSON: "application/json"}


@dataclass(frozen=True, slots=True)
class Made:
    """A document: the facts as JSON values, the report, and when its facts were taken."""

    kind: str
    facts: dict[str, Any]
    report: Report
    made_at: datetime


def make(
    app: App,
    kind: str,
    *,
    month: str | None = None,
    incident_id: UUID | None = None,
    findings: Sequence[Finding] | None = None,
    attachments: Sequence[Attachment] = (),
) -> Made:
    """Return one document. Raises ``InvalidInputError``, ``NotFoundError``, ``UnavailableError``."""
    if kind not in KINDS:
        raise InvalidInputError(f"reports are {', '.join(KINDS)}")
    services, now = app.services, app.services.clock.now()
    about = deployment(app, findings=findings, attachments=attachments)
    if kind == INCIDENT:
        if incident_id is None:
            raise InvalidInputError("name the incident")
        it = incidents.find(services, incident_id)
        return Made(kind, incident_document(services, it), incident_report(services, it, about), now)
    if kind == MONTHLY:
        counted = monthly(services, about, month)
        facts = asdict(counted)
        facts["attempts"]["fta_rate"] = counted.attempts.fta_rate
        return Made(kind, _json_values(facts), monthly_report(counted), now)
    if kind == ENCARREGADO:
        current = standing(services)
        facts = {"standing": asdict(current), "responsible": asdict(about.responsible)}
        return Made(kind, _json_values(facts), encarregado_report(current, about), now)
    if kind == ROPA:
        record = ropa(services, about)
        return Made(kind, _json_values(asdict(record)), ropa_report(record), now)
    impact = ripd(services, about)
    return Made(kind, _json_values(asdict(impact)), ripd_report(impact), now)


def encoded(report: Report, form: str, *, made_at: datetime, facts: Any = None) -> bytes:
    """Return the document in that format. Raises ``InvalidInputError``."""
    if form == HTML:
        return render(report).encode("utf-8", "replace")
    if form == PDF:
        return render_pdf(report, made_at=made_at)
    if form == JSON:
        return json.dumps(facts, ensure_ascii=False, indent=2).encode()
    raise InvalidInputError(f"formats are {', '.join(FORMATS)}")


def _json_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_values(item) for item in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value
