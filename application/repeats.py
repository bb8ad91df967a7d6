"""Tells a payload that was sent before: no new evidence, and in the end an attack."""

from __future__ import annotations

import hashlib


class Repeats:
    """The payloads of one attempt, as digests in memory."""

    def __init__(self, allowed: int) -> None:
        """Let a payload come again ``allowed`` times in a row: a slow camera repeats a picture, a file for ever."""
        self._allowed = allowed
        self._seen: set[bytes] = set()
        self._previous = b""
        self._in_a_row = 0

    @property
    def too_many(self) -> bool:
        """Whether the newest payload is one repetition too many: in a row, or of one from before the last."""
        return self._in_a_row >= self._allowed

    def again(self, payload: bytes, *, anywhere: bool) -> bool:
        """Take the next payload; say whether this very one was the last, or, ``anywhere``, one of all before."""
        digest = hashlib.sha256(payload).digest()
        if digest == self._previous:
            self._in_a_row += 1
            return True
        self._previous, self._in_a_row = digest, 0
        if anywhere and digest in self._seen:
            self._in_a_row = self._allowed
            return True
        self._seen.add(digest)
        return False

    def forget_last(self) -> None:
        """Let go of the newest payload: it was no picture, and garbage may come as often as it likes."""
        self._seen.discard(self._previous)
        self._previous = b""
