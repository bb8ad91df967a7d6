"""What every store of read models answers to questions that are more than equal columns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.memory.read_models import MemoryReadModels
from adapters.postgres.read_models import PostgresReadModels
from application.ports.selection import Binned, Daily, Selection
from application.projections.changes import Put

if TYPE_CHECKING:
    from application.ports.read_models import ReadModels

BOTH = ["memory", pytest.param("postgres", marks=pytest.mark.database)]
NOON = datetime(2030, 5, 17, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BRAZIL = ZoneInfo("America/Sao_Paulo")


@pytest.fixture(params=BOTH)
def models(request: pytest.FixtureRequest) -> ReadModels:
    found: ReadModels = (
        MemoryReadModels() if request.param == "memory" else PostgresReadModels(request.getfixturevalue("database"))
    )
    facts: list[dict[str, Any]] = [
        {"department": "icu", "state": "succeeded", "started_at": NOON, "similarity": 0.71, "subject_id": UUID(int=7)},
        {"department": "icu", "state": "refused", "started_at": NOON + HOUR, "similarity": 0.22},
        {"department": "lab", "state": "refused", "started_at": NOON + 14 * HOUR, "similarity": -0.03},
        {"department": "lab", "state": "refused", "started_at": NOON + 16 * HOUR, "reason": "spoof"},
        {"department": "lab", "state": "started"},
    ]
    attempts = [Put("auth_log_rows", {"attempt_id": UUID(int=n + 1)}, each) for n, each in enumerate(facts)]
    enrolled = Put("enrollment_rows", {"enrollment_id": UUID(int=9)}, {"subject_id": UUID(int=7), "department": "icu"})
    assert found.apply("x", [*attempts, enrolled], expected=0, position=1)
    return found


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["attempt_id"].int for row in rows]


def test_everything_counts_as_one_group(models: ReadModels) -> None:
    assert models.tally("auth_log_rows", [], Selection()) == {(): 5}


def test_nothing_counts_as_no_group(models: ReadModels) -> None:
    assert models.tally("auth_log_rows", [], Selection({"department": "nowhere"})) == {}
    assert models.tally("session_rows", ["status"], Selection()) == {}


def test_rows_are_counted_by_several_columns(models: ReadModels) -> None:
    counted = models.tally("auth_log_rows", ["department", "state"], Selection())
    assert counted == {
        ("icu", "succeeded"): 1,
        ("icu", "refused"): 1,
        ("lab", "refused"): 2,
        ("lab", "started"): 1,
    }


def test_a_day_is_a_day_where_the_hospital_is(models: ReadModels) -> None:
    counted = models.tally("auth_log_rows", [Daily("started_at", BRAZIL)], Selection(filled=["started_at"]))
    # 02:00 UTC is still the day before; 04:00 UTC is not
    assert counted == {(date(2030, 5, 17),): 3, (date(2030, 5, 18),): 1}


def test_scores_fall_into_bins_below_zero_too(models: ReadModels) -> None:
    counted = models.tally("auth_log_rows", [Binned("similarity", 0.05)], Selection(filled=["similarity"]))
    assert counted == {(14,): 1, (4,): 1, (-1,): 1}


def test_a_period_has_its_beginning_and_not_its_end(models: ReadModels) -> None:
    period = Selection(time="started_at", since=NOON, before=NOON + 14 * HOUR)
    assert models.tally("auth_log_rows", ["state"], period) == {("succeeded",): 1, ("refused",): 1}


def test_an_empty_time_is_in_no_period(models: ReadModels) -> None:
    assert models.tally("auth_log_rows", [], Selection(time="started_at", before=NOON + 99 * HOUR)) == {(): 4}


def test_conditions_hold_together(models: ReadModels) -> None:
    which = Selection({"department": "lab", "reason": None}, time="started_at", since=NOON)
    assert ids(models.newest("auth_log_rows", which, by="started_at", limit=9)) == [3]


def test_people_are_found_by_where_they_are_enrolled(models: ReadModels) -> None:
    assert ids(models.newest("auth_log_rows", Selection(enrolled_in="icu"), by="started_at", limit=9)) == [1]
    assert models.newest("auth_log_rows", Selection(enrolled_in="lab"), by="started_at", limit=9) == []


def test_the_newest_come_first_page_by_page_and_the_timeless_last(models: ReadModels) -> None:
    assert ids(models.newest("auth_log_rows", Selection(), by="started_at", limit=9)) == [4, 3, 2, 1, 5]
    assert ids(models.newest("auth_log_rows", Selection(), by="started_at", limit=2, skip=1)) == [3, 2]
    assert ids(models.newest("auth_log_rows", Selection(), by="started_at", limit=9, oldest=True)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "which", [Selection({"x; --": 1}), Selection(filled=["nothing"]), Selection(time="no", since=NOON)], ids=str
)
def test_columns_off_the_list_are_refused(models: ReadModels, which: Selection) -> None:
    with pytest.raises(ValueError, match="has no column"):
        models.tally("auth_log_rows", [], which)
    with pytest.raises(ValueError, match="has no column"):
        models.newest("auth_log_rows", which, by="started_at", limit=1)


def test_so_are_groups_orders_and_tables(models: ReadModels) -> None:
    with pytest.raises(ValueError, match="has no column"):
        models.tally("auth_log_rows", ["pg_sleep(9)"], Selection())
    with pytest.raises(ValueError, match="has no column"):
        models.newest("auth_log_rows", Selection(), by="1; DROP", limit=1)
    with pytest.raises(ValueError, match="no read-model table"):
        models.tally("events", [], Selection())
