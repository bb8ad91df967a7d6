"""Passive presentation attack detection: several sources of evidence, fused by coefficients from a versioned file."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Protocol

from application.ports.vision import EvidenceSource, PadFindings
from domain.errors import ModelError
from domain.policies.life import LifeModel, Term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from application.ports.vision import Face, Image

FORMAT: Final = "faceauth-pad/1"
SHIPPED: Final = "pad_coefficients.json"
TERM_KEYS: Final = {"mean", "deviation", "weight"}
NEXT_TO_NOBODY: Final = 1 - 1e-12
REFIT: Final = "the coefficients of presentation attack detection"


class NamedSource(EvidenceSource, Protocol):
    """A source that says beforehand what it will measure."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values that ``measure`` returns."""
        ...


class FusedPad:
    """``PresentationAttackDetector``: all evidence, weighed by a fitted model. Safe from several threads."""

    def __init__(self, sources: Sequence[NamedSource], model: LifeModel) -> None:
        """Fuse these sources. Raises ``ModelError`` where the model was fitted on other evidence."""
        names = [name for source in sources for name in source.names]
        if len(set(names)) != len(names) or set(names) != set(model.terms):
            raise ModelError(f"{REFIT} are for other evidence than this program gathers: install the program again")
        self._sources = tuple(sources)
        self._model = model

    @property
    def threshold(self) -> float:
        """The model's."""
        return self._model.threshold

    def judge(self, image: Image, face: Face) -> PadFindings:
        """Return the probability of a live person at equal priors, and the evidence by name.

        Raises ``ModelError`` where a source gives anything else than it named, or a number that is not finite.
        """
        evidence = {name: value for source in self._sources for name, value in source.measure(image, face).items()}
        try:
            return PadFindings(self._model.probability(evidence), evidence)
        except ValueError as error:
            raise ModelError("a source of evidence failed: run 'faceauth models verify'") from error


def unfitted(sources: Sequence[NamedSource]) -> LifeModel:
    """Return a model that serves to gather evidence for a fit and admits next to nobody."""
    terms = {name: Term(0.0, 1.0, 1.0) for source in sources for name in source.names}
    return LifeModel(terms, 0.0, NEXT_TO_NOBODY)


def shipped() -> str:
    """Return the text of the coefficient file that came with the program. Raises ``ModelError`` where there is none."""
    try:
        return (files(__package__) / SHIPPED).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ModelError(f"{REFIT} cannot be read: install the program again, or refit them") from error


def read_coefficients(text: str | None = None, *, models: Sequence[str]) -> LifeModel:
    """Return the model in the text of a coefficient file, by default the one that ships with the program.

    ``models`` are the ids of the networks in use. Raises ``ModelError`` for anything but a whole file of this format,
    fitted with these networks: without coefficients nobody is let in.
    """
    try:
        document = json.loads(shipped() if text is None else text)
        if document["format"] != FORMAT:
            raise ModelError(f"{REFIT} have another format than {FORMAT}: refit them with 'faceauth evaluate pad'")
        if document["models"] != list(models):
            raise ModelError(f"{REFIT} were fitted with other networks: refit them with 'faceauth evaluate pad'")
        terms = {name: _term(numbers) for name, numbers in document["evidence"].items()}
        return LifeModel(terms, _number(document["intercept"]), _number(document["threshold"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{REFIT} are damaged: install the program again, or refit them") from error


def coefficients_text(model: LifeModel, *, models: Sequence[str], provenance: Mapping[str, Any]) -> str:
    """Return a coefficient file: the same model and provenance give the same text."""
    document = {
        "format": FORMAT,
        "models": list(models),
        "evidence": {
            name: {"mean": term.mean, "deviation": term.deviation, "weight": term.weight}
            for name, term in sorted(model.terms.items())
        },
        "intercept": model.intercept,
        "threshold": model.threshold,
        **provenance,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _term(numbers: Mapping[str, Any]) -> Term:
    if numbers.keys() != TERM_KEYS:
        raise ValueError("a term has a mean, a deviation and a weight")
    return Term(**{name: _number(value) for name, value in numbers.items()})


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a coefficient is a number")
    return float(value)
