"""One incident of the register, laid out; and its draft notices."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from adapters.reports.document import Report, Section, Table, Text
from application import incidents
from application.incident_drafts import CATEGORY_NAMES, CAUSE_NAMES, KIND_NAMES, RISK_NAMES, Draft
from application.reporting.facts import Deployment, moment
from application.services import Services
from domain.incident import Incident
from entrypoints.documents import parts
from entrypoints.documents.parts import both

NOTHING: Text = ("não informado", "not stated")


def incident_document(services: Services, it: Incident) -> dict[str, Any]:
    """Return an incident as JSON values: words opened, whom it reaches as counts, clocks as they stand now."""
    affected = asdict(it.affected) if it.affected else None
    return {
        "incident_id": str(it.id),
        "known_at": it.known_at.isoformat(),
        "opened_at": it.opened_at.isoformat(),
        "kind": it.kind,
        "cause": it.cause,
        "categories": list(it.categories),
        "status": it.status,
        "risk": it.risk or None,
        "affected": _plain(affected) if affected else None,
        "authority_at": _iso(it.authority_at),
        "authority_reference": it.authority_reference or None,
        "preliminary": it.preliminary,
        "subjects_at": _iso(it.subjects_at),
        "subjects_means": list(it.subjects_means),
        "supplemented_at": _iso(it.supplemented_at),
        "closed_at": _iso(it.closed_at),
        "not_notified": it.not_notified or None,
        "kept_until": incidents.register_until(it, services.calendar).isoformat(),
        "clocks": [clock_document(clock) for clock in _clocks(services, it)],
        "texts": incidents.reveal(services, it),
    }


def clock_document(clock: incidents.Clock) -> dict[str, Any]:
    """Return a deadline as JSON values."""
    return _plain(asdict(clock))


def incident_report(services: Services, it: Incident, deployment: Deployment) -> Report:
    """Lay out one entry of the register."""
    texts = {name: (text, text) if text else NOTHING for name, text in incidents.reveal(services, it).items()}
    clocks = [
        (
            both(parts.CLOCKS[c.name]),
            str(c.last_day or "-"),
            both(parts.CLOCK_STATES[c.state]),
            "" if c.left is None else str(c.left),
        )
        for c in _clocks(services, it)
    ]
    columns = (
        ("prazo", "deadline"),
        ("último dia", "last day"),
        parts.STATE,
        ("dias úteis restantes", "business days left"),
    )
    categories = "\n".join(both(CATEGORY_NAMES[one]) for one in it.categories)
    return Report(
        ("Incidente de segurança: registro", "Security incident: register entry"),
        [
            *parts.heading(deployment, services.clock.now()),
            (("incidente", "incident"), str(it.id)),
            (("conhecido em", "known at"), moment(it.known_at)),
            (("natureza", "nature"), both(KIND_NAMES[it.kind])),
            (("causa", "cause"), both(CAUSE_NAMES[it.cause])),
            (("situação", "state"), both(parts.STATUSES[it.status])),
            (("risco", "risk"), both(RISK_NAMES[it.risk])),
            (("dados", "data"), categories),
            (("guardar até", "keep until"), str(incidents.register_until(it, services.calendar))),
        ],
        [
            Section(("O que aconteceu", "What happened"), [texts["description"]]),
            Section(("Prazos", "Deadlines"), tables=[Table(("Prazos", "Deadlines"), columns, clocks)]),
            _affected(it),
            Section(("Medidas antes", "Measures before"), [texts["measures_before"]]),
            Section(("Medidas depois", "Measures after"), [texts["measures_after"]]),
            Section(("Comunicações", "Notifications"), tables=[_told(it)]),
            Section(("Motivo da demora", "Reason for delay"), [texts["delay"]]),
        ],
        summary=parts.missing(deployment),
    )


def draft_report(draft: Draft) -> Report:
    """Lay out a draft notice."""
    gaps: list[Text] = [(f"Faltam {draft.gaps} campos.", f"{draft.gaps} fields to be filled in.")]
    sections = [Section(part.title, list(part.paragraphs)) for part in draft.parts]
    return Report(draft.title, [], sections, summary=gaps if draft.gaps else [])


def _affected(it: Incident) -> Section:
    title: Text = ("Titulares afetados", "Data subjects affected")
    found = it.affected
    if found is None:
        return Section(title, [("Ainda não avaliado.", "Not assessed yet.")])
    unknown = both(("desconhecido", "unknown"))
    rows = [
        (both(("como foi apurado", "how it was found")), f"{found.selector} {found.value}".strip()),
        (both(("período", "period")), f"{moment(found.since) or '…'} - {moment(found.until) or '…'}"),
        (both(("titulares", "data subjects")), str(found.subjects)),
        (both(("crianças e adolescentes", "minors")), unknown if found.minors is None else str(found.minors)),
        (both(("idosos", "elderly")), unknown if found.elderly is None else str(found.elderly)),
        (both(("setores", "departments")), ", ".join(found.departments) or "-"),
        (both(("chaves", "keys")), str(len(found.keys))),
        (both(("resumo da lista (SHA-256)", "digest of the list (SHA-256)")), found.subjects_sha256),
    ]
    return Section(
        title,
        tables=[Table(("Apurado dos eventos", "Computed from events"), (("o quê", "what"), ("valor", "value")), rows)],
    )


def _told(it: Incident) -> Table:
    rows = [
        (both(("ANPD", "ANPD")), moment(it.authority_at) or "-", it.authority_reference or "-"),
        (both(("titulares", "data subjects")), moment(it.subjects_at) or "-", ", ".join(it.subjects_means) or "-"),
        (both(("complemento", "supplement")), moment(it.supplemented_at) or "-", "-"),
        (both(("não comunicado porque", "not told because")), moment(it.closed_at) or "-", it.not_notified or "-"),
    ]
    return Table(
        ("Quem soube, e quando", "Who was told, and when"),
        (("a quem", "whom"), ("quando", "when"), ("como", "how")),
        rows,
    )


def _clocks(services: Services, it: Incident) -> list[incidents.Clock]:
    return incidents.clocks(it, services.calendar, services.clock.now())


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in document.items()}
