"""Anchors as the settings say."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from domain.errors import ConfigurationError
from entrypoints.anchoring import open_anchors
from entrypoints.settings import Settings
from tests.timestamp_authority import authority

if TYPE_CHECKING:
    from pathlib import Path


def opened(**changes: Any) -> list[str]:
    with ExitStack() as stack:
        return [anchor.name for anchor in open_anchors(Settings.model_validate(changes), stack)]


def test_there_are_none_by_default() -> None:
    assert opened() == []


def test_a_witness_and_an_authority_are_anchors(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(authority().root.public_bytes(Encoding.PEM))
    urls = {"witness_url": "https://witness.example/checkpoints", "timestamp_url": "https://tsa.example"}

    assert opened(**urls, timestamp_ca_file=path) == ["witness", "timestamp"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"witness_url": "http://witness.example/"}, "FACEAUTH_WITNESS_URL"),
        ({"witness_url": "https://witness.example/", "witness_key_file": "/none"}, "FACEAUTH_WITNESS_KEY_FILE"),
        ({"witness_url": "https://witness.example/", "witness_ca_file": "/none"}, "FACEAUTH_WITNESS_CA_FILE"),
        ({"timestamp_url": "https://tsa.example/"}, "FACEAUTH_TIMESTAMP_CA_FILE"),
        ({"timestamp_url": "https://tsa.example/", "timestamp_ca_file": "/none"}, "FACEAUTH_TIMESTAMP_CA_FILE"),
    ],
)
def test_what_cannot_work_is_said_at_the_start(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        opened(**changes)
