"""The house that every story begins in."""

from __future__ import annotations

import pytest

from tests.house import House, build_house


@pytest.fixture
def house() -> House:
    return build_house()
