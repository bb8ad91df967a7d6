"""Which measured score distributions are in force: those of this program, and the operator's own."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from adapters.vision.distributions import packaged, read_distribution
from domain.biometrics import ModelId
from domain.errors import ConfigurationError
from domain.policies.matching import MatchingPolicy
from domain.policies.scores import ScoreDistribution
from entrypoints.absent import AbsentJudge
from entrypoints.settings import Settings


def matching_policy(settings: Settings, models: AbstractSet[ModelId]) -> MatchingPolicy:
    """Return the policy for these loaded models. Raises ``ConfigurationError`` for a distribution of another one."""
    return MatchingPolicy(fpir_target=settings.target_fpir, distributions=distributions(settings, models))


def distributions(settings: Settings, models: AbstractSet[ModelId]) -> dict[ModelId, ScoreDistribution]:
    """Return the distributions by model; the operator's file counts before the packaged one of the same model.

    Raises ``ConfigurationError`` for an operator's file that cannot be read or is of a model that is not loaded.
    """
    found = packaged()
    if settings.score_distribution is not None:
        own = read_distribution(settings.score_distribution)
        if own.model not in models and models != {AbsentJudge.model}:
            raise ConfigurationError(
                f"FACEAUTH_SCORE_DISTRIBUTION is of the model {own.model}, loaded is {', '.join(sorted(models))}: "
                "measure this one with 'faceauth evaluate calibration', or leave the setting unset"
            )
        found[own.model] = own
    return found
