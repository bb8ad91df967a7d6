"""What is remembered of the log in a file of the state directory, under a keyed digest."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Final

from adapters.crypto.key_files import create_once, damaged, folder_lock, read_document, replace_content, system_refusals
from adapters.eventstore.log import derived_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT: Final = "faceauth-log-memory/1"
FILE: Final = "log.json"
PURPOSE: Final = b"faceauth log memory/1"


class FileLogMemory:
    """``application.ports.event_log.LogMemory`` (0600). Safe from several processes: the last one that writes wins."""

    def __init__(self, path: Path, store_key: bytes) -> None:
        """Use that file, and a key that comes from the ring's store key."""
        self._path = path
        self._key = derived_key(store_key, PURPOSE)

    def recall(self) -> Mapping[str, object]:
        """Return what was remembered last. See the port."""
        if not self._path.exists():
            return {}
        document = read_document(self._path, FORMAT)
        known, mac = document.get("known"), document.get("mac")
        if not isinstance(known, dict) or not hmac.compare_digest(self._mac(known), str(mac)):
            raise damaged(self._path)
        return known

    def remember(self, known: Mapping[str, object]) -> None:
        """Replace it. See the port."""
        content = json.dumps({"format": FORMAT, "known": dict(known), "mac": self._mac(known)}).encode()
        with system_refusals(self._path), folder_lock(self._path.parent):
            create_once(self._path, lambda: content)
            replace_content(self._path, content)

    def _mac(self, known: Mapping[str, object]) -> str:
        plain = json.dumps(dict(known), sort_keys=True, separators=(",", ":")).encode()
        return hmac.digest(self._key, plain, "sha256").hex()
