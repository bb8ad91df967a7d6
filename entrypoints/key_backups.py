"""Key backups: key ring, signing keys, wrapped data keys and the erasure ledger, sealed to the escrow key.

Whoever holds the private escrow key and such a file can read everybody in it, the erased included, until its time is
over: that is why they are files of their own, kept at most so many days (the horizon of an erasure certificate).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.crypto.escrow import (
    load_private,
    load_public,
    open_key_backup,
    read_key_backup_header,
    write_key_backup,
)
from adapters.crypto.key_files import create_once, folder_lock, system_refusals
from adapters.crypto.key_ring import KeyRing
from adapters.postgres.deployment import RING, RING_GENERATION, forget, lower_generation, read, write
from adapters.postgres.key_rows import put_key_rows, read_key_rows
from application.journal import record, refusals_recorded
from application.rekey import KEYS_MUTEX
from domain.errors import (
    BackupDamagedError,
    BackupForeignError,
    ConfigurationError,
    FaceauthError,
    KeyRingOutdatedError,
)
from entrypoints.key_providers import provider_factory

if TYPE_CHECKING:
    from adapters.postgres.database import Database
    from application.services import Services
    from domain.act import Act
    from entrypoints.app import App
    from entrypoints.settings import Settings

SUFFIX: Final = ".faceauth-keys"
NOTARY: Final = "notary.json"
"""Not in key backups from before there was one: it is made anew then."""
FILES: Final = ("ring.json", "signing.json", NOTARY)
_ROWS: Final = ("data_keys", "ledger")
RESTORING_KEYS: Final = "restoring_keys"
"""What the deployment remembers of a restore of keys until it is complete: the digest of the ring."""


@dataclass(frozen=True, slots=True)
class KeyBackup:
    """A key backup: what it says of itself. ``keep_until`` is when it has to be gone."""

    path: Path
    created_at: datetime
    keep_until: datetime
    generation: int
    ring: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "file": str(self.path),
            "created_at": self.created_at.isoformat(),
            "keep_until": self.keep_until.isoformat(),
            "generation": self.generation,
        }


def create(app: App, path: Path | None = None, *, act: Act) -> KeyBackup:
    """Back up all keys, sealed to the escrow key of the settings.

    Raises ``ConfigurationError`` without one, ``InProgressError`` while keys are being rotated, ``UnavailableError``.
    """
    with refusals_recorded(app.services, "key_backup.created", act=act):
        if app.settings.escrow_key is None:
            raise ConfigurationError(
                "no escrow key: make a pair with 'faceauth backup escrow', set FACEAUTH_ESCROW_KEY to its public half"
            )
        public = load_public(app.settings.escrow_key)
        path = path or app.settings.backups_dir / f"keys-{act.at:%Y%m%d-%H%M%S}-{act.correlation_id.hex[:6]}{SUFFIX}"
        folder = app.settings.keys_dir
        with app.services.store.mutex(KEYS_MUTEX, wait=False), system_refusals(folder), folder_lock(folder):
            rows = read_key_rows(app.database)
            raw = {name: (folder / name).read_bytes() for name in FILES}
        files = {name: base64.b64encode(content).decode() for name, content in raw.items()}
        header = {
            "created_at": act.at.isoformat(),
            "keep_until": (act.at + app.services.policies.retention.key_backups).isoformat(),
            "generation": json.loads(raw[FILES[0]])["generation"],
            "ring": app.ring.fingerprint,
        }
        write_key_backup(path, public, header, json.dumps({"files": files, **rows}).encode())
    record(app.services, "key_backup.created", act=act, facts={key: str(value) for key, value in header.items()})
    return describe(path)


def describe(path: Path) -> KeyBackup:
    """Return what a key backup says of itself, unproven. Raises ``BackupDamagedError``, ``ConfigurationError``."""
    header = read_key_backup_header(path)
    try:
        return KeyBackup(
            path,
            datetime.fromisoformat(header["created_at"]),
            datetime.fromisoformat(header["keep_until"]),
            int(header["generation"]),
            str(header["ring"]),
        )
    except (KeyError, TypeError, ValueError):
        raise BackupDamagedError(f"{path} is damaged: its header cannot be read") from None


def restore(
    settings: Settings,
    database: Database,
    path: Path,
    *,
    escrow_key: Path,
    passphrase: bytes | None,
    now: datetime,
    accept_older: bool = False,
) -> KeyBackup:
    """Put the keys of a backup where there are none; data keys of the erased stay out.

    Raises ``BackupDamagedError``, ``BackupForeignError`` (another deployment or escrow key), ``ConfigurationError``
    (a ring is there, or the backup's time is over) and, unless ``accept_older``, ``KeyRingOutdatedError`` where the
    database has seen a newer ring.
    """
    backup = describe(path)
    content = _content(open_key_backup(path, load_private(escrow_key, passphrase)), path)
    ring_file = settings.keys_dir / FILES[0]
    whole = hashlib.sha256(content["files"][FILES[0]]).hexdigest()
    if ring_file.exists() and not _cut_off(database, ring_file, whole):
        raise ConfigurationError(f"{ring_file} is there already: keys are restored only where there are none")
    if now > backup.keep_until:
        raise ConfigurationError(f"this key backup had to be gone by {backup.keep_until:%Y-%m-%d}: delete it")
    if read(database, RING) not in {None, backup.ring}:
        raise BackupForeignError(f"{path} holds the keys of another deployment than this database's")
    if int(read(database, RING_GENERATION) or 0) > backup.generation and not accept_older:
        raise KeyRingOutdatedError(
            "this database has seen newer keys than the backup holds: restore a newer key backup, or say --accept-older"
        )
    write(database, RESTORING_KEYS, whole)
    with system_refusals(settings.keys_dir), folder_lock(settings.keys_dir):
        for name in [name for name in reversed(FILES) if name in content["files"]]:
            create_once(settings.keys_dir / name, partial(content["files"].__getitem__, name))
    ring = KeyRing.open(ring_file, create=False, make_provider=provider_factory(settings))
    try:
        put_key_rows(database, content, ring.living_keks())
    finally:
        ring.close()
    if accept_older:
        lower_generation(database, backup.generation)
    forget(database, RESTORING_KEYS)
    return backup


def _cut_off(database: Database, ring_file: Path, whole: str) -> bool:
    """Say whether that ring was put there by a restore of the same backup that did not come to its end."""
    return read(database, RESTORING_KEYS) == whole == hashlib.sha256(ring_file.read_bytes()).hexdigest()


def purge(services: Services, settings: Settings, *, act: Act) -> list[Path]:
    """Delete the key backups in the settings' folder whose time is over; return them."""
    gone = []
    # What was cut off while it was written ends in ".part", and may be complete all the same.
    for path in sorted({*settings.backups_dir.glob(f"*{SUFFIX}"), *settings.backups_dir.glob(f"*{SUFFIX}.part")}):
        if act.at > _keep_until(path, services.policies.retention.key_backups):
            path.unlink(missing_ok=True)
            record(services, "key_backup.deleted", act=act, facts={"file": path.name})
            gone.append(path)
    return gone


def _keep_until(path: Path, lifetime: timedelta) -> datetime:
    """Return the earlier of what the file says and what the policy says; by its age where it cannot be read."""
    with suppress(FaceauthError):
        backup = describe(path)
        return min(backup.keep_until, backup.created_at + lifetime)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) + lifetime


def _content(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        document = json.loads(raw)
        files: Mapping[str, str] = document["files"]
        held = [name for name in FILES if name in files or name != NOTARY]
        decoded = {name: base64.b64decode(files[name], validate=True) for name in held}
        return {"files": decoded, **{name: document[name] for name in _ROWS}}
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise BackupDamagedError(f"{path} does not hold what a key backup holds") from None
