"""Whoever runs the service, as far as key-encryption keys go: sets variables, adds keys, takes them away, restarts."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.crypto.kek_provider import ENVIRONMENT
from adapters.crypto.key_ring import KeyRing
from entrypoints.key_providers import provider_factory
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.crypto.kek_provider import KekProvider
    from tests.softhsm import SoftToken


def fresh_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass
class KeyOperator:
    """One deployment's keys, of whatever provider. ``start`` and ``ring`` are what a restart gives."""

    name: str
    token: SoftToken | None = None
    variable: dict[str, str] = field(default_factory=dict)
    remembered: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _open: list[Any] = field(default_factory=list)
    _count: int = 0

    def offer(self) -> None:
        """Make a new key possible: only the environment needs the operator's hand."""
        if self.name == ENVIRONMENT:
            self._count += 1
            self.variable[f"ward-{self._count}"] = fresh_key()

    def withdraw(self, kek_id: str) -> None:
        """Take a key away that has to go."""
        self.variable.pop(kek_id, None)

    def settings(self) -> Settings:
        given: dict[str, Any] = {"keys": self.name}
        if self.name == ENVIRONMENT:
            given["keks"] = ", ".join(f"{kek_id}={key}" for kek_id, key in self.variable.items())
        if self.token is not None:
            given |= {"pkcs11_module": self.token.module, "pkcs11_token": self.token.label}
            given["pkcs11_pin_file"] = self.token.pin_file
        return Settings(**given)

    def start(self) -> KekProvider:
        """A provider of a process that starts now."""
        provider = provider_factory(self.settings())(self.remembered)
        self._open.append(provider)
        return provider

    def new_key(self, provider: KekProvider) -> str:
        kek_id = provider.next_id() or f"kek-{secrets.token_hex(8)}"
        self.remembered[kek_id] = provider.create(kek_id)
        return kek_id

    def ring(self, path: Path) -> KeyRing:
        """The ring of a process that starts now."""
        ring = KeyRing.open(path, make_provider=provider_factory(self.settings()))
        self._open.append(ring)
        return ring

    def close(self) -> None:
        for thing in self._open:
            thing.close()
