"""The personal fields of a subject: validated, sealed, found again by keyed digest."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from application.ports.event_store import EventStore
from application.ports.vault import Binding, TemplateVault, subject_owner
from domain.account import Account
from domain.enrollment import Enrollment
from domain.errors import InvalidInputError, KeyDestroyedError, SealBrokenError

ERASED: Final = "[erased]"
DAMAGED: Final = "[damaged]"
MAX_LENGTHS: Final = {"user_id": 50, "username": 100, "display_name": 200}
"""Characters; the brief's column widths."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, in the clear: lives in memory only."""

    user_id: str = field(repr=False)
    username: str = field(repr=False)
    display_name: str = field(repr=False)

    def check(self) -> Person:
        """Return the person, NFC-normalised and stripped. Raises ``InvalidInputError`` naming the field."""
        return Person(**{name: _clean(name, getattr(self, name)) for name in MAX_LENGTHS})

    def sealed(self, vault: TemplateVault, subject_id: UUID) -> dict[str, str]:
        """Return the sealed fields under the names that ``Enrollment.open`` takes."""
        return {
            f"{name}_sealed": vault.seal(binding(subject_id, name), str(getattr(self, name)).encode())
            for name in MAX_LENGTHS
        }


def claimed_by(store: EventStore, vault: TemplateVault, kind: str, value: str) -> UUID | None:
    """Return whose user_id or username that is, strongly consistent; None for nobody's."""
    return store.claimant(kind, vault.digest(kind, value))


def binding(subject_id: UUID, name: str) -> Binding:
    """Return where that personal field of that subject belongs."""
    return Binding(subject_owner(subject_id), f"enrollment.{name}")


def reveal(vault: TemplateVault, enrollment: Account | Enrollment) -> Person:
    """Open the personal fields of somebody who is to be let in. Raises ``KeyDestroyedError``, ``SealBrokenError``."""
    owner = enrollment.subject_id
    return Person(
        *(vault.unseal(binding(owner, name), getattr(enrollment, f"{name}_sealed")).decode() for name in MAX_LENGTHS)
    )


def reveal_field(vault: TemplateVault, subject_id: UUID, name: str, sealed: str) -> str:
    """Open one personal field for a listing: "[erased]" where the key is gone, "[damaged]" after tampering."""
    try:
        return vault.unseal(binding(subject_id, name), sealed).decode()
    except KeyDestroyedError:
        return ERASED
    except SealBrokenError:
        return DAMAGED


def _clean(name: str, value: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > MAX_LENGTHS[name] or any(unicodedata.category(c).startswith("C") for c in text):
        raise InvalidInputError(f"{name} takes 1 to {MAX_LENGTHS[name]} printable characters")
    return text
