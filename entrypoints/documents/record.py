"""The record of processing (ROPA, LGPD art. 37) and the encarregado's page, laid out."""

from __future__ import annotations

from adapters.reports.document import Report, Section, Table
from application.reporting.facts import UNSTATED, Deployment
from application.reporting.processings import Ropa
from application.reporting.standing import Standing
from entrypoints.documents import parts
from entrypoints.documents.parts import both


def ropa_report(found: Ropa) -> Report:
    """Lay out the record of processing."""
    deployment = found.deployment
    table = [
        (
            both(one.name),
            both(one.purpose),
            both(one.legal_basis),
            both(one.data),
            f"{both(one.subjects)}: {one.people}",
            both(one.automated),
        )
        for one in found.processings
    ]
    columns = (
        ("tratamento", "processing"),
        ("finalidade", "purpose"),
        ("base legal", "legal basis"),
        ("dados", "data"),
        ("titulares", "subjects"),
        ("decisão automatizada", "automated decision"),
    )
    notice = f"{found.notice_version} (SHA-256 {found.notice_sha256})"
    return Report(
        ("Registro das operações de tratamento (LGPD art. 37)", "Record of processing activities (LGPD art. 37)"),
        [*parts.heading(deployment, found.standing.at), (("aviso em vigor", "notice in force"), notice)],
        [
            Section(
                ("Tratamentos", "Processing"),
                tables=[Table(("O que se trata, e por quê", "What is processed, and why"), columns, table)],
            ),
            parts.retention(found.retention),
            parts.recipients(deployment),
            Section(("Transferência internacional", "International transfer"), [found.transfer]),
            parts.measures(deployment),
            people(found.standing),
            *parts.installed(deployment),
        ],
        summary=parts.missing(deployment),
    )


def people(now: Standing) -> Section:
    """Return how many people are concerned, by department and state."""
    department, state = ("setor", "department"), parts.STATE
    consents = [
        (parts.named(purpose), parts.named(status), str(count))
        for purpose, states in now.consents.items()
        for status, count in states.items()
    ]
    return Section(
        ("Titulares em números", "Data subjects in numbers"),
        tables=[
            parts.counts(("Cadastros ativos por setor", "Active enrolments by department"), department, now.enrolled),
            parts.counts(("Cadastros por situação", "Enrolments by state"), state, now.enrollments, parts.STATUSES),
            Table(
                ("Consentimentos por situação", "Consents by state"),
                (("finalidade", "purpose"), state, parts.COUNT),
                consents or [(parts.NOTHING, parts.NOTHING, "0")],
                (
                    f"Em papel: {now.paper_consents}, atestados por quem recebeu o formulário.",
                    f"On paper: {now.paper_consents}, attested by whoever took the form.",
                ),
            ),
            parts.counts(("Apagamentos por situação", "Erasures by state"), state, now.erasures, parts.STATUSES),
        ],
        figures=parts.bars(
            ("Consentimentos por situação", "Consents by state"), {f"{p}: {s}": int(c) for p, s, c in consents}
        ),
    )


def encarregado_report(now: Standing, deployment: Deployment) -> Report:
    """Lay out the encarregado's page: whom to write to, and what is open."""
    who = deployment.responsible
    contact = [
        (both(("encarregado de dados", "data protection officer")), who.encarregado or both(UNSTATED)),
        (both(("contato", "contact")), who.encarregado_contact or both(UNSTATED)),
        (both(("substituto", "substitute")), who.substitute or both(UNSTATED)),
        (both(("controlador", "controller")), who.controller or both(UNSTATED)),
    ]
    late = now.requests.overdue + sum(clock.state == "overdue" for one in now.incidents for clock in one.clocks)
    return Report(
        ("Encarregado de dados: contato e situação", "Data protection officer: contact and standing"),
        parts.heading(deployment, now.at),
        [
            Section(
                ("Para publicar (LGPD art. 41, § 1º)", "For publication (LGPD art. 41, 1)"),
                [
                    (
                        (
                            "Fale com o encarregado para saber o que tratamos sobre você, corrigir, levar, opor-se, "
                            "apagar, ou pedir que alguém reveja uma recusa. É de graça; resposta em até 15 dias."
                        ),
                        (
                            "Write to the officer to learn what we process about you, to correct, take along, object, "
                            "erase, or have a person review a refusal. Free of charge; answer within 15 days."
                        ),
                    )
                ],
                [Table(("Contato", "Contact"), (("quem", "who"), ("como", "how")), contact)],
            ),
            parts.requests(now.requests),
            parts.incidents(now.incidents),
            people(now),
        ],
        summary=[
            *parts.missing(deployment),
            *([(f"{late} prazos vencidos.", f"{late} deadlines overdue.")] if late else []),
        ],
    )
