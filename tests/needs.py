"""What a test needs from the machine and may not find there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test and say why; where CI is set, fail it: a pipeline has everything, or it tests less than it says."""
    if os.environ.get("CI"):
        pytest.fail(f"missing on CI: {what}")
    pytest.skip(what)
