"""The report of an identification: what is said of its data, tables and plots."""

from __future__ import annotations

from typing import Final

from adapters.reports.document import Figure, Histogram, Line, Lines, Report, Section, Table, Text
from application.evaluation.identification import Found
from application.evaluation.identification_figures import Identification, Identified
from application.evaluation.people import Cast
from entrypoints.cli import evaluating
from entrypoints.cli.evaluating import between, percent

TITLE: Final[Text] = ("Medição de identificação (1:N)", "Identification measured (1:N)")
INTERVAL: Final[Text] = ("intervalo de 95 %", "95 % interval")


def data_of(roles: Cast, found: Found) -> dict[Text, str]:
    """Return the facts about the data."""
    return {
        ("cadastrados", "enrolled"): f"{len(found.gallery)} (+ {len(found.refused)} recusados / refused)",
        ("sem imagens bastantes para cadastro", "too few pictures to be enrolled"): str(roles.too_few + roles.absent),
        ("imagens por cadastro", "pictures per enrolment"): str(max(len(p) for p in roles.gallery.values())),
        ("buscas de cadastrados", "mated probes"): str(roles.mates),
        ("buscas de estranhos", "probes of strangers"): str(roles.strangers),
    }


def kinds(found: Identification) -> list[tuple[Text, Identified]]:
    """Return every kind of probe and threshold with its name."""
    rows: list[tuple[Text, Identified | None]] = [
        (("uma imagem", "single picture"), found.single),
        (("três imagens, mesmo limiar", "three pictures, same threshold"), found.grouped),
        (("três imagens, limiar próprio", "three pictures, own threshold"), found.grouped_at_own),
        (("serviço, uma imagem", "service, single picture"), found.served),
        (("serviço, três imagens", "service, three pictures"), found.grouped_served),
    ]
    return [(name, at) for name, at in rows if at is not None]


def report_of(found: Identification, facts: list[tuple[Text, str]]) -> Report:
    """Return the whole report."""
    at = found.single
    return Report(
        TITLE,
        facts,
        [_errors(found), _sizes(found), evaluating.intake_section(found.intake)],
        summary=[
            (
                (
                    f"FNIR {percent(at.fnir.value)} com FPIR de {percent(at.fpir.value)} (meta "
                    f"{percent(found.target)}), uma imagem por busca; {at.misidentified} pessoas trocadas por outra."
                ),
                (
                    f"FNIR {percent(at.fnir.value)} at FPIR {percent(at.fpir.value)} (target "
                    f"{percent(found.target)}), one picture per probe; {at.misidentified} people taken for somebody "
                    "else."
                ),
            )
        ],
    )


def _row(name: str, at: Identified) -> tuple[str, ...]:
    return (
        name,
        f"{at.threshold:.4f}",
        f"{at.margin:g}",
        percent(at.fnir.value),
        between(at.fnir),
        percent(at.fpir.value),
        between(at.fpir),
        str(at.misidentified),
    )


def _errors(found: Identification) -> Section:
    columns: tuple[Text, ...] = (
        ("buscas", "probes"),
        ("limiar", "threshold"),
        ("margem", "margin"),
        ("FNIR", "FNIR"),
        INTERVAL,
        ("FPIR", "FPIR"),
        INTERVAL,
        ("trocadas", "misidentified"),
    )
    failures = [
        (" / ".join(name), percent(rate.value), between(rate))
        for name, rate in ((evaluating.FTE, found.fte), (evaluating.FTA, found.fta))
    ]
    return Section(
        ("Taxas de erro", "Error rates"),
        [
            (
                (
                    "FPIR: parte das buscas de estranhos que trazem alguém. FNIR: parte das buscas de cadastrados "
                    "que não trazem a própria pessoa em primeiro lugar; imagens sem rosto e cadastros recusados "
                    "contam. O limiar é o menor cuja FPIR medida não passa da meta; com a margem do serviço, o "
                    "segundo colocado deve estar mais longe do que ela."
                ),
                (
                    "FPIR: share of probes of strangers that bring anybody up. FNIR: share of probes of enrolled "
                    "people that do not bring up the person first; pictures without a face and refused enrolments "
                    "count. The threshold is the smallest whose measured FPIR does not exceed the target; with the "
                    "service's margin, the runner-up must be further away than that."
                ),
            )
        ],
        [
            Table(("Resultados", "Results"), columns, [_row(" / ".join(name), at) for name, at in kinds(found)]),
            Table(
                ("Outras metas, uma imagem", "Other targets, single picture"),
                columns,
                [_row(f"FPIR ≤ {percent(goal)}", at) for goal, at in found.points],
                (
                    "Intervalos por reamostragem de pessoas (bootstrap); sem nenhum erro, pela regra dos três.",
                    "Intervals by resampling people (bootstrap); without a single error, by the rule of three.",
                ),
            ),
            Table(("Falhas", "Failures"), (("o quê", "what"), ("taxa", "rate"), INTERVAL), failures),
        ],
        [_trade(found), _scores(found)],
    )


def _trade(found: Identification) -> Figure:
    curve = found.curve
    line = Line("FNIR", curve.false_accept.tolist(), curve.false_reject.tolist(), step=True)
    marks = {f"T {at.threshold:.3f}": (at.fpir.value, at.fnir.value) for at in (found.single, found.served)}
    return Figure(
        ("FNIR sobre FPIR, uma imagem por busca", "FNIR over FPIR, one picture per probe"),
        Lines(("FPIR", "FPIR"), ("FNIR", "FNIR"), [line], log_x=True, log_y=True, marks=marks),
    )


def _scores(found: Identification) -> Figure:
    samples = {
        "a própria pessoa / the mate": found.mate.tolist(),
        "melhor para estranhos / strangers' best": found.stranger_best.tolist(),
    }
    thresholds = {"meta / target:": found.single.threshold, "serviço / service:": found.served.threshold}
    return Figure(
        ("Semelhança com a própria pessoa, e a melhor de cada estranho", "Similarity to the mate, strangers' best"),
        Histogram(("semelhança (cosseno)", "similarity (cosine)"), samples, thresholds),
    )


def _sizes(found: Identification) -> Section:
    by_size = found.by_size
    sizes = [float(at.size) for at in by_size]
    rows = [
        (
            str(at.size),
            percent(at.fpir.value),
            between(at.fpir),
            percent(at.fnir.value),
            between(at.fnir),
            f"{at.threshold_for_target:.4f}",
            f"{at.served_threshold:.4f}",
            percent(at.served_fpir.value),
            percent(at.served_fnir.value),
        )
        for at in by_size
    ]
    columns: tuple[Text, ...] = (
        ("pessoas", "people"),
        ("FPIR", "FPIR"),
        INTERVAL,
        ("FNIR", "FNIR"),
        INTERVAL,
        ("limiar para a meta", "threshold for the target"),
        ("limiar do serviço", "service's threshold"),
        ("FPIR do serviço", "service's FPIR"),
        ("FNIR do serviço", "service's FNIR"),
    )
    fpir = Line(
        "FPIR",
        sizes,
        [at.fpir.value for at in by_size],
        low=[at.fpir.low for at in by_size],
        high=[at.fpir.high for at in by_size],
        points=True,
    )
    return Section(
        ("Por tamanho do cadastro", "By size of the gallery"),
        [
            (
                (
                    f"O mesmo limiar ({found.single.threshold:.4f}) em cadastros menores, sorteados; a pessoa buscada "
                    "está sempre neles."
                ),
                (
                    f"The same threshold ({found.single.threshold:.4f}) in smaller, random galleries; the mate is "
                    "always in them."
                ),
            )
        ],
        [Table(("FPIR e FNIR por tamanho", "FPIR and FNIR by size"), columns, rows)],
        [
            Figure(
                ("FPIR por tamanho do cadastro, com intervalo de 95 %", "FPIR by gallery size, with 95 % interval"),
                Lines(("pessoas no cadastro", "people in the gallery"), ("FPIR", "FPIR"), [fpir], log_x=True),
            )
        ],
    )
