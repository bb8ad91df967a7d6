"""``faceauth evaluate verification``: FMR and FNMR of the pipeline that serves, over a list of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from adapters.reports.document import Figure, Histogram, Line, Lines, Report, Section, Table, Text
from adapters.reports.html import check_writable, write_report
from application.evaluation.acquiring import Picture
from application.evaluation.journal import digest_of, digest_of_files
from application.evaluation.pairs import Pair, Shot, parse_pairs, spread
from application.evaluation.pictures import pictures_of_pairs, text_of
from application.evaluation.verification import Point, Verification, compare, figures
from entrypoints import evaluations
from entrypoints.cli import evaluating
from entrypoints.cli.evaluating import Instrument, ReportOption, between, interval, percent
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import Settings, load_settings

TITLE: Text = ("Medição de verificação (1:1)", "Verification measured (1:1)")


def verification(
    pairs: Annotated[
        Path,
        typer.Option(
            help="Lista de pares: formato LFW ou 'caminho caminho 0|1' / list of pairs: LFW format or 'path path 0|1'"
        ),
    ],
    images: Annotated[Path, typer.Option(help="Pasta das imagens / folder of the pictures")],
    limit: Annotated[
        int | None, typer.Option(min=4, help="No máximo tantos pares, espalhados / at most that many pairs, spread")
    ] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mede acertos em pares de imagens / Measure decisions on pairs of pictures (FMR, FNMR, DET, EER)."""
    settings = load_settings()
    wanted = spread(parse_pairs(text_of(pairs)), limit)
    pictures = pictures_of_pairs(wanted, images)
    if report is not None:
        check_writable(report)
    measure(settings, evaluating.load_instrument(settings), wanted, pictures, report=report, as_json=as_json)


def measure(
    settings: Settings,
    instrument: Instrument,
    pairs: Sequence[Pair],
    pictures: Mapping[Shot, Picture],
    *,
    report: Path | None = None,
    as_json: bool = False,
) -> None:
    """Compare, print, and write the report. Resumes what an interrupted run of the same data and models left."""
    files = {picture.name: picture.path for picture in pictures.values()}
    digest = digest_of([digest_of_files(files.items()), *(repr(pair) for pair in pairs)])
    with (
        evaluating.open_journal(settings, instrument, kind="verification", data=digest) as journal,
        evaluating.acquisition(instrument.judge, settings, pictures=len(files)) as taking,
    ):
        found = compare(pairs, pictures, taking, journal)
        measured = figures(found, pictures, served_threshold=instrument.threshold(gallery_size=1, claim_made=True))
        if report is not None:
            write_report(report, _report(measured, instrument, pictures=len(files), digest=digest))
    document = _document(measured, instrument, pictures=len(files), digest=digest)
    evaluations.keep(settings, "verification", document)
    if as_json:
        print_json(document)
    else:
        _print(measured)


def _document(found: Verification, instrument: Instrument, *, pictures: int, digest: str) -> dict[str, Any]:
    return {
        "accuracy": found.accuracy,
        "accuracy_std_error": _standard_error(found),
        "folds": {"count": len(found.accuracies), "from_list": found.folds_of_list},
        "operating_points": [_point(point) for point in found.points],
        "eer": found.eer,
        "eer_threshold": found.eer_threshold,
        "policy": _point(found.served),
        "fte": found.fte.value,
        "fta": found.fta.value,
        "counts": {
            "pairs": found.genuine.size + found.impostor.size,
            "genuine": found.genuine.size,
            "impostor": found.impostor.size,
            "pictures": pictures,
            "without_face": found.intake.without_face,
        },
        "intervals": {"fte": interval(found.fte), "fta": interval(found.fta)},
        **evaluating.intake_document(found.intake),
        "model": str(instrument.judge.model),
        "models": instrument.models,
        "software": evaluating.software_version(),
        "data_sha256": digest,
    }


def _standard_error(found: Verification) -> float:
    """Return the standard deviation over folds (of a sample) over the square root of their number."""
    return float(found.accuracies.std(ddof=1) / np.sqrt(found.accuracies.size))


def _point(point: Point) -> dict[str, Any]:
    document: dict[str, Any] = {} if point.chosen.target is None else {"fmr_target": point.chosen.target}
    return document | {
        "threshold": point.chosen.threshold,
        "fmr": point.fmr.value,
        "fnmr": point.fnmr.value,
        "intervals": {"fmr": interval(point.fmr), "fnmr": interval(point.fnmr)},
    }


def _rows(found: Verification) -> list[tuple[str, ...]]:
    points = [(f"FMR ≤ {point.chosen.target:g}", point) for point in found.points if point.chosen.target is not None]
    return [
        (
            name,
            f"{point.chosen.threshold:.4f}",
            percent(point.fmr.value),
            between(point.fmr),
            percent(point.fnmr.value),
            between(point.fnmr),
        )
        for name, point in [*points, ("serviço / service", found.served)]
    ]


def _print(found: Verification) -> None:
    console.print(f"acurácia / accuracy  {percent(found.accuracy)} ± {percent(_standard_error(found))}", soft_wrap=True)
    console.print(f"EER                  {percent(found.eer)}", soft_wrap=True)
    for name, threshold, fmr, _, fnmr, spread_of_fnmr in _rows(found):
        console.print(f"{name:20} T {threshold}  FMR {fmr}  FNMR {fnmr} ({spread_of_fnmr})", soft_wrap=True)
    console.print(f"FTE {percent(found.fte.value)}  FTA {percent(found.fta.value)}", soft_wrap=True)


def _report(found: Verification, instrument: Instrument, *, pictures: int, digest: str) -> Report:
    data = {
        ("pares", "pairs"): f"{found.genuine.size} genuínos / genuine, {found.impostor.size} impostores / impostor",
        ("imagens", "pictures"): str(pictures),
    }
    accuracy = f"{percent(found.accuracy)} ± {percent(_standard_error(found))}"
    origin = ("da lista", "of the list") if found.folds_of_list else ("sorteados por ordem", "every tenth pair")
    return Report(
        TITLE,
        evaluating.facts_of(instrument, data, digest=digest),
        [_errors(found), evaluating.intake_section(found.intake)],
        summary=[
            (
                f"Acurácia {accuracy}, em {len(found.accuracies)} partes ({origin[0]}).",
                f"Accuracy {accuracy}, over {len(found.accuracies)} folds ({origin[1]}).",
            ),
            (f"Taxa de erro igual (EER): {percent(found.eer)}.", f"Equal error rate (EER): {percent(found.eer)}."),
        ],
    )


def _errors(found: Verification) -> Section:
    interval_label = ("intervalo de 95 %", "95 % interval")
    columns = (
        ("ponto", "point"),
        ("limiar", "threshold"),
        ("FMR", "FMR"),
        interval_label,
        ("FNMR", "FNMR"),
        interval_label,
    )
    failures = [
        (" / ".join(name), percent(rate.value), between(rate))
        for name, rate in ((evaluating.FTE, found.fte), (evaluating.FTA, found.fta))
    ]
    marks = {f"T {p.chosen.threshold:.3f}": (p.fmr.value, p.fnmr.value) for p in (*found.points[1:2], found.served)}
    return Section(
        ("Taxas de erro", "Error rates"),
        [
            (
                (
                    "FMR: parte dos pares de duas pessoas aceitos. FNMR: parte dos pares de uma pessoa recusados; "
                    "uma imagem sem rosto conta como recusa. O limiar de cada linha é o menor cuja FMR medida não "
                    "passa da meta."
                ),
                (
                    "FMR: share of pairs of two people that are accepted. FNMR: share of pairs of one person that "
                    "are refused; a picture without a face counts as refused. The threshold of each row is the "
                    "smallest whose measured FMR does not exceed the target."
                ),
            )
        ],
        [
            Table(
                ("Pontos de operação", "Operating points"),
                columns,
                _rows(found),
                (
                    (
                        "Intervalos por reamostragem de pessoas (bootstrap); sem nenhum erro, pela regra dos três. "
                        f"A menor FMR que {found.impostor.size} pares mostram é {percent(1 / found.impostor.size)}."
                    ),
                    (
                        "Intervals by resampling people (bootstrap); without a single error, by the rule of three. The "
                        f"least FMR that {found.impostor.size} pairs show is {percent(1 / found.impostor.size)}."
                    ),
                ),
            ),
            Table(("Falhas", "Failures"), (("o quê", "what"), ("taxa", "rate"), interval_label), failures),
        ],
        [
            Figure(
                ("Curva DET: FNMR sobre FMR", "DET curve: FNMR over FMR"),
                Lines(
                    ("FMR", "FMR"),
                    ("FNMR", "FNMR"),
                    [Line("DET", found.curve.false_accept.tolist(), found.curve.false_reject.tolist(), step=True)],
                    log_x=True,
                    log_y=True,
                    marks=marks,
                ),
            ),
            Figure(
                ("Distribuição das semelhanças", "Distribution of similarities"),
                Histogram(
                    ("semelhança (cosseno)", "similarity (cosine)"),
                    {"genuínos / genuine": found.genuine.tolist(), "impostores / impostor": found.impostor.tolist()},
                    {
                        "FMR 0,1 % / 0.1 %:": found.points[1].chosen.threshold,
                        "serviço / service:": found.served.chosen.threshold,
                    },
                ),
            ),
        ],
    )
