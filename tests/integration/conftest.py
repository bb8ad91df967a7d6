"""An App over a database of the test's server, and an escrow key that lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.crypto.escrow import new_pair
from entrypoints.app import App
from tests.integration.trial import opened


@pytest.fixture
def escrow(tmp_path: Path) -> Path:
    """The private escrow key; the public one lies beside it."""
    private, public = new_pair()
    path = tmp_path / "escrow.pem"
    path.write_bytes(private)
    path.with_name("escrow.pem.pub").write_bytes(public)
    return path


@pytest.fixture
def app(tmp_path: Path, dsn: str, escrow: Path) -> Iterator[App]:
    with opened(tmp_path / "home", dsn, escrow_key=escrow.with_name("escrow.pem.pub")) as app:
        yield app
