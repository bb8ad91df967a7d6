"""An export as files of a folder: written beside, flushed, renamed; resumable wherever it was cut off.

What lies in the folder under its name is whole. The state, which is signed and replaced after every file, says which
of them count; a file that it does not name is written again, with the same bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from application.exporting.job import Job, Part
from application.signed_documents import canonical
from domain.errors import ExportError, InProgressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from application.exporting.records import Record
    from application.ports.export_format import ExportFormat
    from application.services import Services

STATE: Final = "export-state.json"
MANIFEST: Final = "manifest.json"
PARTIAL: Final = ".partial"
PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600
AGAIN: Final = "make room or choose another place; what is written is kept: run it again with --resume"


class ExportFolder:
    """Where an export lies. Readable by its owner only. One process at a time: ``InProgressError`` else."""

    def __init__(self, path: Path, services: Services) -> None:
        """Nothing is touched yet."""
        self._path = path
        self._services = services

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder where it is missing, and keep other processes out of it. Raises ``ExportError``."""
        with _refusals(self._path):
            self._path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InProgressError(f"another export writes to {self._path} right now") from None
            yield
        finally:
            os.close(descriptor)

    def begin(self, job: Job) -> None:
        """Begin there, in an empty folder. Raises ``ExportError``."""
        with _refusals(self._path):
            if any(self._path.iterdir()):
                raise ExportError(f"{self._path} is not empty: choose a new folder, or --resume what was cut off there")
            self._put(STATE, job.state(self._services))

    def unfinished(self) -> Job:
        """Return the job that was cut off there, its files read again. Raises ``ExportError``."""
        with _refusals(self._path):
            try:
                content = (self._path / STATE).read_bytes()
            except FileNotFoundError:
                done = (self._path / MANIFEST).exists()
                why = "is finished: its manifest is there" if done else "holds no export"
                raise ExportError(f"{self._path} {why}, so there is nothing to resume") from None
            try:
                envelope = json.loads(content)
            except (ValueError, RecursionError):
                envelope = {}
            job = Job.resumed(self._services, envelope if isinstance(envelope, dict) else {})
            for part in job.parts:
                if _digest(self._path / part.name) != part.sha256:
                    raise ExportError(f"{self._path / part.name} was changed since: export anew into an empty folder")
        return job

    def write(self, job: Job, records: Iterable[Record], form: ExportFormat) -> Job:
        """Write all records, from ``job.after`` on; return the finished job. Raises ``ExportError``.

        Never more than one record in memory.
        """
        with _refusals(self._path):
            left = iter(records)
            following = next(left, None)
            while following is not None:
                part, following = self._write_part(job, following, left, form)
                job = job.with_part(part)
                self._put(STATE, job.state(self._services))
            self._put(MANIFEST, job.manifest(self._services))
            (self._path / STATE).unlink()
            for leftover in self._path.glob(f"*{PARTIAL}"):
                leftover.unlink()
            self._flush()
        return job

    def _write_part(
        self,
        job: Job,
        record: Record,
        left: Iterator[Record],
        form: ExportFormat,
    ) -> tuple[Part, Record | None]:
        number = len(job.parts) + 1
        path = self._path / f"part-{number:05d}{form.suffix}"
        first, events, following = record.event.position, 0, None
        with _beside(path) as file:
            tally = _Tally(file)
            tally.write(form.head(number))
            current: Record | None = record
            while current is not None:
                tally.write(form.record(current, first=events == 0))
                events, last = events + 1, current.event.position
                current = next(left, None)
                if current is not None and (events >= job.most_events or tally.size >= job.most_bytes):
                    following, current = current, None
            tally.write(form.tail())
        self._flush()
        return Part(path.name, tally.digest.hexdigest(), tally.size, events, first, last), following

    def _put(self, name: str, document: dict[str, Any]) -> None:
        with _beside(self._path / name) as file:
            file.write(canonical(document) + b"\n")
        self._flush()

    def _flush(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Tally:
    """A file that knows what went into it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, content: bytes) -> None:
        self._file.write(content)
        self.digest.update(content)
        self.size += len(content)


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name when the block ends well, on disk by then; else not at all."""
    beside = path.with_name(path.name + PARTIAL)
    # Never into a file that is there: it could be somebody else's, who reads along.
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 18) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or type(error).__name__}; {AGAIN}") from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
