"""Promise 9: the role that serves appends to history, and has no way to change it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres.database import Database
from adapters.postgres.roles import SERVICE_ROLE, as_service, changes_history, let_serve
from domain.errors import ConfigurationError
from entrypoints.bootstrap import bootstrap
from entrypoints.examination import examine
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ATTACKS = {
    "update": "UPDATE stored_events SET state = '\\x00'",
    "delete": "DELETE FROM stored_events",
    "truncate": "TRUNCATE stored_events",
    "merge": "MERGE INTO stored_events AS e USING stored_events AS o ON false WHEN MATCHED THEN DELETE",
    "upsert": "INSERT INTO stored_events SELECT * FROM stored_events ON CONFLICT (originator_id, originator_version) "
    "DO UPDATE SET topic = 'x'",
    "no trigger": "ALTER TABLE stored_events DISABLE TRIGGER ALL",
    "drop trigger": "DROP TRIGGER stored_events_append_only ON stored_events",
    "own trigger": "CREATE TRIGGER mine BEFORE INSERT ON stored_events EXECUTE FUNCTION refuse_change_of_history()",
    "rule": "CREATE RULE mine AS ON INSERT TO stored_events DO INSTEAD NOTHING",
    "other function": "CREATE OR REPLACE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RETURN NULL; END'",
    "other lock": "CREATE OR REPLACE FUNCTION lock_stored_events() RETURNS void LANGUAGE sql AS ''",
    "replica": "SET session_replication_role = replica",
    "owner": "ALTER TABLE stored_events OWNER TO CURRENT_USER",
    "become owner": "SET ROLE faceauth",
    "drop": "DROP TABLE stored_events CASCADE",
    "rename": "ALTER TABLE stored_events RENAME TO old",
    "new table": "CREATE TABLE mine (id int)",
    "sequence": "SELECT setval('stored_events_notification_id_seq', 1)",
    "ledger": "DELETE FROM schema_migrations",
}


@pytest.fixture
def served(dsn: str) -> Iterator[str]:
    let_serve(dsn, as_service(dsn), create=True)
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (%s, 1, 't', '\\x01')",
            (uuid4(),),
        )
    yield as_service(dsn)
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(f"DROP OWNED BY {SERVICE_ROLE}".encode())


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_the_serving_role_cannot_change_history(served: str, attack: str) -> None:
    with psycopg.connect(served, autocommit=True) as service:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(attack.encode())
        assert service.execute("SELECT count(*), max(topic) FROM stored_events").fetchone() == (1, "t")


@pytest.mark.usefixtures("served")
def test_what_is_append_only_is_so_by_its_trigger_and_everything_else_can_be_worked_with(dsn: str) -> None:
    with psycopg.connect(dsn) as owner:
        tables = owner.execute(
            "SELECT relname, has_table_privilege(%(r)s, oid, 'UPDATE'), has_table_privilege(%(r)s, oid, 'SELECT'), "
            "EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = c.oid AND tgname LIKE '%%append_only') "
            "FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
            {"r": SERVICE_ROLE},
        ).fetchall()
    append_only = {name for name, _, _, guarded in tables if guarded}
    assert "stored_events" in append_only
    for name, updates, reads, guarded in tables:
        assert reads, name
        assert updates is not (guarded or name == "schema_migrations"), name


def test_the_standing_of_a_role_is_told(served: str, dsn: str) -> None:
    with closing(Database(served)) as service, closing(Database(dsn)) as owner:
        assert not changes_history(service)
        assert changes_history(owner)


def test_a_role_that_is_the_owner_or_one_of_its_members_does_not_serve(dsn: str) -> None:
    name = f"member_{uuid4().hex[:8]}"
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN IN ROLE faceauth".encode())
        try:
            with pytest.raises(ConfigurationError, match="could change history"):
                let_serve(dsn, make_conninfo(dsn, user=name), create=False)
        finally:
            owner.execute(f"DROP OWNED BY {name}".encode())
            owner.execute(f"DROP ROLE {name}".encode())


@pytest.mark.parametrize(
    "given",
    [
        "ALTER ROLE {} CREATEROLE",
        "GRANT pg_write_all_data TO {}",
        "GRANT pg_execute_server_program TO {}",
        "ALTER ROLE {0} NOINHERIT; GRANT pg_write_server_files TO {0}",
    ],
    ids=["grants itself roles", "writes all data", "runs programs", "writes files"],
)
def test_a_role_that_could_get_at_history_by_a_detour_does_not_serve(dsn: str, given: str) -> None:
    name = f"detour_{uuid4().hex[:8]}"
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN".encode())
        owner.execute(given.format(name).encode())
        try:
            with pytest.raises(ConfigurationError, match="could change history"):
                let_serve(dsn, make_conninfo(dsn, user=name), create=False)
        finally:
            owner.execute(f"DROP OWNED BY {name}".encode())
            owner.execute(f"DROP ROLE {name}".encode())


def test_a_right_over_one_column_of_history_is_found_and_taken_away(served: str, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(f"GRANT UPDATE (state) ON stored_events TO {SERVICE_ROLE}".encode())
    with closing(Database(served)) as service:
        assert changes_history(service)
        let_serve(dsn, served, create=False)
        assert not changes_history(service)


def test_a_role_that_is_not_there_is_named_as_the_fault(dsn: str) -> None:
    with pytest.raises(ConfigurationError, match="CREATE ROLE"):
        let_serve(dsn, make_conninfo(dsn, user="nobody_at_all"), create=False)


def test_a_role_with_rights_of_before_loses_them(served: str, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(f"GRANT DELETE ON stored_events TO {SERVICE_ROLE}".encode())
    let_serve(dsn, served, create=False)
    with closing(Database(served)) as service:
        assert not changes_history(service)


def test_a_hospital_serves_with_one_role_and_migrates_with_another(empty_dsn: str, tmp_path: Path) -> None:
    role = f"hospital_{uuid4().hex[:8]}"
    service_dsn = make_conninfo(empty_dsn, user=role)
    with psycopg.connect(empty_dsn, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN".encode())
    try:
        both = _settings(tmp_path, service_dsn, owner_database_url=empty_dsn, departments=("icu",))
        with bootstrap(both, vision=False) as app:
            app.services.projector.catch_up()
            assert app.services.departments.names() == ["icu"]
        # The owner's credentials need not be on the machine that serves.
        alone = _settings(tmp_path, service_dsn)
        with bootstrap(alone, vision=False) as app:
            assert app.services.store.position() >= 0
        states = {finding.name: finding.state for finding in examine(alone)}
        assert states["history"] == "ok"
        states = {finding.name: finding.state for finding in examine(_settings(tmp_path, empty_dsn))}
        assert states["history"] == "warning"
    finally:
        with psycopg.connect(empty_dsn, autocommit=True) as owner:
            owner.execute(f"DROP OWNED BY {role}".encode())
            owner.execute(f"DROP ROLE {role}".encode())


def _settings(home: Path, dsn: str, **more: object) -> Settings:
    return Settings(home=home).model_copy(update={"database_url": dsn, **more})
