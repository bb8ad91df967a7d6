"""A paired device on the socket: announced first, asked to sign at the end. See docs/device-protocol.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from application.proving import DeviceProof
from domain.device_proof import decoded
from domain.errors import InvalidInputError

MAX_SIGNATURE_CHARACTERS: Final = 128
INVALID, UNEXPECTED = "invalid_message", "unexpected_device"

Say = Callable[[dict[str, Any]], Awaitable[None]]
InPool = Callable[..., Awaitable[Any]]


class SignedFrames:
    """One connection's conversation with its device."""

    def __init__(self, proof: DeviceProof, *, answer_s: float, say: Say, run: InPool) -> None:
        """Ask with ``say`` and wait ``answer_s`` seconds; ``run`` calls what touches the store."""
        self._proof = proof
        self._answer_s = answer_s
        self._say = say
        self._run = run
        self._asked = False
        self._answer: tuple[UUID, bytes] | None = None
        self._over = asyncio.Event()

    async def take(self, message: dict[str, Any]) -> str | None:
        """Take a ``device`` message: the announcement, then the answer. Return the code of a complaint, if any."""
        try:
            device_id, signature = _parsed(message)
        except (KeyError, TypeError, ValueError, AttributeError):
            return INVALID
        if signature is None:
            return None if await self._run(self._proof.announce, device_id) else UNEXPECTED
        if not self._asked or self._over.is_set():
            return UNEXPECTED
        self._answer = (device_id, signature)
        self._over.set()
        return None

    async def settle(self) -> None:
        """Have the device sign every frame that came so far, before the decision; nothing that comes later counts."""
        if not self._proof.pending:
            return
        self._asked = True
        await self._say({"type": "sign", "count": self._proof.settle()})
        try:
            await asyncio.wait_for(self._over.wait(), self._answer_s)
        except TimeoutError:
            self._over.set()
        await self._run(self._proof.prove, *(self._answer or (None, None)))

    def stop(self) -> None:
        """Wait no longer: the client is gone."""
        self._over.set()


def _parsed(message: dict[str, Any]) -> tuple[UUID, bytes | None]:
    device_id, signature = UUID(message["device_id"]), message.get("signature")
    if signature is None:
        return device_id, None
    try:
        return device_id, decoded(signature) if len(signature) <= MAX_SIGNATURE_CHARACTERS else b""
    except InvalidInputError:
        return device_id, b""  # an answer, and a wrong one
