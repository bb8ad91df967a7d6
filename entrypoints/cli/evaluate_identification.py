"""``faceauth evaluate identification``: FNIR and FPIR of the pipeline that serves, over a gallery and probes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.reports.document import Text
from adapters.reports.html import check_writable, write_report
from application.evaluation.identification import Found, identify
from application.evaluation.identification_figures import Identification, Identified, figures
from application.evaluation.journal import digest_of, digest_of_files
from application.evaluation.people import Cast, cast
from application.evaluation.pictures import ids_in, people_in
from entrypoints import evaluations
from entrypoints.cli import evaluating, identification_report
from entrypoints.cli.evaluating import Instrument, ReportOption, between, interval, percent
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import Settings, load_settings


def identification(
    gallery: Annotated[Path, typer.Option(help="Pasta do cadastro, uma por pessoa / enrolment, one folder a person")],
    probes: Annotated[Path, typer.Option(help="Pasta das buscas, uma por pessoa / probes, one folder a person")],
    enroll_captures: Annotated[int, typer.Option(min=1, help="Imagens por cadastro / pictures per enrolment")] = 5,
    fpir: Annotated[float, typer.Option(help="Meta de FPIR, acima de 0 e abaixo de 1 / target FPIR")] = 0.001,
    gallery_ids: Annotated[
        Path | None, typer.Option(help="Só estas pessoas no cadastro, uma por linha / enrol only these, one a line")
    ] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mede buscas num cadastro / Measure searches in a gallery (FNIR, FPIR), with strangers."""
    if not 0 < fpir < 1:
        raise typer.BadParameter("0 < FPIR < 1", param_hint="--fpir")
    settings = load_settings()
    enrolment = people_in(gallery)
    same = gallery.resolve() == probes.resolve()
    roles = cast(
        enrolment,
        enrolment if same else people_in(probes),
        captures=enroll_captures,
        only=None if gallery_ids is None else ids_in(gallery_ids),
        same_folder=same,
    )
    if report is not None:
        check_writable(report)
    instrument = evaluating.load_instrument(settings)
    measure(settings, instrument, roles, target=fpir, report=report, as_json=as_json)


def measure(
    settings: Settings,
    instrument: Instrument,
    roles: Cast,
    *,
    target: float,
    report: Path | None = None,
    as_json: bool = False,
) -> None:
    """Enrol, search, print, and write the report. Resumes what an interrupted run of the same data and models left."""
    sides = roles.gallery, roles.probes
    digests = [digest_of_files((p.name, p.path) for pictures in side.values() for p in pictures) for side in sides]
    digest = digest_of(digests)
    pictures = sum(len(pictures) for side in sides for pictures in side.values())
    with (
        evaluating.open_journal(settings, instrument, kind="identification", data=digest) as journal,
        evaluating.acquisition(instrument.judge, settings, pictures=pictures) as taking,
    ):
        found = identify(roles, taking, journal)
        measured = figures(
            found,
            target=target,
            served=lambda size: instrument.threshold(gallery_size=size, claim_made=False),
            margin=instrument.policy.margin,
        )
        if report is not None:
            facts = evaluating.facts_of(instrument, identification_report.data_of(roles, found), digest=digest)
            write_report(report, identification_report.report_of(measured, facts))
    document = _document(measured, found, roles, instrument, digest)
    evaluations.keep(settings, "identification", document)
    if as_json:
        print_json(document)
    else:
        _print(measured, identification_report.data_of(roles, found))


def _document(
    measured: Identification, found: Found, roles: Cast, instrument: Instrument, digest: str
) -> dict[str, Any]:
    return {
        **_figures(measured.single),
        "fpir_target": measured.target,
        "three_photo": _optional(measured.grouped, measured.grouped_at_own),
        "operating_points": [{"fpir_target": goal, **_figures(point)} for goal, point in measured.points],
        "by_gallery_size": [
            {
                "size": size.size,
                "fpir": size.fpir.value,
                "fnir": size.fnir.value,
                "threshold_for_target": size.threshold_for_target,
                "intervals": {"fpir": interval(size.fpir), "fnir": interval(size.fnir)},
                "policy": {
                    "threshold": size.served_threshold,
                    "fpir": size.served_fpir.value,
                    "fnir": size.served_fnir.value,
                    "intervals": {"fpir": interval(size.served_fpir), "fnir": interval(size.served_fnir)},
                },
            }
            for size in measured.by_size
        ],
        "policy_threshold": measured.served.threshold,
        "policy": _figures(measured.served)
        | {"margin": measured.served.margin, "three_photo": _optional(measured.grouped_served, None)},
        "fte": measured.fte.value,
        "fta": measured.fta.value,
        "counts": counts_of(roles, found),
        **evaluating.intake_document(measured.intake),
        "model": str(instrument.judge.model),
        "models": instrument.models,
        "software": evaluating.software_version(),
        "data_sha256": digest,
    }


def counts_of(roles: Cast, found: Found) -> dict[str, int]:
    """Return how many people and pictures played which role."""
    grouped = found.grouped.mated
    return {
        "gallery": len(found.gallery),
        "refused_at_enrolment": len(found.refused),
        "too_few_pictures": roles.too_few,
        "listed_without_pictures": roles.absent,
        "mated_probes": roles.mates,
        "stranger_probes": roles.strangers,
        "strangers": sum(person not in roles.gallery for person in roles.probes),
        "mated_groups": int(grouped.sum()),
        "stranger_groups": int((~grouped).sum()),
    }


def _figures(at: Identified) -> dict[str, Any]:
    return {
        "threshold": at.threshold,
        "fnir": at.fnir.value,
        "fpir": at.fpir.value,
        "misidentified": at.misidentified,
        "intervals": {"fnir": interval(at.fnir), "fpir": interval(at.fpir)},
    }


def _optional(at: Identified | None, own: Identified | None) -> dict[str, Any] | None:
    """Return the figures of grouped probes, at their own threshold too where it is given; None without any group."""
    if at is None:
        return None
    return _figures(at) | ({} if own is None else {"at_own_threshold": _figures(own)})


def _print(measured: Identification, data: Mapping[Text, str]) -> None:
    for label, value in data.items():
        console.print(f"{' / '.join(label)}: {value}", soft_wrap=True)
    for name, at in identification_report.kinds(measured):
        console.print(
            f"{' / '.join(name)}: T {at.threshold:.4f}  FNIR {percent(at.fnir.value)} ({between(at.fnir)})  "
            f"FPIR {percent(at.fpir.value)}  trocadas / misidentified {at.misidentified}",
            soft_wrap=True,
        )
    console.print(f"FTE {percent(measured.fte.value)}  FTA {percent(measured.fta.value)}", soft_wrap=True)
