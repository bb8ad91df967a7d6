"""Many changes at once come to what they come to one by one, whatever way the adapter takes; several steps are one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from adapters.memory.read_models import MemoryReadModels
from adapters.postgres.read_models import PostgresReadModels
from application.ports.read_models import Step
from application.projections.changes import Amend, Carry, Put, Remove, RemoveEach
from application.projections.event_index import CARRIED

if TYPE_CHECKING:
    from application.ports.read_models import ReadModels
    from application.projections.changes import Change

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
MANY = 30
ANA = UUID(int=99)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def models(request: pytest.FixtureRequest) -> ReadModels:
    return MemoryReadModels() if request.param == "memory" else PostgresReadModels(request.getfixturevalue("database"))


def session(number: int, **values: Any) -> Put:
    return Put("session_rows", {"session_id": UUID(int=number)}, values)


def ended(number: int, reason: str) -> Amend:
    return Amend("session_rows", {"session_id": UUID(int=number)}, {"ended_reason": reason, "ended_at": NOW})


def attempt(number: int, similarity: float | None) -> Put:
    return Put(
        "auth_log_rows", {"attempt_id": UUID(int=number)}, {"similarity": similarity, "success": number % 2 == 0}
    )


def indexed(position: int, stream: int, version: int, **values: Any) -> Carry:
    row = {"stream_id": UUID(int=stream), "version": version, "name": f"event {position}"} | values
    return Carry("event_index_rows", {"position": position}, row, stream="stream_id", order="version", carried=CARRIED)


def one_by_one(table: str, changes: list[Change]) -> list[dict[str, Any]]:
    slowly = MemoryReadModels()
    for number, change in enumerate(changes):
        assert slowly.apply("slowly", [change], expected=number, position=number + 1)
    return slowly.rows(table)


def check(models: ReadModels, table: str, changes: list[Change]) -> None:
    assert models.apply("at once", changes, expected=0, position=1)
    assert models.rows(table) == one_by_one(table, changes)


def test_rows_made_changed_and_taken_away_in_one_go(models: ReadModels) -> None:
    changes: list[Change] = [session(number, status="open", opened_at=NOW) for number in range(MANY)]
    changes += [ended(number, "lost; 'quoted', {braces}, \\ and ação") for number in range(0, MANY, 2)]
    changes += [Amend("session_rows", {"status": "open", "ended_at": None}, {"status": "idle"})]
    changes += [session(number, status="again") for number in range(5, MANY + 15)]
    changes += [Remove("session_rows", {"session_id": UUID(int=7)}), session(7, subject_id=ANA)]
    changes += [RemoveEach("session_rows", "session_id", (UUID(int=1), UUID(int=2)))]
    changes += [ended(number, "late") for number in range(MANY)]

    check(models, "session_rows", changes)


def test_empty_whole_and_broken_numbers_stand_in_one_column(models: ReadModels) -> None:
    numbers: list[float | None] = [0, 0.5, None, 1, 0.25]

    check(models, "auth_log_rows", [attempt(number, numbers[number % 5]) for number in range(MANY)])


def test_rows_that_are_there_already_are_overwritten_where_named(models: ReadModels) -> None:
    before = [session(number, status="open", amr="face") for number in range(0, MANY, 3)]
    models.apply("at once", before, expected=0, position=1)
    after = [session(number, status="closed") for number in range(MANY)]

    assert models.apply("at once", after, expected=1, position=2)

    assert models.rows("session_rows") == one_by_one("session_rows", [*before, *after])


def test_each_row_of_a_stream_takes_over_from_the_one_before_also_across_batches(models: ReadModels) -> None:
    first: list[Change] = [
        indexed(number, number % 4, number // 4 + 1, **({"department": f"d{number}"} if number < 4 else {}))
        for number in range(MANY)
    ]
    second: list[Change] = [
        indexed(
            number, number % 4, number // 4 + 1, **({"subject_id": ANA, "department": "moved"} if number == 33 else {})
        )
        for number in range(MANY, 2 * MANY)
    ]
    models.apply("at once", first, expected=0, position=1)

    assert models.apply("at once", second, expected=1, position=2)

    assert models.rows("event_index_rows") == one_by_one("event_index_rows", [*first, *second])


def test_a_row_of_the_index_that_is_there_already_stays_and_the_others_come(models: ReadModels) -> None:
    there: list[Change] = [indexed(5, 1, 5, department="by hand")]
    models.apply("at once", there, expected=0, position=1)
    come: list[Change] = [indexed(number, 1, number, department=None) for number in range(1, 5)]
    come += [indexed(number, 1, number) for number in range(5, MANY)]

    assert models.apply("at once", come, expected=1, position=2)

    rows = {row["position"]: row for row in models.rows("event_index_rows")}
    assert len(rows) == MANY - 1
    assert rows[5]["department"] == "by hand"


def test_versions_out_of_order_are_no_reason_to_fail(models: ReadModels) -> None:
    changes: list[Change] = [indexed(number, 1, MANY - number, department=f"d{number}") for number in range(MANY)]

    assert models.apply("at once", changes, expected=0, position=1)

    assert len(models.rows("event_index_rows")) == MANY


def test_steps_of_several_projections_commit_together_but_for_those_that_stand_elsewhere(models: ReadModels) -> None:
    models.apply("b", [], expected=0, position=3)

    late = models.apply_each(
        [
            Step("a", [session(1)], 0, 5),
            Step("b", [session(2)], 0, 5),
            Step("c", [attempt(1, 0.5)], 0, 7),
            Step("d", [], 0, 7),
        ]
    )

    assert late == {"b"}
    assert models.checkpoints(["a", "b", "c", "d", "e"]) == {"a": 5, "b": 3, "c": 7, "d": 7, "e": 0}
    assert [row["session_id"] for row in models.rows("session_rows")] == [UUID(int=1)]
    assert len(models.rows("auth_log_rows")) == 1


def test_a_step_that_cannot_be_taken_undoes_those_beside_it(models: ReadModels) -> None:
    bad = [Put("data_keys", {"key_id": UUID(int=1)}, {})]

    with pytest.raises(ValueError, match="data_keys"):
        models.apply_each([Step("a", [session(1)], 0, 5), Step("b", bad, 0, 5)])

    assert models.checkpoints(["a", "b"]) == {"a": 0, "b": 0}
    assert models.rows("session_rows") == []


def test_a_failure_in_the_middle_of_many_changes_leaves_nothing(models: ReadModels) -> None:
    changes: list[Change] = [session(number, opened_at=NOW + timedelta(number)) for number in range(MANY)]

    with pytest.raises(ValueError, match="no "):
        models.apply("a", [*changes, *(session(number, nothing=1) for number in range(MANY))], expected=0, position=1)

    assert models.rows("session_rows") == []
    assert models.checkpoint("a") == 0
