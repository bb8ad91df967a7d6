"""What must be there before anything is wired: the state directory, the database, the key ring that belongs to it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from adapters.crypto.key_ring import KeyRing
from adapters.postgres.database import Database
from adapters.postgres.deployment import claim_ring, knows_a_ring, note_refusal
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import migrate
from adapters.postgres.roles import as_service, let_serve
from domain.errors import ConfigurationError, KeyRingError
from entrypoints.key_providers import provider_factory
from entrypoints.settings import Settings


def prepare_home(home: Path) -> None:
    """Make the state directory, and whatever this process creates from now on its owner's alone.

    Run by root, the directory lets others pass (not list): the embedded PostgreSQL lives in it under a user of its own.
    """
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        os.umask(0o077)
        if not home.exists():
            home.mkdir(exist_ok=True)
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise ConfigurationError(f"FACEAUTH_HOME {home} cannot be made ({error.strerror}): name another") from error
    if not home.is_dir():
        raise ConfigurationError(f"FACEAUTH_HOME {home} is not a directory: name another")


def ring_path(settings: Settings) -> Path:
    """Return where the key ring lives."""
    return settings.keys_dir / "ring.json"


@dataclass(frozen=True, slots=True)
class Opened:
    """The way to the database: as the service, and as the owner of its tables where that is somebody else we know."""

    dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    postgres: EmbeddedPostgres | None


def open_database(settings: Settings, stack: contextlib.ExitStack) -> Opened:
    """Bring the settings' database to this code's schema; where it is our own, start it first.

    Raises what ``migrate`` and ``let_serve`` raise.
    """
    if settings.database_url is None:
        postgres = EmbeddedPostgres(settings.home)
        stack.callback(postgres.close)
        owner = postgres.start()
        opened = Opened(as_service(owner), owner, postgres)
    else:
        opened = Opened(settings.database_url, settings.owner_database_url or settings.database_url, None)
    migrate(opened.owner_dsn)
    if opened.dsn != opened.owner_dsn:
        let_serve(opened.owner_dsn, opened.dsn, create=opened.postgres is not None)
    return opened


def open_ring(settings: Settings, database: Database) -> KeyRing:
    """Open the ring that belongs to the database; never make a new one beside data that another one sealed."""
    make_provider = provider_factory(settings)
    try:
        ring = KeyRing.open(ring_path(settings), create=not knows_a_ring(database), make_provider=make_provider)
        claim_ring(database, ring.fingerprint, ring.document.generation)
    except KeyRingError as error:
        note_refusal(database, error.code)
        raise type(error)(f"{error} ({ring_path(settings)})") from error
    return ring
