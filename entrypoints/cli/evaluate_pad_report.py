"""The HTML report of ``faceauth evaluate pad``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.reports.document import Bars, Figure, Histogram, Report, Section, Table, Text
from application.evaluation.pad import Presentation
from application.evaluation.pad_metrics import PadFigures
from domain.policies.life import log_odds_of
from entrypoints.cli import evaluating
from entrypoints.cli.evaluating import Instrument, between, percent

TITLE: Final[Text] = ("Detecção de ataques de apresentação", "Presentation attack detection measured")
LIVE: Final = "pessoas / people"
SURE: Final = 1e-6
"""Probabilities nearer to 0 or 1 are drawn as this far: log-odds of 13.8."""


MEANING: Final[Text] = (
    (
        "APCER: parte dos ataques aceitos como pessoa viva, por espécie; sem resposta conta como não aceito. "
        "BPCER: parte das pessoas vivas recusadas, entre as que tiveram resposta. "
        "O serviço decide pela sessão, não por um quadro."
    ),
    (
        "APCER: share of attacks accepted as live, by species; no response counts as not accepted. "
        "BPCER: share of live people refused, of those with a response. "
        "The service decides on the session, not on a frame."
    ),
)


def rows(found: PadFigures) -> list[tuple[str, str, str, str]]:
    """Return (what, rate, 95 % interval, errors of tries) of every error rate."""
    rates = [
        *((f"APCER {species}", one) for species, one in found.apcer.items()),
        ("BPCER", found.bpcer),
        *((f"sem resposta / no response {kind}", one) for kind, one in found.non_response.items()),
    ]
    return [(name, percent(one.value), between(one), f"{one.errors} / {one.trials}") for name, one in rates]


def report_of(found: PadFigures, shown: Sequence[Presentation], instrument: Instrument, *, data: str) -> Report:
    """Return the report."""
    counts: dict[Text, str] = {
        ("arquivos de pessoas", "files of live people"): str(found.files["bona_fide"]),
        ("arquivos de ataques", "files of attacks"): str(found.files["attack"]),
        ("espécies", "species"): ", ".join(found.apcer),
        ("limiar", "threshold"): f"{found.threshold:.4f}",
    }
    worst, bpcer = percent(found.apcer_worst), percent(found.bpcer.value)
    return Report(
        TITLE,
        evaluating.facts_of(instrument, counts, digest=data),
        [_errors(found, shown), _times(found)],
        summary=[
            (
                f"APCER da pior espécie {worst}, BPCER {bpcer}, EER {percent(found.eer)}, por quadro.",
                f"APCER of the worst species {worst}, BPCER {bpcer}, EER {percent(found.eer)}, per frame.",
            )
        ],
    )


def _errors(found: PadFigures, shown: Sequence[Presentation]) -> Section:
    interval = ("intervalo de 95 %", "95 % interval")
    columns = ("taxa", "rate"), ("valor", "value"), interval, ("de", "of")
    return Section(
        ("Taxas de erro (ISO/IEC 30107-3)", "Error rates (ISO/IEC 30107-3)"),
        [
            MEANING,
        ],
        [
            Table(
                ("Taxas", "Rates"),
                columns,
                rows(found),
                (
                    "Intervalos por reamostragem de arquivos (bootstrap); sem nenhum erro, pela regra dos três.",
                    "Intervals by resampling files (bootstrap); without a single error, by the rule of three.",
                ),
            )
        ],
        [
            Figure(
                ("Evidência de vida por quadro, em log-odds", "Evidence of life per frame, in log-odds"),
                Histogram(("log-odds", "log-odds"), _samples(shown), {"T": _log_odds(found.threshold)}),
            )
        ],
    )


def _times(found: PadFigures) -> Section:
    return Section(
        ("Custo", "Cost"),
        figures=[
            Figure(
                ("Mediana do tempo de cada passo por quadro", "Median time of each step per frame"),
                Bars(("milissegundos", "milliseconds"), found.steps_ms),
            )
        ],
    )


def _samples(shown: Sequence[Presentation]) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {}
    for one in shown:
        if one.score is not None:
            samples.setdefault(one.species or LIVE, []).append(_log_odds(one.score))
    return samples


def _log_odds(probability: float) -> float:
    return log_odds_of(min(max(probability, SURE), 1 - SURE))
