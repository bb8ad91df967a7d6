"""Who has failed too often has to wait, or to come in by another way."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from application.services import Services
from domain.act import Act

FACE = "face"
PASSWORD = "password"  # noqa: S105 - a way in


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an attempt comes from and whom it claims to be: what failures are counted by.

    ``subject_id`` is the subject whose username was claimed, if any; ``claim_digest`` the keyed digest of a username
    that nobody holds, so that an unknown one is counted, and takes as long, like a known one.
    """

    method: str
    department: str
    address: str
    device_id: UUID | None = None
    subject_id: UUID | None = None
    claim_digest: str = ""


def check(services: Services, origin: Origin, *, act: Act) -> None:
    """Raise ``LockedOutError`` where that origin has to wait. Before anything is judged."""


def failed(services: Services, origin: Origin, *, act: Act, pad_passed: bool = False) -> None:
    """Count a failure; ``pad_passed``: a live person was in front of the camera."""


def succeeded(services: Services, origin: Origin, *, act: Act) -> None:
    """Begin to count anew."""
