"""A device that the hospital knows: it holds a key that it cannot give away, and signs what its camera saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import DeviceStateError

if TYPE_CHECKING:
    from datetime import datetime

    from domain.act import Act

PAIRED: Final = "paired"
REVOKED: Final = "revoked"


class Device(Aggregate):
    """Paired once, revoked once. ``public_jwk`` is its P-256 public key as canonical JSON (RFC 7517, RFC 7638)."""

    TOPIC: ClassVar[str] = "device"

    @event("Created", topic="device.paired.v1")
    def __init__(
        self,
        device_id: UUID,
        department: str,
        label: str,
        public_jwk: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.department = department
        self.label = label
        self.public_jwk = public_jwk
        self.status = PAIRED
        self.changed_by = act.actor

    @staticmethod
    def create_id(device_id: UUID) -> UUID:
        """Take the id that the device was told."""
        return device_id

    @classmethod
    def pair(cls, device_id: UUID, *, department: str, label: str, public_jwk: str, act: Act) -> Device:
        """Know it from now on. ``label`` is what the administrator calls it; never a person's name."""
        return cls(
            device_id=device_id, department=department, label=label, public_jwk=public_jwk, act=act, timestamp=act.at
        )

    @property
    def paired(self) -> bool:
        """Whether its signatures count."""
        return self.status == PAIRED

    def check_paired(self) -> None:
        """Raise ``DeviceStateError`` unless its signatures count."""
        if not self.paired:
            raise DeviceStateError("the device is revoked")

    def revoke(self, *, reason: str, act: Act) -> None:
        """Trust it no more: lost, stolen, retired."""
        self.check_paired()
        self._revoked(reason=reason, act=act, timestamp=act.at)

    @event("Revoked", topic="device.revoked.v1")
    def _revoked(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = REVOKED
        self.changed_by = act.actor
