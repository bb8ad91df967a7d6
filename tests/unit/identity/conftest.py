from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.identity.provider import Realm, Site, realm_on, served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@pytest.fixture
def realm(site: Site) -> Realm:
    return realm_on(site)
