"""A house, and an identity provider that talks to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.memory.reception import MemorySignalVerifier
from application.ports.signal_verifier import Reception
from application.reception import KIND, Received, receive
from tests.house import House
from tests.transmitter import CAEP, ISSUER, OURS, RISC

if TYPE_CHECKING:
    pass

DISABLED, ENABLED, PURGED = f"{RISC}account-disabled", f"{RISC}account-enabled", f"{RISC}account-purged"
COMPROMISED, RENAMED, REVOKED = f"{RISC}credential-compromise", f"{RISC}identifier-changed", f"{CAEP}session-revoked"


@dataclass
class Hospital:
    """A house, and an identity provider that talks to it."""

    house: House
    verifier: MemorySignalVerifier = field(default_factory=lambda: MemorySignalVerifier(ISSUER))
    kind: str = "user_id"
    told: int = 0

    @property
    def reception(self) -> Reception:
        return Reception(self.verifier, ISSUER, OURS, self.kind, lambda subject_id: f"pairwise-{subject_id.hex}")

    def token(self, event: str, subject: Any = None, jti: str | None = None, **payload: Any) -> bytes:
        self.told += 1
        told = {name.replace("_", "-") if name == "new_value" else name: value for name, value in payload.items()}
        return self.verifier.make(jti or f"jti-{self.told}", subject or {}, {event: told}, at=self.house.clock.now())

    def receive(self, token: bytes) -> Received:
        return receive(self.house.services, self.reception, token, channel="http")

    def tell(self, event: str, subject: Any = None, **payload: Any) -> str:
        return self.receive(self.token(event, subject, **payload)).code

    def sessions(self, state: str = "open") -> int:
        return len(self.house.rows("session_rows", status=state))

    def records(self) -> list[Any]:
        events = (event for event in self.house.store.read(0, 10_000) if event.name == "journal.recorded.v1")
        return [event.fields for event in events if event.fields["kind"] == KIND]
