"""Sealing: personal and biometric values under keys that can be destroyed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a sealed value belongs; it opens nowhere else (authenticated as AEAD associated data).

    ``owner`` names the data key: "subject:<uuid>" or "epoch:<yyyy-mm>". ``field`` is the name of the value's place,
    for example "enrollment.username". Templates also bind ``template_id`` and ``model``.
    """

    owner: str
    field: str
    template_id: UUID | None = None
    model: str = ""


def subject_owner(subject_id: UUID) -> str:
    """Return the owner of a subject's data key."""
    return f"subject:{subject_id}"


def template_binding(subject_id: UUID, template_id: UUID, model: str) -> Binding:
    """Return where a template belongs."""
    return Binding(subject_owner(subject_id), "enrollment.template", template_id, model)


class TemplateVault(Protocol):
    """Envelope encryption with one data key per owner."""

    def create_key(self, owner: str) -> None:
        """Make sure that owner has a data key. Idempotent. Raises ``KeyDestroyedError``: none is made twice."""
        ...

    def seal(self, binding: Binding, plaintext: bytes) -> str:
        """Return opaque printable text. Raises ``KeyDestroyedError`` where the owner has no key."""
        ...

    def unseal(self, binding: Binding, sealed: str) -> bytes:
        """Open a sealed value.

        Raises ``KeyDestroyedError`` where the key is gone and ``SealBrokenError`` where anything (ciphertext, owner,
        field, template, model) is not what was sealed.
        """
        ...

    def destroy_key(self, owner: str) -> None:
        """Destroy that owner's data key. Idempotent. What it sealed cannot be opened afterwards."""
        ...

    def digest(self, kind: str, value: str) -> str:
        """Return a keyed one-way digest (hex) for unique look-ups of a personal value, such as a username."""
        ...


class DataKeyStore(Protocol):
    """Keeps wrapped data keys. Holds nothing that opens without the key ring."""

    def insert(self, owner: str, kek_id: str, wrapped: bytes) -> bool:
        """Keep a wrapped key; False, and no change, where that owner has one or had one that was destroyed."""
        ...

    def get(self, owner: str) -> tuple[str, bytes] | None:
        """Return (kek_id, wrapped), None where there never was one. Raises ``KeyDestroyedError`` after destroy."""
        ...

    def destroy(self, owner: str) -> None:
        """Overwrite that key and remember that it is destroyed. Idempotent."""
        ...
