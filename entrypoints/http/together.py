"""Questions that come at the same time, answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Answers questions in batches: what arrives while one batch is out goes with the next.

    Nobody waits for company: a question that comes alone is asked at once. No batch is asked before its last question
    arrived, so no answer is older than its question. For one event loop.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, most: int) -> None:
        """``answer`` answers up to ``most`` questions, in their order; what it raises, each of them is told."""
        self._answer = answer
        self._most = most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer. Raises what answering raised."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await self._answer([question for question, _ in batch])
                told = dict(zip((future for _, future in batch), answers, strict=True))
            except Exception as error:  # noqa: BLE001 - raised again where each question was asked
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for future, answer in told.items():
                if not future.done():  # its client has left
                    future.set_result(answer)
