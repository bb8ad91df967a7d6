"""Retention as the settings have it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from domain.policies.retention import BOUNDS, RetentionPolicy, SweepGuard

if TYPE_CHECKING:
    from entrypoints.settings import Settings

FIELDS: Final = {
    "retention_unused_template_days": "unused_templates",
    "retention_leaver_days": "leavers",
    "retention_unfinished_days": "unfinished",
    "retention_attempt_days": "attempts",
    "retention_session_days": "sessions",
    "retention_consent_days": "consents",
    "retention_incident_days": "incidents",
}
"""The setting of each period that has bounds."""
PERIODS: Final = tuple(FIELDS)
MOST_DAYS: Final = 40_000


def checked_period(setting: str, days: float) -> float:
    """Return the days where that period is lawful. Raises ``ValueError`` with the reason."""
    if not 0 < days <= MOST_DAYS:
        raise ValueError("a number of days")
    BOUNDS[FIELDS[setting]].check(FIELDS[setting], timedelta(days=days))
    return days


def retention_policy(settings: Settings) -> RetentionPolicy:
    """Return how long everything lives."""
    return RetentionPolicy(
        erasure_final=timedelta(hours=settings.erasure_final_hours),
        epoch_keys=timedelta(days=settings.epoch_key_days),
        templates=timedelta(days=settings.template_days),
        retired_transforms=timedelta(days=settings.retired_transform_days),
        key_backups=timedelta(days=settings.key_backup_days),
        **{field: timedelta(days=getattr(settings, setting)) for setting, field in FIELDS.items()},
    )


def sweep_guard(settings: Settings) -> SweepGuard:
    """Return when a sweep waits for people."""
    return SweepGuard(
        announce=timedelta(hours=settings.retention_announce_hours),
        most_jump=timedelta(days=settings.retention_most_jump_days),
        most_percent=settings.retention_most_percent,
    )
