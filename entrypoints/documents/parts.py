"""Parts that several documents share: who answers, measures, recipients, evaluations, incidents, dependencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.reports.document import Bars, Figure, Section, Table, Text
from application.incident_drafts import CAUSE_NAMES, RISK_NAMES
from application.incidents import DONE, DUE, LATE, NOT_NEEDED, NOT_YET, OVERDUE, Clock
from application.reporting.facts import UNSTATED, Deployment, moment
from application.reporting.retention import Period
from application.reporting.rights import PENDING, Requests
from application.reporting.standing import Entry
from application.words.rights import KINDS, OUTCOMES, STATES

NOTHING: Final = "-"
COUNT: Final[Text] = ("quantidade", "count")
STATE: Final[Text] = ("situação", "state")
CLOCKS: Final[dict[str, Text]] = {
    "authority": ("ANPD (3 dias úteis)", "ANPD (3 business days)"),
    "subjects": ("titulares (3 dias úteis)", "subjects (3 business days)"),
    "supplement": ("complemento (20 dias úteis)", "supplement (20 business days)"),
}
CLOCK_STATES: Final[dict[str, Text]] = {
    DUE: ("a vencer", "due"),
    DONE: ("no prazo", "in time"),
    LATE: ("fora do prazo", "late"),
    OVERDUE: ("VENCIDO", "OVERDUE"),
    NOT_NEEDED: ("não se aplica", "not needed"),
    NOT_YET: ("ainda não corre", "not running yet"),
}
STATUSES: Final[dict[str, Text]] = {
    "open": ("aberto", "open"),
    "assessed": ("avaliado", "assessed"),
    "closed": ("encerrado", "closed"),
    "sealed": ("modelo pronto", "template sealed"),
    "active": ("ativo", "active"),
    "suspended": ("suspenso", "suspended"),
    "revoked": ("revogado", "revoked"),
    "erased": ("apagado", "erased"),
    "granted": ("dado", "granted"),
    "withdrawn": ("retirado", "withdrawn"),
    "objected": ("com oposição", "objected"),
    "expired": ("vencido", "expired"),
    "requested": ("pedido", "requested"),
    "executed": ("feito", "executed"),
    "final": ("definitivo", "final"),
    "enrollment": ("cadastro", "enrolment"),
    "authentication": ("entrada", "authentication"),
}
"""States of anything, and the purposes of consent."""


def heading(deployment: Deployment, at: datetime) -> list[tuple[Text, str]]:
    """Return what every document begins with."""
    who = deployment.responsible
    controller = ", ".join(part for part in (who.controller, who.controller_contact) if part)
    officer = ", ".join(part for part in (who.encarregado, who.encarregado_contact) if part)
    return [
        (("controlador", "controller"), controller or both(UNSTATED)),
        (("encarregado (art. 41)", "encarregado (art. 41)"), officer or both(UNSTATED)),
        (("feito em", "made at"), moment(at)),
        (("programa", "program"), f"{deployment.software}, esquema / schema {deployment.schema}"),
    ]


def missing(deployment: Deployment) -> list[Text]:
    """Return a paragraph on settings that are still to be filled in, none where all are."""
    names = ", ".join(deployment.responsible.missing)
    return [(f"Falta informar: {names}.", f"Still to be set: {names}.")] if names else []


def both(text: Text) -> str:
    """Return both languages on one line."""
    return text[0] if text[0] == text[1] else f"{text[0]} / {text[1]}"


def named(code: str) -> str:
    """Return a state or purpose in both languages; a code that is not known here as it is."""
    return both(STATUSES.get(code, (code, code)))


def counts(caption: Text, label: Text, found: Mapping[str, int], names: Mapping[str, Text] | None = None) -> Table:
    """Return a table of counts, one line that says so where there is nothing."""
    rows = [(both((names or {}).get(name, (name, name))), str(count)) for name, count in found.items()]
    return Table(caption, (label, COUNT), rows or [(NOTHING, "0")])


def bars(caption: Text, found: Mapping[str, int], label: Text = COUNT) -> list[Figure]:
    """Return a plot of counts, none where all are 0."""
    values = {name: float(count) for name, count in found.items() if count}
    return [Figure(caption, Bars(label, values))] if values else []


def measures(deployment: Deployment) -> Section:
    """Return the security measures in force."""
    rows = [(both(label), value) for label, value in deployment.measures]
    return Section(
        ("Medidas de segurança em vigor", "Security measures in force"),
        tables=[Table(("Como está configurado", "As configured"), (("medida", "measure"), ("valor", "value")), rows)],
    )


def recipients(deployment: Deployment) -> Section:
    """Return who receives what."""
    rows = [(one.kind, one.name, both(one.receives)) for one in deployment.recipients]
    columns = (("tipo", "kind"), ("sistema", "system"), ("recebe", "receives"))
    none = [(NOTHING, both(("nenhum", "none")), NOTHING)]
    return Section(
        ("Com quem se compartilha", "Recipients"),
        tables=[Table(("Sistemas registrados", "Registered systems"), columns, rows or none)],
    )


def retention(found: Sequence[Period]) -> Section:
    """Return how long what is kept."""
    rows = [(both(one.name), both(one.kept), both(one.ground), both(one.at_end)) for one in found]
    columns = (("dados", "data"), ("por quanto tempo", "for how long"), ("por quê", "why"), ("no fim", "at the end"))
    return Section(("Conservação", "Retention"), tables=[Table(("Prazos em vigor", "Periods in force"), columns, rows)])


def requests(found: Requests) -> Section:
    """Return the requests of data subjects, with their deadlines and the reviews among them."""
    clock = [
        (both(("respondidos no prazo de 15 dias", "closed within 15 days")), str(found.in_time)),
        (both(("respondidos fora do prazo", "closed late")), str(found.late)),
        (both(("VENCIDOS, em aberto", "OVERDUE, still open")), str(found.overdue)),
        (both(("próximo prazo", "next deadline")), moment(found.next_due) or NOTHING),
    ]
    what: Text = ("o quê", "what")
    return Section(
        ("Pedidos de titulares", "Requests of data subjects"),
        tables=[
            counts(("Pedidos por situação", "Requests by state"), STATE, found.by_state, STATES),
            counts(("Pedidos por tipo", "Requests by kind"), ("tipo", "kind"), found.by_kind, KINDS),
            Table(("Prazos (LGPD art. 19, II)", "Deadlines (LGPD art. 19, II)"), (what, COUNT), clock),
            counts(
                ("Revisões de decisões automatizadas (art. 20)", "Reviews of automated decisions (art. 20)"),
                ("resultado", "outcome"),
                found.reviews,
                {**OUTCOMES, PENDING: ("aguardam", "waiting")},
            ),
        ],
    )


def incidents(found: Sequence[Entry]) -> Section:
    """Return the register, without words."""
    rows = [
        (
            f"{one.incident_id[:8]} · {moment(one.known_at)}",
            both(CAUSE_NAMES.get(one.cause, (one.cause, one.cause))),
            both(STATUSES.get(one.status, (one.status, one.status))),
            both(RISK_NAMES.get(one.risk, (one.risk, one.risk))),
            NOTHING if one.subjects is None else str(one.subjects),
            "\n".join(clock_line(clock) for clock in one.clocks),
        )
        for one in found
    ]
    columns = (
        ("incidente", "incident"),
        ("causa", "cause"),
        STATE,
        ("risco", "risk"),
        ("titulares", "subjects"),
        ("prazos", "deadlines"),
    )
    none = [(both(("nenhum", "none")), *[NOTHING] * 5)]
    return Section(
        ("Registro de incidentes", "Incident register"),
        tables=[Table(("Incidentes", "Incidents"), columns, rows or none)],
    )


def clock_line(clock: Clock) -> str:
    """Return one deadline on a line."""
    state = both(CLOCK_STATES[clock.state])
    dated = clock.last_day is not None and clock.state != NOT_NEEDED
    return f"{CLOCKS[clock.name][0]}: {state}" + (f", {clock.last_day}" if dated else "")


def evaluations(deployment: Deployment) -> Section:
    """Return measured error rates with their samples and dates, and what the shipped ones rest on."""
    rows = [row for kind, found in deployment.evaluations.items() for row in _rates(kind, found)]
    columns = (
        ("taxa", "rate"),
        ("valor", "value"),
        ("intervalo de 95 %", "95 % interval"),
        ("amostra", "sample"),
        ("medido em", "measured at"),
    )
    absent = both(("não medido nesta máquina", "not measured on this machine"))
    tables = [
        Table(("Medido nesta máquina", "Measured on this machine"), columns, rows or [(absent, *[NOTHING] * 4)]),
        Table(
            ("O que acompanha o programa", "What ships with the program"),
            (("o quê", "what"), ("origem", "origin")),
            [(both(label), value) for label, value in deployment.shipped] or [(NOTHING, NOTHING)],
        ),
    ]
    return Section(("Taxas de erro", "Error rates"), tables=tables)


def installed(deployment: Deployment) -> list[Section]:
    """Return models and packages, as installed."""
    models = [(one.name, one.role, one.sha256, one.licence) for one in deployment.models]
    packages = [(one.name, one.version, one.licence) for one in deployment.packages]
    licence: Text = ("licença", "licence")
    return [
        Section(
            ("O que está instalado", "What is installed"),
            tables=[
                Table(
                    ("Modelos", "Models"),
                    (("modelo", "model"), ("papel", "role"), ("SHA-256", "SHA-256"), licence),
                    models or [(both(("nenhum", "none")), *[NOTHING] * 3)],
                ),
                Table(
                    (f"Dependências ({len(packages)})", f"Dependencies ({len(packages)})"),
                    (("pacote", "package"), ("versão", "version"), licence),
                    packages or [(NOTHING, NOTHING, NOTHING)],
                ),
            ],
        )
    ]


def attachments(deployment: Deployment) -> list[Section]:
    """Return the appendix of files that go with the document, none where there are none."""
    rows = [(one.name, str(one.size), one.sha256) for one in deployment.attachments]
    columns = (("arquivo", "file"), ("bytes", "bytes"), ("SHA-256", "SHA-256"))
    table = Table(("Acompanham este documento", "They go with this document"), columns, rows)
    return [Section(("Anexos", "Appendix"), tables=[table])] if rows else []


def _rates(kind: str, found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return rows of an evaluation; a figure that a document does not hold is left out, not guessed."""
    at = str(found["measured_at"])
    sample, held = _sample(found), found.get("intervals")
    intervals: Mapping[str, Any] = held if isinstance(held, Mapping) else {}
    rows: list[tuple[str, ...]] = []
    policy = found.get("policy")
    if isinstance(policy, Mapping):
        rows += _policy_rates(policy, sample, at)
    for name in ("fte", "fta", "bpcer", "fnir", "fpir"):
        if isinstance(found.get(name), (int, float)):
            where = intervals.get(name) or (intervals.get("bona_fide") if name == "bpcer" else None)
            rows.append((f"{name.upper()} ({kind})", _share(found[name]), _spread(where), sample, at))
    apcer = found.get("apcer")
    for species, value in apcer.items() if isinstance(apcer, Mapping) else ():
        spread = intervals.get("apcer", intervals)
        where = spread.get(species) if isinstance(spread, Mapping) else None
        rows.append((f"APCER {species} ({kind})", _share(value), _spread(where), sample, at))
    return rows


def _policy_rates(policy: Mapping[str, Any], sample: str, at: str) -> list[tuple[str, ...]]:
    held = policy.get("intervals")
    intervals: Mapping[str, Any] = held if isinstance(held, Mapping) else {}
    return [
        (
            f"{name.upper()} (T {policy.get('threshold', 0):.4f})",
            _share(policy[name]),
            _spread(intervals.get(name)),
            sample,
            at,
        )
        for name in ("fmr", "fnmr", "fpir", "fnir")
        if isinstance(policy.get(name), (int, float))
    ]


def _sample(found: Mapping[str, Any]) -> str:
    counted = found.get("counts") or {k: found[k] for k in ("live_sessions", "attack_sessions") if k in found}
    return "; ".join(f"{name} {_flat(value)}" for name, value in counted.items()) or NOTHING


def _flat(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)


def _share(value: float) -> str:
    return f"{value:.3%}"


def _spread(interval: Any) -> str:
    pair = 2
    return f"{interval[0]:.3%} … {interval[1]:.3%}" if isinstance(interval, list) and len(interval) == pair else NOTHING
