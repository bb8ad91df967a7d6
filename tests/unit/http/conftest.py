"""The edge that every story begins at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.http.edge import Edge, build_edge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = build_edge(tmp_path)
    with edge.client:
        yield edge
