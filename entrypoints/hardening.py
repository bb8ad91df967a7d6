"""What the operating system lets a process keep to itself: no core dumps, no looking in from beside."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

PR_SET_DUMPABLE: Final = 4
"""prctl(2): without it neither a crash nor another process of the same user gets at this memory."""


def harden() -> None:
    """Forbid core dumps of this process and its children and, on Linux, attaching to it. Never raises."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
