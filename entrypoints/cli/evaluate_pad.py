"""``faceauth evaluate pad``: APCER and BPCER of the pipeline that serves; refits what fuses the evidence of life."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from adapters.reports.html import FILE_MODE, check_writable, write_report
from adapters.vision import fusion
from adapters.vision.clips import sampled_frames
from adapters.vision.load import PAD_IDS
from application.evaluation.clips import SUFFIXES
from application.evaluation.journal import digest_of
from application.evaluation.pad import PadEvaluation, Presentation, Source
from application.evaluation.pad_fit import fit as fit_model
from application.evaluation.pad_metrics import PadFigures, measure
from application.evaluation.pad_record import provenance
from domain.errors import InvalidInputError
from domain.policies.life import LifeModel
from entrypoints import evaluations
from entrypoints.cli import evaluate_pad_report, evaluating
from entrypoints.cli.evaluating import Instrument, ReportOption
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import Settings, load_settings

FITTED: Final = "pad_coefficients.json"


@dataclass(frozen=True, slots=True)
class Measured:
    """All of one evaluation: what was shown and measured, on which data, and the text of refitted coefficients."""

    shown: Sequence[Presentation]
    figures: PadFigures
    data: str
    per_second: float
    refitted: str | None = None


def pad(
    bona_fide: Annotated[
        list[Path], typer.Option(help="Pasta ou arquivo de pessoas vivas / folder or file of live people (repeat)")
    ],
    attacks: Annotated[
        list[str],
        typer.Option(help="Pasta ou arquivo de ataques, PATH[=espécie] / of attacks, PATH[=species] (repeat)"),
    ],
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Limiar; padrão: o do serviço / default: the service's")
    ] = None,
    per_second: Annotated[
        float,
        typer.Option("--fps", min=0.1, max=120, help="Quadros por segundo de clipe / frames per second of a clip"),
    ] = 5.0,
    fit: Annotated[bool, typer.Option("--fit", help="Reajusta os coeficientes / refit the coefficients")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Com --fit: arquivo dos coeficientes / with --fit: file of coefficients")
    ] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mede a detecção de ataques de apresentação / Measure presentation attack detection (APCER, BPCER, EER)."""
    settings = load_settings()
    if out is not None and not fit:
        raise InvalidInputError("--out says where to write coefficients, which only --fit makes")
    target = (out or settings.home / FITTED) if fit else None
    for path in (report, out):
        if path is not None:
            check_writable(path)
    sources = [*(Source(path) for path in bona_fide), *(Source.attack(text) for text in attacks)]
    instrument = evaluating.load_instrument(settings, fitted=not fit)
    found = _evaluate(settings, instrument, sources, per_second=per_second, threshold=threshold, fit=fit)
    if target is not None and found.refitted is not None:
        _write(target, found.refitted)
    if report is not None:
        write_report(report, evaluate_pad_report.report_of(found.figures, found.shown, instrument, data=found.data))
    document = _document(found, instrument, target)
    evaluations.keep(settings, "pad", document)
    if as_json:
        print_json(document)
    else:
        _print(found, target)


def _evaluate(
    settings: Settings,
    instrument: Instrument,
    sources: Sequence[Source],
    *,
    per_second: float,
    threshold: float | None,
    fit: bool,
) -> Measured:
    judge = instrument.judge
    evaluation = PadEvaluation(judge, sampled_frames, SUFFIXES, per_second, settings.judge_threads)
    units = evaluation.plan(sources)
    contents = [(unit[0].species, unit[1], _sha256(unit[2])) for unit in units]
    coefficients = fusion.shipped() if not fit else "unfitted"
    # The journal is of this order of sources and these coefficients; the digest in the record is of contents alone.
    run = digest_of([coefficients, str(per_second), *(" ".join(content) for content in contents)])
    data = digest_of(sorted(f"{species} {digest}" for species, _, digest in contents))
    with (
        evaluating.open_journal(settings, instrument, kind="pad", data=run) as journal,
        progress_bar("Medindo / measuring") as (bar, task),
    ):
        bar.update(task, total=len(units))
        shown = evaluation.run(units, journal, lambda: bar.advance(task))
        if not fit:
            return Measured(
                shown, measure(shown, judge.pad_threshold if threshold is None else threshold), data, per_second
            )
        return _refit(shown, data, per_second=per_second, threshold=threshold)


def _refit(shown: Sequence[Presentation], data: str, *, per_second: float, threshold: float | None) -> Measured:
    """Fit, and measure on the same presentations what the new coefficients make of them."""
    model = fit_model([one.example() for one in shown if one.score is not None])
    again = [_scored(model, one) for one in shown]
    own = measure(again, model.threshold)
    record = provenance(model, again, own, data=data, per_second=per_second)
    text = fusion.coefficients_text(model, models=PAD_IDS, provenance=record)
    return Measured(again, own if threshold is None else measure(again, threshold), data, per_second, text)


def _scored(model: LifeModel, one: Presentation) -> Presentation:
    return one if one.score is None else replace(one, score=model.probability(one.evidence))


def _write(target: Path, text: str) -> None:
    """Write coefficients, whole or not at all: a service that starts meanwhile reads one file or the other."""
    beside = target.with_name(f".{target.name}.new")
    try:
        beside.write_text(text, "utf-8")
        beside.chmod(FILE_MODE)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InvalidInputError(f"{target} cannot be written: {error.strerror}") from None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None


def _document(found: Measured, instrument: Instrument, target: Path | None) -> dict[str, Any]:
    document: dict[str, Any] = found.figures.document()
    document |= {"frames_per_second": found.per_second, "data_sha256": found.data, "fitted": target is not None}
    document |= {"coefficients": str(target) if target else None, "models": instrument.models}
    return document | {"software": evaluating.software_version()}


def _print(found: Measured, target: Path | None) -> None:
    for name, *cells in evaluate_pad_report.rows(found.figures):
        console.print(f"{name:32}", *(f"{cell:>22}" for cell in cells), soft_wrap=True)
    console.print(f"EER {evaluating.percent(found.figures.eer)}  T {found.figures.threshold:.4f}", soft_wrap=True)
    if target is not None:
        console.print(f"Coeficientes / coefficients: {target}", soft_wrap=True)
