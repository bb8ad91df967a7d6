"""People whose pictures are scripted: files that say what they show."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import picture, scripted_judge
from application.evaluation.acquiring import Acquisition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from application.evaluation.acquiring import Acquired, Picture
    from application.ports.vision import FaceCrop
    from domain.biometrics import Embedding, FrameFindings, ModelId


class WatchedJudge:
    """The scripted pipeline, which remembers what it handed out, and can be interrupted at one picture."""

    def __init__(self, interrupt_after: int | None = None, *, kill: bool = False) -> None:
        self._judge = scripted_judge()
        self._left, self._kill = interrupt_after, kill
        self.crops: list[FaceCrop] = []
        self.embeddings: list[Embedding] = []

    @property
    def model(self) -> ModelId:
        return self._judge.model

    def central(self, payload: bytes) -> tuple[FrameFindings, FaceCrop | None]:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                if self._kill:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise KeyboardInterrupt
        findings, crop = self._judge.central(payload)
        if crop is not None:
            self.crops.append(crop)
        return findings, crop

    def embed(self, crop: FaceCrop, model: ModelId | None = None) -> Embedding:
        self.embeddings.append(self._judge.embed(crop, model))
        return self.embeddings[-1]

    @property
    def traces(self) -> int:
        """How many crops and embeddings still hold something."""
        return sum(bool(c.pixels.any()) for c in self.crops) + sum(bool(e.vector.any()) for e in self.embeddings)


class Counting(Acquisition):
    """One thread, and a count of what was taken in."""

    def __init__(self, judge: WatchedJudge) -> None:
        super().__init__(judge, threads=1)
        self.taken: list[str] = []

    def take(self, pictures: Any) -> list[Acquired]:
        wanted: list[Picture] = list(pictures)
        self.taken += [picture.name for picture in wanted]
        return super().take(wanted)


@pytest.fixture
def judge() -> WatchedJudge:
    return WatchedJudge()


@pytest.fixture
def taking(judge: WatchedJudge) -> Iterator[Counting]:
    with Counting(judge) as acquisition:
        yield acquisition


def shoot(folder: Path, person: str, takes: int, **facts: Any) -> None:
    """File that many pictures of a person the way LFW does."""
    (folder / person).mkdir(parents=True, exist_ok=True)
    for take in range(1, takes + 1):
        path = folder / person / f"{person}_{take:04d}.jpg"
        path.write_bytes(
            picture(str(facts.get("face", person)), take=take, **{k: v for k, v in facts.items() if k != "face"})
        )
