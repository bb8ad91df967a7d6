"""What every store of read models promises."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from adapters.memory.read_models import MemoryDepartments, MemoryReadModels
from adapters.postgres.database import Database
from adapters.postgres.read_models import PostgresDepartments, PostgresReadModels
from adapters.read_model_tables import READ_MODEL_TABLES
from application.projections.changes import Amend, Put, Remove, RemoveEach

if TYPE_CHECKING:
    from application.ports.read_models import Departments, ReadModels
    from application.projections.changes import Change

BOTH = ["memory", pytest.param("postgres", marks=pytest.mark.database)]
FIRST = UUID(int=1)
SECOND = UUID(int=2)
NOW = datetime(2030, 5, 17, 8, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=BOTH)
def models(request: pytest.FixtureRequest) -> ReadModels:
    if request.param == "memory":
        return MemoryReadModels()
    return PostgresReadModels(request.getfixturevalue("database"))


@pytest.fixture(params=BOTH)
def departments(request: pytest.FixtureRequest) -> Departments:
    if request.param == "memory":
        return MemoryDepartments()
    return PostgresDepartments(request.getfixturevalue("database"))


def put(session_id: UUID, **values: Any) -> Put:
    return Put("session_rows", {"session_id": session_id}, values)


def test_a_projection_begins_at_zero(models: ReadModels) -> None:
    assert models.checkpoint("sessions") == 0


def test_rows_and_checkpoint_move_together(models: ReadModels) -> None:
    assert models.apply("sessions", [put(FIRST, status="open")], expected=0, position=7)
    assert models.checkpoint("sessions") == 7
    assert [row["status"] for row in models.rows("session_rows")] == ["open"]


def test_nothing_is_applied_twice(models: ReadModels) -> None:
    models.apply("sessions", [put(FIRST, status="open")], expected=0, position=7)
    assert not models.apply("sessions", [put(FIRST, status="twice")], expected=0, position=7)
    assert models.checkpoint("sessions") == 7
    assert models.rows("session_rows")[0]["status"] == "open"


def test_projections_have_checkpoints_of_their_own(models: ReadModels) -> None:
    models.apply("sessions", [], expected=0, position=7)
    assert models.checkpoint("consents") == 0


def test_a_row_has_every_column_and_its_values_come_back_as_they_were(models: ReadModels) -> None:
    values = {
        "department": "UTI São José",
        "success": True,
        "subject_id": SECOND,
        "similarity": 0.5,
        "gallery_size": 3,
        "started_at": NOW,
        "reason": None,
        "position": 2**40,
    }
    models.apply("log", [Put("auth_log_rows", {"attempt_id": FIRST}, values)], expected=0, position=1)
    (row,) = models.rows("auth_log_rows")
    assert tuple(row) == READ_MODEL_TABLES["auth_log_rows"]
    assert row == dict.fromkeys(READ_MODEL_TABLES["auth_log_rows"]) | {"attempt_id": FIRST} | values


def test_put_overwrites_only_the_columns_that_it_names(models: ReadModels) -> None:
    changes: list[Change] = [put(FIRST, status="open", department="icu"), put(FIRST, status="revoked")]
    models.apply("sessions", changes, expected=0, position=1)
    (row,) = models.rows("session_rows")
    assert (row["status"], row["department"]) == ("revoked", "icu")


def test_put_without_values_keeps_a_row_that_is_there(models: ReadModels) -> None:
    models.apply("sessions", [put(FIRST, status="open"), put(FIRST), put(SECOND)], expected=0, position=1)
    assert [row["status"] for row in models.rows("session_rows")] == ["open", None]


def test_amend_changes_all_rows_that_match_and_no_other(models: ReadModels) -> None:
    subject = uuid4()
    changes: list[Change] = [
        put(FIRST, subject_id=subject, status="open"),
        put(SECOND, subject_id=uuid4(), status="open"),
        Amend("session_rows", {"subject_id": subject}, {"status": "revoked"}),
    ]
    models.apply("sessions", changes, expected=0, position=1)
    assert [row["status"] for row in models.rows("session_rows")] == ["revoked", "open"]


def test_amend_can_change_the_column_that_it_matches(models: ReadModels) -> None:
    changes: list[Change] = [
        put(FIRST, status="open"),
        Amend("session_rows", {"status": "open"}, {"status": "expired"}),
    ]
    models.apply("sessions", changes, expected=0, position=1)
    assert models.rows("session_rows", {"status": "expired"})[0]["session_id"] == FIRST


def test_amending_or_removing_nothing_is_no_error(models: ReadModels) -> None:
    changes: list[Change] = [
        Amend("session_rows", {"session_id": FIRST}, {"status": "open"}),
        Remove("session_rows", {"session_id": FIRST}),
    ]
    assert models.apply("sessions", changes, expected=0, position=1)
    assert models.rows("session_rows") == []


def test_remove_takes_the_rows_that_match(models: ReadModels) -> None:
    changes: list[Change] = [put(FIRST), put(SECOND), Remove("session_rows", {"session_id": FIRST})]
    models.apply("sessions", changes, expected=0, position=1)
    assert [row["session_id"] for row in models.rows("session_rows")] == [SECOND]


def test_remove_each_takes_those_named_and_no_other(models: ReadModels) -> None:
    third = UUID(int=3)
    gone = RemoveEach("session_rows", "session_id", (FIRST, third, uuid4()))
    models.apply("sessions", [put(FIRST), put(SECOND), put(third), gone], expected=0, position=1)
    assert [row["session_id"] for row in models.rows("session_rows")] == [SECOND]
    assert models.apply("sessions", [RemoveEach("session_rows", "session_id", ())], expected=1, position=2)
    assert models.count("session_rows") == 1


def test_what_is_older_comes_oldest_first_a_page_at_a_time(models: ReadModels) -> None:
    hours = [3, 1, 2, 1, 5]
    rows = [put(UUID(int=n), ended_at=NOW + timedelta(hours=h)) for n, h in enumerate(hours)]
    models.apply("sessions", [*rows, put(UUID(int=9), ended_at=None)], expected=0, position=1)

    def page(after: tuple[datetime, UUID] | None = None) -> list[int]:
        found = models.older("session_rows", "ended_at", NOW + timedelta(hours=5), limit=2, after=after)
        return [row["session_id"].int for row in found]

    assert page() == [1, 3]
    assert page((NOW + timedelta(hours=1), UUID(int=3))) == [2, 0]
    assert page((NOW + timedelta(hours=3), UUID(int=0))) == []
    assert models.count("session_rows") == 6


def test_older_and_count_open_no_other_table_or_column(models: ReadModels) -> None:
    with pytest.raises(ValueError, match="data_keys"):
        models.count("data_keys")
    with pytest.raises(ValueError, match="column"):
        models.older("session_rows", "position; --", NOW, limit=1)


def test_rows_come_in_the_order_of_their_keys(models: ReadModels) -> None:
    ids = [uuid4() for _ in range(20)]
    models.apply("sessions", [put(one) for one in ids], expected=0, position=1)
    assert [row["session_id"] for row in models.rows("session_rows")] == sorted(ids)


def test_none_in_a_condition_matches_what_is_empty(models: ReadModels) -> None:
    models.apply("sessions", [put(FIRST, ended_at=NOW), put(SECOND)], expected=0, position=1)
    assert [row["session_id"] for row in models.rows("session_rows", {"ended_at": None})] == [SECOND]


@pytest.mark.parametrize(
    "change",
    [
        Put("stored_events", {"originator_id": FIRST}, {}),
        Put("session_rows", {"session_id": FIRST}, {"no_such_column": 1}),
        Amend("identity_claims", {}, {"subject_id": FIRST}),
        Amend("session_rows", {'status" = 1; --': 1}, {"status": "x"}),
        Remove("data_keys", {"owner": "subject:a"}),
        RemoveEach("data_keys", "owner", (FIRST,)),
        RemoveEach("session_rows", "no_such_column", (FIRST,)),
    ],
)
def test_a_change_outside_the_read_models_is_refused_and_nothing_is_applied(models: ReadModels, change: Change) -> None:
    with pytest.raises(ValueError, match="no "):
        models.apply("sessions", [put(FIRST), change], expected=0, position=1)
    assert models.rows("session_rows") == []
    assert models.checkpoint("sessions") == 0


def test_no_other_table_can_be_read(models: ReadModels) -> None:
    with pytest.raises(ValueError, match="data_keys"):
        models.rows("data_keys")


def test_reset_empties_the_tables_and_begins_again(models: ReadModels) -> None:
    models.apply("sessions", [put(FIRST)], expected=0, position=5)
    models.apply("consents", [Put("consent_rows", {"consent_id": FIRST}, {})], expected=0, position=5)
    models.reset("sessions", ["session_rows"])
    assert models.checkpoint("sessions") == 0
    assert models.rows("session_rows") == []
    assert len(models.rows("consent_rows")) == 1
    assert models.apply("sessions", [put(SECOND)], expected=0, position=1)


def test_of_two_projectors_at_once_exactly_one_applies(models: ReadModels) -> None:
    start, outcomes = Barrier(4), []

    def project(number: int) -> None:
        start.wait()
        outcomes.append(models.apply("sessions", [put(UUID(int=number))], expected=0, position=1))

    threads = [Thread(target=project, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == [False, False, False, True]
    assert len(models.rows("session_rows")) == 1


def test_a_department_exists_once_added_however_often(departments: Departments) -> None:
    assert not departments.exists("icu")
    departments.add("icu")
    departments.add("icu")
    assert departments.exists("icu")
    assert departments.names() == ["icu"]


def test_departments_come_sorted(departments: Departments) -> None:
    for name in ("b", "a", "Z", "é"):
        departments.add(name)
    assert departments.names() == ["Z", "a", "b", "é"]


@pytest.mark.database
def test_the_tables_have_exactly_the_listed_columns(dsn: str) -> None:
    with closing(Database(dsn)) as database, database.connection() as connection:
        rows = connection.execute(
            "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS columns "
            "FROM information_schema.columns WHERE table_schema = 'public' AND table_name LIKE '%\\_rows' "
            "GROUP BY table_name"
        ).fetchall()
    assert {row["table_name"]: tuple(row["columns"]) for row in rows} == READ_MODEL_TABLES
