"""``faceauth evaluate calibration``: measures what similarities of the loaded embedder mean, into a file."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from adapters.reports.html import check_writable
from adapters.vision.distributions import FORMAT, read_distribution
from application.evaluation.acquiring import BATCH, Acquisition, Picture, wipe
from application.evaluation.calibration import CAPTURES, GROUP, calibrate
from application.evaluation.journal import digest_of_files
from application.evaluation.pictures import people_in
from domain.biometrics import Embedding
from domain.errors import InvalidInputError
from domain.policies.matching import MatchingPolicy
from domain.policies.scores import ScoreDistribution
from entrypoints.cli import evaluating
from entrypoints.cli.output import JsonOption, console, print_json
from entrypoints.settings import load_settings

SIZES: Final = (1, 10, 50, 200, 1000, 5000, 20_000)


def calibration(
    images: Annotated[Path, typer.Option(help="Imagens, uma pasta por pessoa / pictures, one folder a person")],
    out: Annotated[Path, typer.Option(help="Arquivo JSON a escrever / JSON file to write", dir_okay=False)],
    as_json: JsonOption = False,
) -> None:
    """Mede a distribuição das semelhanças do modelo / Measure the model's score distributions, for its thresholds."""
    # A file of another model must not stand in the way of the one that is to replace it.
    settings = load_settings().model_copy(update={"score_distribution": None})
    people = people_in(images)
    check_writable(out)
    digest = digest_of_files((picture.name, picture.path) for shown in people.values() for picture in shown)
    instrument = evaluating.load_instrument(settings)
    pictures = sum(map(len, people.values()))
    with evaluating.acquisition(instrument.judge, settings, pictures=pictures) as taking:
        document = measure(people, taking, model=str(instrument.judge.model), digest=digest)
    _write(out, document)
    distribution = read_distribution(out)
    if as_json:
        print_json({"file": str(out), "model": distribution.model, "thresholds": _thresholds(distribution), **document})
        return
    console.print(f"{distribution.model}: {out}", soft_wrap=True)
    for size, threshold in _thresholds(distribution).items():
        console.print(f"{size:>6} pessoas / people: {threshold:.4f}")


def measure(people: dict[str, list[Picture]], taking: Acquisition, *, model: str, digest: str) -> dict[str, Any]:
    """Return the document of these people's pictures; the same pictures and models give the same document.

    Embeddings are in memory only and overwritten before this returns. Raises what ``calibrate`` raises.
    """
    seen: dict[str, list[Embedding]] = {person: [] for person in people}
    everything = [(person, picture) for person, shown in people.items() for picture in shown]
    try:
        for at in range(0, len(everything), BATCH):
            batch = everything[at : at + BATCH]
            for (person, _), acquired in zip(batch, taking.take(picture for _, picture in batch), strict=True):
                if acquired.embedding is not None:
                    seen[person].append(acquired.embedding)
        found = calibrate({person: embeddings for person, embeddings in seen.items() if embeddings})
    finally:
        wipe(embedding for embeddings in seen.values() for embedding in embeddings)
    used = sum(map(len, seen.values()))
    return {
        "format": FORMAT,
        "model": model,
        "data": {
            "sha256": digest,
            "people": len(people),
            "pictures": len(everything),
            "without_face": len(everything) - used,
            "captures_per_template": CAPTURES,
            "pictures_per_averaged_probe": GROUP,
        },
        **found,
    }


def text_of(document: dict[str, Any]) -> str:
    """Return the document as it is written, each point in one line."""
    text = json.dumps(document, indent=1)
    return re.sub(r"\[[\s\d.eE+,-]+\]", lambda point: " ".join(point[0].split()), text) + "\n"


def _thresholds(distribution: ScoreDistribution) -> dict[int, float]:
    """Return the 1:N threshold for galleries of several sizes, at the default target."""
    policy = MatchingPolicy(distributions={distribution.model: distribution})
    return {n: policy.threshold(distribution.model, gallery_size=n, claim_made=False) for n in SIZES}


def _write(path: Path, document: dict[str, Any]) -> None:
    """Write the file, whole or not at all. Raises ``InvalidInputError``."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_text(text_of(document), encoding="ascii")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from None
