"""Migrations: once, in order, from any number of processes, never backwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from adapters.postgres.migrate import MIGRATIONS_FOLDER, load, migrate
from domain.errors import ConfigurationError, UnavailableError

pytestmark = pytest.mark.database

REPOSITORY = Path(__file__).parents[2]
MIGRATE = "import sys; from adapters.postgres.migrate import migrate; print(migrate(sys.argv[1]))"


def execute(dsn: str, command: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(command.encode())
        return cursor.fetchall() if cursor.description else []


def test_the_first_run_applies_everything_and_the_second_nothing(empty_dsn: str) -> None:
    assert migrate(empty_dsn) == len(load(MIGRATIONS_FOLDER))
    assert migrate(empty_dsn) == 0


def test_every_applied_migration_is_recorded_with_its_hash(empty_dsn: str) -> None:
    migrate(empty_dsn)
    rows = execute(empty_dsn, "SELECT version, sha256 FROM schema_migrations ORDER BY version")
    assert rows == [(m.version, m.sha256) for m in load(MIGRATIONS_FOLDER)]


def test_several_processes_at_once_apply_each_migration_once(empty_dsn: str) -> None:
    command = [sys.executable, "-c", MIGRATE, empty_dsn]
    running = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(3)]  # noqa: S603 - our own interpreter
    counts = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sorted(counts) == [0, 0, len(load(MIGRATIONS_FOLDER))]


def test_a_database_newer_than_the_code_is_refused(dsn: str) -> None:
    execute(dsn, "INSERT INTO schema_migrations (version, sha256) VALUES (999, 'from the future')")
    with pytest.raises(ConfigurationError, match="999"):
        migrate(dsn)


def test_an_applied_migration_that_was_edited_is_refused(dsn: str) -> None:
    execute(dsn, "UPDATE schema_migrations SET sha256 = 'other' WHERE version = 1")
    with pytest.raises(ConfigurationError, match="migration 1 was changed"):
        migrate(dsn)


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE good (id int);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half (id int); SELECT no_such_function();")
    with pytest.raises(psycopg.ProgrammingError):
        migrate(empty_dsn, tmp_path)
    assert execute(empty_dsn, "SELECT version FROM schema_migrations") == [(1,)]
    assert execute(empty_dsn, "SELECT to_regclass('half')") == [(None,)]


def test_a_gap_in_the_numbers_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "0002_late.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="gap"):
        load(tmp_path)


def test_a_role_that_may_not_create_tables_is_told_so(empty_dsn: str) -> None:
    execute(empty_dsn, "DROP ROLE IF EXISTS powerless")
    execute(empty_dsn, "CREATE ROLE powerless LOGIN")
    with pytest.raises(ConfigurationError, match="CREATE"):
        migrate(psycopg.conninfo.make_conninfo(empty_dsn, user="powerless"))


def test_a_string_that_is_no_connection_string_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        migrate("not a dsn hunter2")
    assert "hunter2" not in str(refusal.value)


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        migrate(f"host={tmp_path} dbname=none user=nobody")


@pytest.mark.parametrize(
    "command", ["UPDATE stored_events SET topic = 'x'", "DELETE FROM stored_events", "TRUNCATE stored_events"]
)
def test_the_database_refuses_to_change_history(dsn: str, command: str) -> None:
    insert = "INSERT INTO stored_events VALUES (gen_random_uuid(), 1, 'a', 'b')"
    execute(dsn, insert)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        execute(dsn, command)
    assert execute(dsn, "SELECT topic FROM stored_events") == [("a",)]


def test_replica_mode_is_no_way_around_it(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("DELETE FROM stored_events")


FAMILIAR = {
    "face_enrollments": """user_id username display_name department face_template confidence_threshold active
        created_at updated_at enrolled_by consent_timestamp""",
    "face_auth_logs": """log_id user_id department success confidence timestamp ip_address failure_reason
        liveness_score spoofing_score""",
    "face_auth_sessions": """session_id user_id department status started_at completed_at frames_processed
        best_confidence""",
    "biometric_consent": """consent_id user_id consent_type consent_given consent_timestamp consent_withdrawn_at
        legal_basis purpose_description data_retention_period""",
    "face_template_history": """history_id user_id old_template new_template rotation_reason rotated_at rotated_by""",
}


def test_the_familiar_views_have_the_familiar_columns(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        for view, columns in FAMILIAR.items():
            found = connection.execute(SQL("SELECT * FROM {}").format(Identifier(view))).description or []
            wanted = columns.split()
            assert [column.name for column in found][: len(wanted)] == wanted


def test_a_familiar_view_tells_the_story(dsn: str) -> None:
    execute(
        dsn,
        "INSERT INTO auth_log_rows (attempt_id, department, success, reason, pad_decision) "
        "VALUES (gen_random_uuid(), 'icu', false, 'below_threshold', 0.25)",
    )
    rows = execute(dsn, "SELECT department, success, failure_reason, spoofing_score FROM face_auth_logs")
    assert rows == [("icu", False, "below_threshold", 0.75)]
