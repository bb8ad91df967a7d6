"""How far a collector has the history: one number in a file of its own."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Final

from domain.errors import ExportError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = "faceauth-stream-checkpoint/1"


class FileCheckpoint:
    """``application.ports.export_sink.Checkpoint``: written beside and renamed, old or new, never half."""

    def __init__(self, path: Path) -> None:
        """Keep it there; the folder is made with the first write."""
        self._path = path

    @classmethod
    def of_target(cls, folder: Path, target: str) -> FileCheckpoint:
        """Return the checkpoint of that collector: each has its own."""
        return cls(folder / f"{hashlib.sha256(target.encode()).hexdigest()[:16]}.json")

    def read(self) -> int:
        """Return the position. See the port."""
        try:
            document = json.loads(self._path.read_bytes())
            position = document["position"]
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError):
            position = None
        if type(position) is not int or position < 0:
            raise ExportError(f"{self._path} cannot be read; delete it to send the history from its beginning again")
        return position

    def write(self, position: int) -> None:
        """Keep the position. See the port."""
        beside = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(json.dumps({"format": FORMAT, "position": position}).encode())
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise ExportError(f"{self._path} cannot be written: {error.strerror}") from error
