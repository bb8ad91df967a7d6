"""What the evaluate commands share: the pipeline that serves, the journal, the bar, what a report says of its data."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from adapters.reports.document import Bars, Figure, Section, Table, Text
from adapters.vision.bundle import MANIFEST, read_bundle
from adapters.vision.decoder import ENROLMENT_BYTES
from adapters.vision.load import load_pipeline
from adapters.vision.pipeline import VisionPipeline
from application.evaluation.acquiring import Acquisition, Intake
from application.evaluation.intervals import Mean, Rate
from application.evaluation.journal import FOLDER, Journal, digest_of
from application.ports.vision import FaceAcquirer
from domain.policies.matching import MatchingPolicy
from entrypoints.cli.models import ensure_models
from entrypoints.cli.output import errors, progress_bar
from entrypoints.measured import matching_policy
from entrypoints.settings import Settings

ReportOption = Annotated[
    Path | None, typer.Option("--report", help="Relatório HTML / HTML report", dir_okay=False, metavar="FILE.html")
]
FTE: Final = ("falha de cadastro (FTE)", "failure to enrol (FTE)")
FTA: Final = ("falha de captura (FTA)", "failure to acquire (FTA)")


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is measured: the loaded pipeline, which models it is in words, and how the service decides with it."""

    judge: VisionPipeline
    models: str
    policy: MatchingPolicy = field(default_factory=MatchingPolicy)

    @property
    def identity(self) -> str:
        """Everything that decides a score: scores of two identities are never mixed."""
        return f"{self.judge.model} {self.models} {software_version()}"

    def threshold(self, *, gallery_size: int, claim_made: bool) -> float:
        """Return the least similarity that the service takes for a match: of a claimed identity, or of anybody."""
        return self.policy.threshold(self.judge.model, gallery_size=gallery_size, claim_made=claim_made)


def load_instrument(settings: Settings, *, fitted: bool = True) -> Instrument:
    """Load the pipeline that the service would load; the default models are installed where they are missing.

    Not ``fitted``, it only gathers the evidence of life; see ``load_pipeline``.
    """
    ensure_models(settings)
    folder = settings.models or settings.models_dir
    judge = load_pipeline(
        folder,
        default_bundle=settings.models_dir,
        accept_licence=settings.accept_insightface_licence,
        max_bytes=ENROLMENT_BYTES,
        fitted=fitted,
    )
    return Instrument(judge, _models_in(folder), matching_policy(settings, {judge.model}))


def software_version() -> str:
    """Return the installed version of this program."""
    try:
        return f"faceauth {importlib.metadata.version('faceauth')}"
    except importlib.metadata.PackageNotFoundError:
        return "faceauth (source)"


def open_journal(settings: Settings, instrument: Instrument, *, kind: str, data: str) -> Journal:
    """Open the journal of that evaluation, and say so where an earlier run left something in it."""
    journal = Journal(settings.home / FOLDER, kind=kind, model=instrument.identity, data=data)
    if journal.resumed:
        errors.print(f"retomando / resuming: {journal.resumed} unidades prontas / units done", soft_wrap=True)
    return journal


@contextmanager
def acquisition(judge: FaceAcquirer, settings: Settings, *, pictures: int) -> Iterator[Acquisition]:
    """Yield what takes pictures in, with a progress bar over that many."""
    with progress_bar("Medindo / measuring") as (bar, task):
        bar.update(task, total=pictures)
        with Acquisition(judge, threads=settings.judge_threads, advance=lambda n: bar.advance(task, n)) as taking:
            yield taking


def facts_of(instrument: Instrument, data: Mapping[Text, str], *, digest: str) -> list[tuple[Text, str]]:
    """Return what every report begins with: when, which program and models, which data."""
    return [
        (("data da medição", "measured on"), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        (("programa", "program"), software_version()),
        (("modelo de reconhecimento", "recognition model"), str(instrument.judge.model)),
        (("modelos instalados", "installed models"), instrument.models),
        *data.items(),
        (("resumo dos dados (SHA-256)", "digest of the data (SHA-256)"), digest),
    ]


def intake_section(intake: Intake) -> Section:
    """Return the section on pictures: what the service would refuse, and what each step costs."""
    rows = [(code, str(count), percent(count / intake.pictures)) for code, count in intake.fta_by_reason.items()]
    later = [(code, str(count), percent(count / intake.pictures)) for code, count in intake.unfit_by_reason.items()]
    columns = ("motivo", "reason"), ("imagens", "pictures"), ("parte", "share")
    return Section(
        ("Imagens", "Pictures"),
        [
            (
                (
                    f"{intake.pictures} imagens, {intake.without_face} sem rosto. De cada imagem mede-se o rosto "
                    "central; o serviço, que exige uma só pessoa e qualidade, recusaria as contadas abaixo."
                ),
                (
                    f"{intake.pictures} pictures, {intake.without_face} without a face. Of each picture the central "
                    "face is measured; the service, which wants one person and quality, would refuse those counted "
                    "below."
                ),
            )
        ],
        [
            Table(("Recusadas pelo serviço", "Refused by the service"), columns, rows or [("-", "0", percent(0))]),
            Table(
                ("Aceitas, mas não para reconhecer", "Accepted, but not to recognise by"),
                columns,
                later or [("-", "0", percent(0))],
            ),
        ],
        [
            Figure(
                ("Mediana do tempo de cada passo por imagem", "Median time of each step per picture"),
                Bars(("milissegundos", "milliseconds"), intake.steps_ms),
            )
        ]
        if intake.steps_ms
        else [],
    )


def percent(share: float) -> str:
    """Return a share as a percentage with two decimals, three where it is small."""
    return f"{share * 100:.3f} %" if share < 0.01 else f"{share * 100:.2f} %"  # noqa: PLR2004 - below one percent


def between(found: Rate | Mean) -> str:
    """Return the interval of a rate as a person reads it."""
    return f"{percent(found.low)} ... {percent(found.high)}"


def interval(found: Rate | Mean) -> list[float]:
    """Return the interval of a rate for JSON."""
    return [found.low, found.high]


def intake_document(intake: Intake) -> dict[str, Any]:
    """Return the pictures' figures for JSON."""
    return {
        "fta_by_reason": dict(intake.fta_by_reason),
        "unfit_by_reason": dict(intake.unfit_by_reason),
        "steps_ms": dict(intake.steps_ms),
    }


def _models_in(folder: Path) -> str:
    if (folder / MANIFEST).exists():
        bundle = read_bundle(folder)
        weights = digest_of(f"{model.id} {model.sha256}" for model in bundle.models)
        return f"{bundle.version} ({', '.join(model.id for model in bundle.models)}; sha256 {weights[:16]})"
    return f"insightface: {folder.name}"
