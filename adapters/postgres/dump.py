"""The history as pg_dump writes it, and its way back in: one consistent snapshot, one transaction.

A dump holds ``TABLES`` and no others: no wrapped data key, no erasure ledger, nothing that projections make anew.
It is never run as SQL; only rows of these tables are taken from it, through COPY.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow

from adapters.postgres.database import Database, translated
from adapters.postgres.layout import INSTALLATION, PACKAGE
from adapters.postgres.statements import statement
from domain.errors import BackupDamagedError, ConfigurationError, UnavailableError

EVENTS: Final = "stored_events"
TABLES: Final = {
    EVENTS: ("originator_id", "originator_version", "topic", "state", "notification_id"),
    "identity_claims": ("kind", "digest", "subject_id"),
    "departments": ("name", "created_at"),
    "log_leaves": ("index", "position", "hash"),
    "log_nodes": ("level", "index", "hash"),
    "log_tail": ("one", "sealed"),
    "log_checkpoints": ("number", "size", "at", "envelope"),
}
PLACES: Final = {"log_checkpoints": "restored_checkpoints"}
"""Checkpoints are never taken back: those of a backup are added where there are none of their number."""
_PIECE: Final = 1 << 20
_COPY: Final = re.compile(rb'COPY public\.(\w+) \(([\w, "]+)\) FROM stdin;\n')
_END: Final = b"\\.\n"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a dump holds: events up to ``position``, as of ``at``."""

    at: datetime
    position: int
    events: int
    content: Iterable[bytes]


@contextmanager
def dump(database: Database, dsn: str) -> Iterator[Snapshot]:
    """Read the history as it is now while everything goes on; use the content inside the block.

    Raises ``ConfigurationError`` without pg_dump, ``UnavailableError`` where it or the database fails.
    """
    program = _pg_dump()
    with database.dedicated() as connection:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        with translated(), connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            row = connection.execute(statement("history_snapshot")).fetchone()
            if row is None:
                raise UnavailableError("the database gave no snapshot")
            yield Snapshot(row["at"], row["position"], row["events"], _run(program, dsn, row["snapshot"]))


def rows(content: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Return (table, line of COPY's text format) of a dump. Raises ``BackupDamagedError`` for another form."""
    table = ""
    for line in _lines(content):
        if table:
            if line == _END:
                table = ""
            else:
                yield table, line
        elif heading := _COPY.fullmatch(line):
            table = heading[1].decode()
            if tuple(heading[2].decode().replace('"', "").split(", ")) != TABLES.get(table):
                raise BackupDamagedError("the backup is of another version of the database: use the version it names")
    if table:
        raise BackupDamagedError("the backup ends in the middle of a table")


def event_of(line: bytes) -> tuple[int, StoredEvent]:
    """Return (position, sealed event) of a line of the events' table. Raises ``BackupDamagedError``."""
    try:
        originator_id, version, topic, state, position = line.rstrip(b"\n").split(b"\t")
        event = StoredEvent(
            originator_id=UUID(originator_id.decode("ascii")),
            originator_version=int(version),
            topic=topic.decode("ascii"),
            state=bytes.fromhex(state.decode("ascii").removeprefix(r"\\x")),
        )
        return int(position), event
    except ValueError:
        raise BackupDamagedError("the backup holds a row that is no event") from None


def replace_history(database: Database, content: Iterable[bytes], notes: Mapping[str, str]) -> None:
    """Put a dump in the place of the history, whole or not at all, together with ``notes`` on the deployment.

    Positions already given are not given again: the next event comes after every one of before. Raises what ``rows``
    raises, ``UnavailableError`` where the database refuses.
    """
    with database.dedicated() as connection, translated(), connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '30s'")
        connection.execute(statement("history_lock"))
        connection.execute(statement("history_open"))
        connection.execute(statement("history_empty"))
        connection.execute(statement("history_aside"))
        _copy(connection, rows(content))
        connection.execute(statement("history_checkpoints"))
        connection.execute(statement("history_go_on"))
        connection.execute(statement("history_close"))
        for name, value in notes.items():
            connection.execute(statement("deployment_set"), {"name": name, "value": value})


def _copy(connection: Connection[DictRow], found: Iterator[tuple[str, bytes]]) -> None:
    line = next(found, None)
    while line is not None:
        table = line[0]
        query = f"COPY {PLACES.get(table, table)} ({', '.join(TABLES[table])}) FROM STDIN"
        with connection.cursor().copy(query.encode()) as copy:
            while line is not None and line[0] == table:
                copy.write(line[1])
                line = next(found, None)


def _run(program: Path, dsn: str, snapshot: str) -> Iterator[bytes]:
    given = conninfo_to_dict(dsn)
    password = given.pop("password", None)  # never on a command line, which others can read
    command = [
        str(program),
        *("--data-only", "--format=plain", "--no-password", "--encoding=UTF8", f"--snapshot={snapshot}"),
        *(f"--table=public.{table}" for table in TABLES),
        f"--dbname={make_conninfo('', **given)}",
    ]
    process = subprocess.Popen(  # noqa: S603 - the bundled program, our own arguments
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(str(password) if password else None),
    )
    try:
        if process.stdout is None:
            raise UnavailableError("pg_dump gives no output")
        while piece := process.stdout.read(_PIECE):
            yield piece
        if process.wait() != 0:
            raise UnavailableError(f"pg_dump failed ({process.returncode}): is it as new as the server?")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _environment(password: str | None) -> dict[str, str]:
    """Return what libpq may read: what it reads in this process, and nothing of ours."""
    libpq = {name: value for name, value in os.environ.items() if name.startswith("PG") or name == "HOME"}
    return {"PATH": "", "LC_ALL": "C", **libpq, **({"PGPASSWORD": password} if password else {})}


def _pg_dump() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    bundled = Path(spec.origin).parent / INSTALLATION / "bin" / "pg_dump" if spec and spec.origin else None
    if bundled is not None and bundled.exists():
        return bundled
    found = shutil.which("pg_dump")
    if found is None:
        raise ConfigurationError(f"there is no pg_dump: install the package {PACKAGE}, or PostgreSQL's client")
    return Path(found)


def _lines(content: Iterable[bytes]) -> Iterator[bytes]:
    kept = b""
    for piece in content:
        *whole, kept = (kept + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if kept:
        yield kept
