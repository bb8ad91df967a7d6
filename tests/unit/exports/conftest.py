"""A house where something of everything has happened, and a way to take it out."""

from __future__ import annotations

import pytest

from tests.house import House, build_house
from tests.unit.application.test_projecting import live
from tests.unit.exports.exporting import hostile


@pytest.fixture
def house() -> House:
    return build_house()


@pytest.fixture(scope="module")
def lived() -> House:
    """Read only: tests of one module share it."""
    return live(build_house())


@pytest.fixture(scope="module")
def attacked() -> House:
    """A house whose texts were chosen to hurt."""
    return hostile(build_house())
