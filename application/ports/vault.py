"""Sealing: personal and biometric values under keys that can be destroyed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from application.ports.keys import DestroyedKey


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a sealed value belongs; it opens nowhere else (authenticated as AEAD associated data).

    ``owner`` names the data key: "subject:<uuid>", "epoch:<yyyy-mm>" or "incident:<uuid>". ``field`` is the
    name of the value's place, for example "enrollment.username". Templates also bind ``template_id``, ``model`` and,
    where they went through one, ``transform``.
    """

    owner: str
    field: str
    template_id: UUID | None = None
    model: str = ""
    transform: str = ""


def subject_owner(subject_id: UUID) -> str:
    """Return the owner of a subject's data key."""
    return f"subject:{subject_id}"


def epoch_owner(epoch: str) -> str:
    """Return the owner of the data key of a month ("yyyy-mm"): for values of nobody in particular."""
    return f"epoch:{epoch}"


def incident_owner(incident_id: UUID) -> str:
    """Return the owner of an incident's data key: it lives as long as the register keeps the incident."""
    return f"incident:{incident_id}"


def template_binding(subject_id: UUID, template_id: UUID, model: str, transform: str) -> Binding:
    """Return where a template belongs."""
    return Binding(subject_owner(subject_id), "enrollment.template", template_id, model, transform)


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

    def has_key(self, owner: str) -> bool:
        """Say whether that owner has a data key that is not destroyed."""
        ...

    def owners(self, prefix: str) -> list[str]:
        """Return the owners of living data keys whose names begin so, sorted."""
        ...

    def destroy_key(self, owner: str) -> None:
        """Destroy that owner's data key, with a line in the erasure ledger: what it sealed is lost. Idempotent."""
        ...

    def digest(self, kind: str, value: str) -> str:
        """Return a keyed one-way digest (hex) for unique look-ups of a personal value, such as a username."""
        ...


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored: whose, wrapped by which key-encryption key, and the wrapped bytes."""

    owner: str
    kek_id: str
    wrapped: bytes = field(repr=False)


class DataKeyStore(Protocol):
    """Keeps wrapped data keys. Holds nothing that opens without the key ring."""

    def insert(self, owner: str, kek_id: str, wrapped: bytes) -> bool:
        """Keep a wrapped key; False, and no change, where that owner has one or had one that was destroyed.

        Raises ``KekNotActiveError`` unless ``kek_id`` is the one that ``activate`` named last: nothing is ever
        wrapped by a key that another process has replaced.
        """
        ...

    def get(self, owner: str) -> tuple[str, bytes] | None:
        """Return (kek_id, wrapped), None where there never was one. Raises ``KeyDestroyedError`` after destroy."""
        ...

    def owners(self, prefix: str) -> list[str]:
        """Return the owners of living keys whose names begin so, sorted."""
        ...

    def destroy(self, owner: str, wrapped_under: Sequence[str]) -> None:
        """Overwrite that key and write a line into the append-only ledger, in one transaction. Idempotent.

        ``wrapped_under`` names every key-encryption key that may have wrapped it and is alive. Raises
        ``KekNotActiveError``, with nothing changed, where the one that ``activate`` named last is not among them: by
        then the key may lie under that one too, and the ledger would call it gone too early.
        """
        ...

    def active(self) -> str | None:
        """Return the id of the key-encryption key that ``activate`` named last."""
        ...

    def activate(self, kek_id: str) -> None:
        """Let only that key-encryption key wrap from now on; waits for inserts under the former one."""
        ...

    def outdated(self, kek_id: str, limit: int, after: str = "") -> list[WrappedKey]:
        """Return living keys that another key-encryption key wraps, by owner, those with owner > ``after``."""
        ...

    def replace(self, rewrapped: Sequence[tuple[WrappedKey, WrappedKey]]) -> int:
        """Put (old, new) in one transaction, each only where the old one still stands; return how many did."""
        ...

    def holds(self) -> dict[str, int]:
        """Return how many living keys each key-encryption key wraps; only those that wrap any."""
        ...

    def ledger(self) -> list[DestroyedKey]:
        """Return the erasure ledger, oldest first: one line per owner."""
        ...

    def settle(self, owners: Sequence[str]) -> None:
        """Append to the ledger that these erasures are final."""
        ...
