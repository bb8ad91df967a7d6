"""Change the key that signs tokens, with everything that the former ones signed still verifiable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from application.journal import record, refusals_recorded
from application.services import Services
from domain.act import Act

RETIRING: Final = timedelta(hours=1)
"""How long the private half of a replaced key lasts: far longer than any process takes to notice (a second)."""
ROTATED: Final = "signing_key.rotated"
RETIRED: Final = "signing_key.retired"


def rotate_signing_keys(services: Services, *, act: Act) -> str:
    """Let the next key sign from now on; return its id. Raises ``KeyRingError``, ``UnavailableError``."""
    with refusals_recorded(services, ROTATED, act=act):
        kid = services.signing.rotate(act.at)
    record(services, ROTATED, act=act, facts={"kid": kid})
    return kid


def retire_signing_keys(services: Services, *, act: Act) -> Sequence[str]:
    """Destroy the private halves of keys that were replaced long enough ago; return their ids. Raises as above."""
    with refusals_recorded(services, RETIRED, act=act):
        gone = services.signing.retire(act.at - RETIRING)
    for kid in gone:
        record(services, RETIRED, act=act, facts={"kid": kid})
    return gone
