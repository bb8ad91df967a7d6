"""``faceauth evaluate session``: clips of whole sessions, shown to the evidence that serves."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.memory.challenges import KnownChallenges
from adapters.memory.clock import FixedClock
from adapters.reports.document import Bars, Figure, Report, Section, Table
from adapters.reports.html import check_writable, write_report
from adapters.vision.clips import camera_frames
from application.evaluation.clips import Clip, clips_in
from application.evaluation.intervals import Rate
from application.evaluation.journal import Journal, digest_of, digest_of_files
from application.evaluation.sessions import SessionFigures, SessionResult, Stage, figures, policies_for, show
from application.services import Policies
from domain.errors import ImageError
from entrypoints import evaluations
from entrypoints.cli import evaluating
from entrypoints.cli.evaluating import Instrument, ReportOption, interval, percent
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import Settings, load_settings

UNREADABLE = "unreadable"


def session(
    clips: Annotated[
        Path,
        typer.Option(
            help="Pasta de clipes; ao lado, opcional, CLIPE.json com os movimentos / folder of clips; beside each, "
            "optionally, CLIP.json with its movements"
        ),
    ],
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mede sessões inteiras em clipes / Measure whole sessions on clips (APCER, BPCER, by movement)."""
    settings = load_settings()
    found = clips_in(clips)
    if report is not None:
        check_writable(report)
    instrument = evaluating.load_instrument(settings)
    digest = digest_of(
        [digest_of_files((clip.name, clip.path) for clip in found), *(repr(clip.steps) for clip in found)]
    )
    with evaluating.open_journal(settings, instrument, kind="session", data=digest) as journal:
        results = _show_all(found, instrument, settings, journal)
        measured = figures(found, results)
        if report is not None:
            write_report(report, _report(found, results, measured, instrument, digest))
    document = _document(found, results, measured, instrument, digest)
    evaluations.keep(settings, "session", document)
    if as_json:
        print_json(document)
    else:
        _print(found, results, measured)


def _show_all(
    clips: Sequence[Clip], instrument: Instrument, settings: Settings, journal: Journal
) -> list[SessionResult]:
    with progress_bar("Medindo / measuring") as (bar, task):
        bar.update(task, total=len(clips))

        def one(clip: Clip) -> SessionResult:
            known = journal.result(clip.name)
            result = SessionResult(**known) if known is not None else _shown(clip, instrument)
            if known is None:
                journal.record(clip.name, result.document())
            bar.advance(task)
            return result

        with ThreadPoolExecutor(settings.judge_threads) as pool:
            return list(pool.map(one, clips))


def _shown(clip: Clip, instrument: Instrument) -> SessionResult:
    policies = policies_for(clip, Policies())
    stage = Stage(instrument.judge, policies, KnownChallenges(*clip.steps), FixedClock())
    try:
        return show(camera_frames(clip.path), stage)
    except ImageError:
        return SessionResult(
            accepted=False, code="invalid_image", reason=UNREADABLE, seconds=0.0, mode=policies.evidence.mode, done=0,
            evidence={}, steps_ms={},
        )  # fmt: skip


def _document(
    clips: Sequence[Clip], results: Sequence[SessionResult], found: SessionFigures, instrument: Instrument, digest: str
) -> dict[str, Any]:
    attacks = [result for clip, result in zip(clips, results, strict=True) if clip.attack]
    live = [result for clip, result in zip(clips, results, strict=True) if not clip.attack]
    rates = {**found.apcer, **({"bona_fide": found.bpcer} if found.bpcer else {})}
    return {
        "apcer": {species: one.value for species, one in found.apcer.items()},
        "apcer_worst": found.apcer_worst,
        "bpcer": found.bpcer.value if found.bpcer else None,
        "attack_sessions": {"count": len(attacks), "accepted": sum(result.accepted for result in attacks)},
        "live_sessions": {"count": len(live), "refused": sum(not result.accepted for result in live)},
        "movements": {step: {"seen": seen, "asked": asked} for step, (seen, asked) in found.movements.items()},
        "reasons": found.reasons,
        "intervals": {name: interval(one) for name, one in rates.items()},
        "threshold": instrument.judge.pad_threshold,
        "sessions": [
            {
                "clip": clip.name,
                "species": clip.species,
                "assumed": clip.assumed,
                "challenge": list(clip.steps),
                **result.document(),
            }
            for clip, result in zip(clips, results, strict=True)
        ],
        "model": str(instrument.judge.model),
        "models": instrument.models,
        "software": evaluating.software_version(),
        "data_sha256": digest,
    }


def _rows(clips: Sequence[Clip], results: Sequence[SessionResult]) -> list[tuple[str, ...]]:
    return [
        (
            clip.name,
            clip.species + (" ?" if clip.assumed else ""),
            " ".join(clip.steps) or result.mode,
            "ok" if result.accepted else result.code,
            result.reason or "",
            f"{result.seconds:.1f} s",
        )
        for clip, result in zip(clips, results, strict=True)
    ]


def _rate_rows(found: SessionFigures) -> list[tuple[str, ...]]:
    def row(name: str, one: Rate) -> tuple[str, ...]:
        return name, f"{one.errors} / {one.trials}", percent(one.value), evaluating.between(one)

    attacks = [row(f"APCER {species}", one) for species, one in found.apcer.items()]
    return [*attacks, *([row("BPCER", found.bpcer)] if found.bpcer else [])]


def _print(clips: Sequence[Clip], results: Sequence[SessionResult], found: SessionFigures) -> None:
    for row in _rows(clips, results):
        console.print("  ".join(row), soft_wrap=True, markup=False)
    for row in _rate_rows(found):
        console.print("  ".join(row), soft_wrap=True, markup=False)
    for step, (seen, asked) in found.movements.items():
        console.print(f"{step}: {seen} / {asked}", soft_wrap=True)


def _report(
    clips: Sequence[Clip], results: Sequence[SessionResult], found: SessionFigures, instrument: Instrument, digest: str
) -> Report:
    wrong = "intervalo de 95 %", "95 % interval"
    rates = Table(
        ("Taxas de erro por sessão", "Error rates by session"),
        (("medida", "figure"), ("erros", "errors"), ("taxa", "rate"), wrong),
        _rate_rows(found),
        ("BPCER: sessões vivas recusadas. APCER: ataques aceitos.", "BPCER: live refused. APCER: attacks accepted."),
    )
    movements = Table(
        ("Movimentos em sessões vivas", "Movements in live sessions"),
        (("movimento", "movement"), ("vistos", "seen"), ("pedidos", "asked")),
        [(step, str(seen), str(asked)) for step, (seen, asked) in found.movements.items()] or [("-", "0", "0")],
    )
    sessions = Table(
        ("Cada sessão", "Every session"),
        (
            ("clipe", "clip"), ("espécie", "species"), ("pedido", "asked"), ("fim", "end"), ("motivo", "reason"),
            ("duração", "duration"),
        ),
        _rows(clips, results),
        ("? : suposta viva; nada diz o que é.", "? : assumed live; nothing says what it is."),
    )  # fmt: skip
    judged = [result for result in results if result.steps_ms]
    names = sorted({name for result in judged for name in result.steps_ms})
    costs = {name: max(result.steps_ms.get(name, 0.0) for result in judged) for name in names}
    figure = Figure(
        ("Mediana de cada passo por quadro, no clipe mais caro", "Median of each step per frame, in the dearest clip"),
        Bars(("milissegundos", "milliseconds"), costs),
    )
    return Report(
        ("Medição de sessões", "Sessions measured"),
        evaluating.facts_of(instrument, {("clipes", "clips"): str(len(clips))}, digest=digest),
        [
            Section(
                ("Sessões", "Sessions"),
                [
                    (
                        (
                            "Cada clipe é mostrado como uma câmera o mostraria, até a decisão; sem movimentos "
                            "declarados, vale a política passiva."
                        ),
                        (
                            "Every clip is shown as a camera would show it, until the decision; without stated "
                            "movements the passive policy holds."
                        ),
                    )
                ],
                [rates, movements, sessions],
                [figure] if costs else [],
            )
        ],
    )
