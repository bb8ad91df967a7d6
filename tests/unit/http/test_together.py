"""Questions at the same time are answered together, and none with an answer older than itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from entrypoints.http.together import Together

if TYPE_CHECKING:
    from collections.abc import Sequence


class Oracle:
    """Doubles numbers, one batch at a time, when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()

    async def __call__(self, questions: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(questions))
        self.asked.set()
        await self.gate.wait()
        if 13 in questions:
            raise ValueError("unlucky")
        return [2 * question for question in questions]


def test_a_question_that_comes_while_others_are_out_goes_with_the_next() -> None:
    async def story() -> None:
        oracle = Oracle()
        together = Together[int, int](oracle, most=3)
        first = asyncio.create_task(together.ask(1))
        await oracle.asked.wait()
        later = [asyncio.create_task(together.ask(number)) for number in (2, 3, 4, 5)]
        await asyncio.sleep(0)
        assert oracle.batches == [[1]]
        oracle.gate.set()

        assert await asyncio.gather(first, *later) == [2, 4, 6, 8, 10]
        assert oracle.batches == [[1], [2, 3, 4], [5]]
        assert await together.ask(6) == 12

    asyncio.run(story())


def test_a_batch_that_fails_is_told_to_its_own_and_nobody_else() -> None:
    async def story() -> None:
        oracle = Oracle()
        oracle.gate.set()
        together = Together[int, int](oracle, most=1)
        good, bad, after = (asyncio.create_task(together.ask(number)) for number in (1, 13, 2))

        assert await good == 2
        with pytest.raises(ValueError, match="unlucky"):
            await bad
        assert await after == 4

    asyncio.run(story())


def test_who_leaves_does_not_disturb_the_others() -> None:
    async def story() -> None:
        oracle = Oracle()
        together = Together[int, int](oracle, most=9)
        gone, stays = (asyncio.create_task(together.ask(number)) for number in (1, 2))
        await oracle.asked.wait()
        gone.cancel()
        oracle.gate.set()

        assert await stays == 4

    asyncio.run(story())
