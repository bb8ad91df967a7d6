"""Retention as a table: every period has its law, and no unlawful one is taken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from application import retention
from application.retention_table import in_words, line_of
from application.sweeping import SWEPT
from domain.errors import ConfigurationError, NotFoundError
from domain.policies.retention import BOUNDS, RetentionPolicy, SweepGuard
from entrypoints.settings import Settings, load_settings

if TYPE_CHECKING:
    from tests.house import House


def test_every_swept_category_is_in_the_table_with_its_law_and_its_bounds(house: House) -> None:
    table = {line["category"]: line for line in retention.policies(house.services)}

    assert {s.name for s in SWEPT} == {n for n, line in table.items() if line["enforced"] == "sweep"}
    assert table["attempts"]["period"] == "6 meses (184 dias)"
    assert table["incidents"]["period"] == "pelo menos 5 anos (1827 dias)"
    assert table["history"]["period_days"] is None
    assert all(line["what"] and line["what_en"] and line["basis"] for line in table.values())


@pytest.mark.parametrize("name", ["attempts", "sessions"])
def test_six_months_of_access_records_are_the_least(name: str) -> None:
    with pytest.raises(ValueError, match="Marco Civil"):
        RetentionPolicy(**{name: timedelta(days=183)})


def test_the_incident_register_is_kept_for_five_years() -> None:
    with pytest.raises(ValueError, match="15/2024"):
        RetentionPolicy(incidents=timedelta(days=1826))


def test_a_guard_asks_where_too_much_would_go_at_once_but_not_over_a_handful() -> None:
    guard = SweepGuard()

    assert guard.too_many(26, 100)
    assert not guard.too_many(25, 100)
    assert not guard.too_many(9, 9)
    assert guard.jumped(timedelta(days=36))
    assert not guard.jumped(None)


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("FACEAUTH_RETENTION_ATTEMPT_DAYS", "30", "six months"),
        ("FACEAUTH_RETENTION_SESSION_DAYS", "183.9", "six months"),
        ("FACEAUTH_RETENTION_INCIDENT_DAYS", "365", "five years"),
        ("FACEAUTH_RETENTION_CONSENT_DAYS", "-1", "a number of days"),
        ("FACEAUTH_RETENTION_LEAVER_DAYS", "10000", "no longer than its purpose needs"),
        ("FACEAUTH_RETENTION_UNUSED_TEMPLATE_DAYS", "nan", "a number of days"),
        ("FACEAUTH_RETENTION_UNFINISHED_DAYS", "soon", "valid number"),
        ("FACEAUTH_RETENTION_MOST_PERCENT", "100", "less than 100"),
    ],
)
def test_a_period_that_is_not_lawful_is_refused_at_the_start_with_the_reason(
    variable: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=reason) as refused:
        load_settings()
    assert variable in str(refused.value)


def test_the_settings_make_the_policy() -> None:
    settings = Settings.model_validate({"retention_attempt_days": 200, "template_days": 7})

    assert settings.retention_policy == RetentionPolicy(attempts=timedelta(days=200), templates=timedelta(days=7))
    assert Settings().retention_policy == RetentionPolicy()
    assert set(BOUNDS) <= set(RetentionPolicy.__dataclass_fields__)


def test_a_period_is_said_as_people_say_it() -> None:
    assert in_words(timedelta(days=1)) == ("1 dia", "1 day")
    assert in_words(timedelta(hours=36)) == ("36 horas", "36 hours")
    assert in_words(timedelta(days=365)) == ("365 dias", "365 days")


def test_there_is_no_line_of_what_there_is_not(house: House) -> None:
    with pytest.raises(NotFoundError):
        line_of(house.services, "names")
