"""What every store of signing keys promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.crypto.signing_keys import SigningKeys
from adapters.memory.signing import MemorySigningKeys

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.signing import SigningKeyStore

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)


@pytest.fixture(params=["file", "memory"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> SigningKeyStore:
    return MemorySigningKeys(NOW) if request.param == "memory" else SigningKeys.open(tmp_path / "k" / "signing.json")


def states(keys: SigningKeyStore) -> list[str]:
    return [key.state for key in keys.status()]


def test_the_next_key_becomes_the_one_that_signs(keys: SigningKeyStore) -> None:
    signed, coming = keys.status()
    assert (signed.state, coming.state) == ("active", "next")

    assert keys.rotate(NOW) == coming.kid
    assert [key.kid for key in keys.status()][:2] == [signed.kid, coming.kid]
    assert states(keys) == ["retiring", "active", "next"]
    assert [key.changed_at for key in keys.status()][:2] == [NOW, NOW]


def test_only_keys_that_were_replaced_long_enough_ago_are_retired(keys: SigningKeyStore) -> None:
    first = keys.status()[0].kid
    keys.rotate(NOW)
    keys.rotate(NOW + timedelta(hours=1))

    assert keys.retire(NOW) == []
    assert keys.retire(NOW + timedelta(minutes=30)) == [first]
    assert keys.retire(NOW + timedelta(minutes=30)) == []
    assert states(keys) == ["retired", "retiring", "active", "next"]


def test_nothing_new_is_nothing_new(keys: SigningKeyStore) -> None:
    assert not keys.refresh()
