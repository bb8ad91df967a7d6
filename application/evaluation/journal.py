"""What an evaluation has finished so far, so that one that was cut off goes on where it was.

One JSON line per unit of work. Lines hold scores, reason codes and times, never a picture, a landmark or an embedding
(no biometric data at rest), and units go by a digest, so that no name is in them. A journal belongs to one kind of
evaluation, one set of models and one set of data; when the evaluation is complete, the file is removed: a second run
measures again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import threading
from typing import TYPE_CHECKING, Any, Final, Self

from domain.errors import InProgressError, InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
FOLDER: Final = "evaluations"
"""Where journals lie, under the state directory."""


def digest_of(parts: Iterable[str | bytes]) -> str:
    """Return the SHA-256 (64 hex digits) of these parts, each framed by its length: no two lists share one by shift."""
    total = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total.update(len(raw).to_bytes(8, "big") + raw)
    return total.hexdigest()


def digest_of_files(files: Iterable[tuple[str, Path]]) -> str:
    """Return one SHA-256 over names and contents, in the order of the names. Raises ``InvalidInputError``."""
    parts: list[str] = []
    for name, path in sorted(files):
        try:
            with path.open("rb") as stream:
                parts += [name, hashlib.file_digest(stream, "sha256").hexdigest()]
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
    return digest_of(parts)


class Journal:
    """The finished units of one evaluation. Safe from several threads; one process at a time."""

    def __init__(self, folder: Path, *, kind: str, model: str, data: str) -> None:
        """Open or begin the journal of that kind of evaluation, models and data (a digest) in ``folder``.

        ``model`` names everything that decides a score: models, their versions, the version of the program. Raises
        ``InProgressError`` while another process holds it, ``InvalidInputError`` where the folder cannot be used.
        """
        self._key = digest_of((kind, model, data)).encode()
        self._lock = threading.Lock()
        self.path = folder / f"{kind}-{self._key.decode()[:16]}.jsonl"
        self._descriptor = _opened(self.path)
        self._done = self._read()

    @property
    def resumed(self) -> int:
        """How many units an earlier run left finished."""
        return len(self._done)

    def result(self, unit: str) -> Any | None:
        """Return what was recorded for that unit, None where it is not finished."""
        with self._lock:
            return self._done.get(self._digest(unit))

    def record(self, unit: str, result: Mapping[str, Any]) -> None:
        """Keep the result of a finished unit: anything that JSON holds, never None. It outlives this process.

        Raises ``UnavailableError`` where the file takes no more.
        """
        name = self._digest(unit)
        line = json.dumps({"unit": name, "result": result}, allow_nan=False, separators=(",", ":")) + "\n"
        with self._lock:
            try:
                os.write(self._descriptor, line.encode())
            except OSError as error:
                raise UnavailableError(f"{self.path} takes no more: {error.strerror}") from None
            self._done[name] = json.loads(line)["result"]

    def finish(self) -> None:
        """Remove the file: the evaluation is complete."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; what it holds stays for the next run."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish where the block ended well, and close."""
        if kind is None:
            self.finish()
        self.close()

    def _digest(self, unit: str) -> str:
        return hmac.new(self._key, unit.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]

    def _read(self) -> dict[str, Any]:
        """Return the whole lines of the file and cut off everything from the first damaged one on."""
        done: dict[str, Any] = {}
        good = 0
        with open(os.dup(self._descriptor), "rb") as stream:  # noqa: PTH123 - an open descriptor has no path
            for line in stream:
                if (entry := _entry(line)) is None:
                    break
                done[entry[0]] = entry[1]
                good += len(line)
        os.ftruncate(self._descriptor, good)
        return done


def _entry(line: bytes) -> tuple[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    with contextlib.suppress(ValueError, RecursionError):
        entry = json.loads(line)
        if isinstance(entry, dict) and isinstance(entry.get("unit"), str) and entry.get("result") is not None:
            return entry["unit"], entry["result"]
    return None


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, PRIVATE_FILE)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise InProgressError("the same evaluation is running already: wait for it, or stop it") from None
    return descriptor
