"""What a log may say of a bug: where it happened, never what was being handled."""

from __future__ import annotations

import traceback


def trail(error: BaseException) -> list[str]:
    """Return the type and the places of an exception and of what caused it, innermost call last.

    No messages and no local variables: either could hold a name, a token or a picture.
    """
    lines: list[str] = []
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        lines.append(type(cause).__name__)
        frames = traceback.extract_tb(cause.__traceback__, limit=-20)
        lines.extend(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return lines
