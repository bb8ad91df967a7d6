"""Measured score distributions: a file per embedder, packaged here or made by ``faceauth evaluate calibration``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.biometrics import ModelId
from domain.errors import ConfigurationError
from domain.policies.scores import ScoreDistribution

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT: Final = 1
FOLDER: Final = Path(__file__).parent / "distributions"
ESTIMATE, BOUND = 1, 2
"""Places in a point (FMR, threshold, upper bound of the threshold)."""

MAX_BYTES: Final = 1 << 20
REMEDY: Final = "make one with 'faceauth evaluate calibration'"


def packaged() -> dict[ModelId, ScoreDistribution]:
    """Return the distributions that come with this program, by model id."""
    found = (read_distribution(path) for path in sorted(FOLDER.glob("*.json")))
    return {distribution.model: distribution for distribution in found}


def distribution_of_part(network: str) -> Mapping[str, Any] | None:
    """Return the packaged document of the embedder that a network is part of, None where there is none."""
    for path in sorted(FOLDER.glob("*.json")):
        document = _document(path)
        if network in str(document["model"]).rpartition("/")[0].split("+"):
            return document
    return None


def read_distribution(path: Path) -> ScoreDistribution:
    """Read a file of score distributions.

    A threshold must hold for a single picture and for the mean of several, which resembles strangers a little more: of
    the bound for the one and the estimate for the other, the higher one counts. Raises ``ConfigurationError`` for a
    file that is missing, damaged or of another form.
    """
    document = _document(path)
    try:
        single, averaged = document["template"]["impostor"], document["averaged"]["impostor"]
        calibration = document["template"]["calibration"]
        estimates = {float(point[0]): float(point[ESTIMATE]) for point in averaged["points"]}
        return ScoreDistribution(
            model=ModelId(str(document["model"])),
            impostor=tuple(
                (float(one[0]), max(float(one[BOUND]), estimates[float(one[0])])) for one in single["points"]
            ),
            tail_scale=max(float(single["tail"]["scale_bound"]), float(averaged["tail"]["scale"])),
            offset=float(calibration["offset"]),
            slope=float(calibration["slope"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigurationError(f"{path} is not a score distribution, or a damaged one: {REMEDY}") from error


def _document(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        document = json.loads(raw) if len(raw) <= MAX_BYTES else None
    except OSError as error:
        raise ConfigurationError(f"the score distribution {path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not a score distribution, or a damaged one: {REMEDY}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT or not document.get("model"):
        raise ConfigurationError(f"{path} is not a score distribution of a form this version knows: {REMEDY}")
    return document
