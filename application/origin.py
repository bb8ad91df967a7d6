"""Where attempts come from: sealed under the key of who was admitted, or of the month for nobody we know."""

from __future__ import annotations

from uuid import UUID

from application.journal import record_broken
from application.outcome import Client
from application.ports.vault import Binding, epoch_owner, subject_owner
from application.services import Services
from domain.act import Act
from domain.errors import KeyDestroyedError, SealBrokenError

LONGEST_AGENT = 200


def client_binding(attempt_id: UUID, owner: str) -> Binding:
    """Return where the client's address and agent of an attempt belong; ``owner`` names the data key."""
    return Binding(owner, f"attempt.client:{attempt_id}")


def sealed_for_subject(services: Services, client: Client, attempt_id: UUID, subject_id: UUID) -> str:
    """Return the client of an attempt of somebody known: it is forgotten with them. Raises as ``vault.seal``."""
    return _sealed(services, client, attempt_id, subject_owner(subject_id))


def sealed_for_month(services: Services, client: Client, attempt_id: UUID, act: Act) -> tuple[str, str]:
    """Return (sealed client, month) of an attempt of nobody we know: it is forgotten with the month's key.

    Where somebody tampered with that key, that is recorded, the client is lost ("") and the attempt goes on.
    """
    epoch = f"{act.at:%Y-%m}"
    owner = epoch_owner(epoch)
    try:
        services.vault.create_key(owner)
        return _sealed(services, client, attempt_id, owner), epoch
    except (KeyDestroyedError, SealBrokenError) as error:
        record_broken(services, "epoch_key", place=owner, code=error.code, act=act)
        return "", epoch


def _sealed(services: Services, client: Client, attempt_id: UUID, owner: str) -> str:
    text = f"{client.address}\n{client.agent[:LONGEST_AGENT]}"
    return services.vault.seal(client_binding(attempt_id, owner), text.encode())
