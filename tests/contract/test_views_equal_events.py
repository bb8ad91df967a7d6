"""Every live view is what events make of it, row for row; whatever was edited by hand is found, named and rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from psycopg.sql import SQL, Identifier

from adapters.read_model_tables import READ_MODEL_TABLES
from application.as_of import VIEWS, differences, rows_at
from application.projections.rows import PROJECTIONS
from application.services import Services
from application.view_integrity import Deviation, check_views
from domain.errors import NotFoundError
from tests.house import House, build_house
from tests.on_postgres import on_postgres
from tests.unit.application.test_projecting import live

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def house() -> House:
    return live(build_house())


@pytest.fixture
def services(house: House, request: pytest.FixtureRequest) -> Services:
    services = on_postgres(house, request.getfixturevalue("database"))
    services.projector.catch_up()
    return services


@pytest.fixture
def edit(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Edits the database by hand."""

    def edit(query: Any, *values: Any) -> None:
        with request.getfixturevalue("database").transaction() as connection:
            connection.execute(query, values)

    return edit


def test_a_rebuild_of_every_view_equals_the_live_views_row_for_row(services: Services) -> None:
    assert all(services.read_models.rows(table) for table in READ_MODEL_TABLES), "the story was to fill every table"
    heard: list[tuple[int, int]] = []

    assert check_views(services, lambda done, of: heard.append((done, of))) == []
    assert heard[-1] == (services.store.position(), services.store.position())


def test_a_projection_reads_no_more_than_it_says(services: Services) -> None:
    for projection in PROJECTIONS:
        outside = [
            e for e in services.store.read(0, 10_000) if projection.reads and e.aggregate not in projection.reads
        ]
        assert not [event.name for event in outside if projection.changes(event)]


@pytest.mark.parametrize("table", sorted(READ_MODEL_TABLES))
def test_a_row_that_was_taken_away_is_missing_and_one_put_there_is_extra(
    services: Services, edit: Callable[..., None], table: str
) -> None:
    key = READ_MODEL_TABLES[table][0]
    first = services.read_models.rows(table)[0][key]
    edit(SQL("DELETE FROM {} WHERE {} = %s").format(Identifier(table), Identifier(key)), first)
    stranger = "00000000-0000-4000-8000-00000000ffff" if table != "event_index_rows" else "99999"
    edit(SQL("INSERT INTO {} ({}) VALUES (%s)").format(Identifier(table), Identifier(key)), stranger)

    found = {(each.kind, each.table, each.key) for each in check_views(services)}

    assert found == {("missing", table, str(first)), ("extra", table, stranger)}


def test_an_edited_column_is_named_and_a_rebuild_repairs_it(services: Services, edit: Callable[..., None]) -> None:
    (row,) = [row for row in services.read_models.rows("auth_log_rows") if row["code"] == "presentation_attack"]
    edit("UPDATE auth_log_rows SET success = true, similarity = 0.9 WHERE attempt_id = %s", row["attempt_id"])

    found = check_views(services)

    key = str(row["attempt_id"])
    assert found == [Deviation("face_auth_logs", "auth_log_rows", key, "different", ("success", "similarity"))]
    assert found[0].document()["repair"] == "faceauth projections rebuild face_auth_logs"
    services.projector.rebuild("face_auth_logs")
    assert check_views(services) == []


def test_an_edited_line_of_the_index_is_found(services: Services, edit: Callable[..., None]) -> None:
    edit("UPDATE event_index_rows SET department = 'elsewhere' WHERE position = 7")

    assert check_views(services, names=["event_index"]) == [
        Deviation("event_index", "event_index_rows", "7", "different", ("department",))
    ]


def test_a_checkpoint_that_was_moved_shows_as_missing_rows(services: Services, edit: Callable[..., None]) -> None:
    services.read_models.reset("devices", ["device_rows"])
    edit("UPDATE projection_checkpoints SET position = %s WHERE name = 'devices'", services.store.position())

    assert {(each.view, each.kind) for each in check_views(services)} == {("devices", "missing")}


def test_an_unknown_projection_cannot_be_checked(services: Services) -> None:
    with pytest.raises(NotFoundError, match="face_auth_logs"):
        check_views(services, names=["typo"])


def test_a_view_behind_the_store_is_checked_where_it_stands(services: Services, house: House) -> None:
    damage_free = services.store.position()
    services.read_models.reset("devices", ["device_rows"])

    assert services.read_models.checkpoint("devices") < damage_free
    assert check_views(services, names=["devices"]) == []
    assert house.store.position() == damage_free


def test_views_as_of_now_are_the_live_views(services: Services) -> None:
    for view in VIEWS.values():
        made = list(rows_at(services, view, services.store.position()))
        live_rows = [row for table in view.tables for row in services.read_models.rows(table)]
        assert [str(next(iter(row.values()))) for row in made] == [str(next(iter(row.values()))) for row in live_rows]


def test_from_nothing_to_now_every_row_was_added(services: Services) -> None:
    for view in VIEWS.values():
        found = list(differences(services, view, 0, services.store.position()))
        assert {each.kind for each in found} == {"added"}
        assert len(found) == sum(len(services.read_models.rows(table)) for table in view.tables)
        assert list(differences(services, view, services.store.position(), services.store.position())) == []
