"""What a witness keeps: checkpoints of one log, in one file that only grows."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from adapters.anchors.pinned import PinnedKey
from application.signed_documents import CHECKPOINT, WITNESS_RECEIPT, canonical, opened, signed
from domain.errors import (
    ConfigurationError,
    InProgressError,
    InvalidInputError,
    UnavailableError,
    WitnessConflictError,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from application.ports.notary import Notary

BOOK: Final = "checkpoints.jsonl"
PINNED: Final = "log-key.json"
MOST_ENTRIES: Final = 1_000_000
MOST_BYTES: Final = 64 * 1024
"""Of one checkpoint."""


@dataclass(slots=True)
class Newest:
    """The newest checkpoint of a book: size and root (hex) of the log, and its receipt."""

    size: int
    root: str
    receipt: dict[str, Any] = field(repr=False)


class WitnessBook:
    """Takes checkpoints signed by one key, never one that is smaller or says otherwise. One process, any thread."""

    def __init__(self, folder: Path, notary: Notary) -> None:
        """Open the book in that folder; ``notary`` signs receipts.

        Raises ``ConfigurationError`` for a book that somebody changed or whose log has no pinned key,
        ``InProgressError`` where another process has it open.
        """
        self._path = folder / BOOK
        self._notary = notary
        self._log_key = PinnedKey.read(folder / PINNED, str(folder / PINNED))
        self._lock = Lock()
        self._known: dict[str, int] = {}
        self._file = self._path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InProgressError("another process has this witness's book open") from None
        self.newest: Newest | None = None
        try:
            self._path.chmod(0o600)
            self._read()
        except BaseException:
            self._file.close()
            raise

    @property
    def log_key_id(self) -> str:
        """The key whose checkpoints are taken."""
        return self._log_key.key_id

    @staticmethod
    def pin(folder: Path, key: PinnedKey) -> None:
        """Remember whose checkpoints are taken, once and for good. Raises ``ConfigurationError`` for another key."""
        path = folder / PINNED
        if path.exists():
            if PinnedKey.read(path, str(path)).key_id != key.key_id:
                raise ConfigurationError("this witness's folder belongs to another log: take a new folder")
            return
        path.write_bytes(canonical(dict(key.public_jwk)))

    def take(self, checkpoint: bytes, *, at: datetime) -> tuple[dict[str, Any], bool]:
        """Keep a checkpoint; return its receipt, and whether it is new. The same one again gets the same receipt.

        Raises ``InvalidInputError`` for what the log's key did not sign, ``WitnessConflictError`` for one that is
        smaller than what is known, or has another root at the same size, ``UnavailableError`` for a full book or disk.
        """
        size, root = _facts(self._log_key, checkpoint)
        name = hashlib.sha256(checkpoint).hexdigest()
        with self._lock:
            if name in self._known:
                return self._receipt_at(self._known[name]), False
            if self.newest is not None and (
                size < self.newest.size or (size == self.newest.size and root != self.newest.root)
            ):
                raise WitnessConflictError(
                    "this checkpoint contradicts one that is known: the log was cut or made anew"
                )
            if len(self._known) >= MOST_ENTRIES:
                raise UnavailableError("this witness's book is full")
            facts = {"sha256": name, "size": size, "root": root, "at": at.isoformat(), "log_key": self.log_key_id}
            receipt = signed(self._notary, WITNESS_RECEIPT, facts)
            self._append({"checkpoint": checkpoint.decode(), "receipt": receipt}, name)
            self.newest = Newest(size, root, receipt)
        return receipt, True

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def _append(self, entry: dict[str, Any], name: str) -> None:
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(canonical(entry) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(end)
            raise UnavailableError("this witness cannot write its book") from None
        self._known[name] = end

    def _receipt_at(self, offset: int) -> dict[str, Any]:
        with self._path.open("rb") as file:
            file.seek(offset)
            receipt: dict[str, Any] = json.loads(file.readline())["receipt"]
        return receipt

    def _read(self) -> None:
        """Read all of it. A last line that was cut off was never answered and goes; whatever else is wrong stops."""
        offset = 0
        self._file.seek(0)
        for line in iter(self._file.readline, b""):
            if not line.endswith(b"\n"):
                self._file.truncate(offset)
                break
            try:
                entry = json.loads(line)
                facts = opened(self._notary, WITNESS_RECEIPT, entry["receipt"])
                size, root = _facts(self._log_key, entry["checkpoint"].encode())
                sound = facts["sha256"] == hashlib.sha256(entry["checkpoint"].encode()).hexdigest()
                sound = sound and (self.newest is None or size >= self.newest.size)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidInputError):
                sound = False
            if not sound:
                raise ConfigurationError(f"{self._path} was changed at byte {offset}: restore it")
            self._known[facts["sha256"]] = offset
            self.newest = Newest(size, root, entry["receipt"])
            offset += len(line)


def _facts(key: PinnedKey, checkpoint: bytes) -> tuple[int, str]:
    """Return size and root of a checkpoint that this key signed. Raises ``InvalidInputError``."""
    try:
        envelope = json.loads(checkpoint.decode())
    except (ValueError, RecursionError):
        raise InvalidInputError("a checkpoint is a JSON document") from None
    document = opened(key, CHECKPOINT, envelope if isinstance(envelope, dict) else {})
    size, root = document.get("size"), document.get("root")
    if type(size) is not int or size < 0 or not isinstance(root, str) or not root:
        raise InvalidInputError("a checkpoint has a size and a root")
    return size, root
