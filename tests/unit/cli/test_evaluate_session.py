"""``faceauth evaluate session`` over clips of grey frames: how bright one is says how the head is turned."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
import structlog

from adapters.memory.vision import picture, scripted_judge
from entrypoints.cli import evaluating
from entrypoints.cli.evaluating import Instrument
from entrypoints.cli.main import run

if TYPE_CHECKING:
    from application.ports.vision import FaceCrop
    from domain.biometrics import FrameFindings

STRAIGHT, GREYS_PER_DEGREE, ATTACK = 128, 4, 10
TURNING_LEFT = [*[0.0] * 5, -6.0, -14.0, -22.0, -24.0, -24.0, -16.0, *[0.0] * 5]

Command = Callable[..., tuple[int, str, str]]


class GreyJudge:
    """The scripted judge, before frames that are grey; counts them, and can be interrupted at one."""

    def __init__(self) -> None:
        self._judge = scripted_judge()
        self._takes = itertools.count()
        self.seen = 0
        self.interrupt_at: int | None = None
        self.model, self.former = self._judge.model, self._judge.former
        self.pad_threshold = self._judge.pad_threshold
        self.embed, self.flat_picture = self._judge.embed, self._judge.flat_picture
        self.same_picture = self._judge.same_picture

    def judge(self, payload: bytes, **kwargs: Any) -> tuple[FrameFindings, FaceCrop | None]:
        self.seen += 1
        if self.seen == self.interrupt_at:
            raise KeyboardInterrupt
        grey = float(np.asarray(cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_GRAYSCALE)).mean())
        pad = 0.01 if grey < 2 * ATTACK else 0.98
        turned = 0.0 if grey < 2 * ATTACK else (grey - STRAIGHT) / GREYS_PER_DEGREE
        return self._judge.judge(picture("ana", take=next(self._takes), pad=pad, yaw=round(turned)), **kwargs)


@pytest.fixture
def judge() -> GreyJudge:
    return GreyJudge()


@pytest.fixture
def command(
    tmp_path: Path, judge: GreyJudge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FACEAUTH_JUDGE_THREADS", "1")
    monkeypatch.setattr(evaluating, "load_instrument", lambda _: Instrument(judge, "scripted"))  # type: ignore[arg-type]

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["faceauth", "evaluate", "session", *map(str, words)])
        with pytest.raises(SystemExit) as exit_:
            run()
        structlog.reset_defaults()
        out, err = capsys.readouterr()
        return int(exit_.value.code or 0), out, err

    return call


def film(path: Path, greys: Sequence[float]) -> None:
    """Frames of that grey on the whole; no two are the same."""
    random = np.random.default_rng(0)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 14.0, (64, 48))
    for grey in greys:
        writer.write((grey + random.integers(-5, 6, (48, 64, 1)) + np.zeros(3)).astype(np.uint8))
    writer.release()


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A live clip of a head that turns left as its sidecar says, an attack, and a file that is no clip."""
    folder = tmp_path / "clips"
    folder.mkdir()
    film(folder / "a_real.avi", [STRAIGHT + GREYS_PER_DEGREE * turn for turn in TURNING_LEFT])
    (folder / "a_real.json").write_text('["left"]')
    film(folder / "b_print.avi", [ATTACK] * 30)
    (folder / "c.mp4").write_bytes(b"no clip")
    return folder


def test_sessions_are_printed_as_json(command: Command, clips: Path) -> None:
    code, out, _ = command("--clips", clips, "--json")
    document = json.loads(out)

    assert code == 0
    assert document.keys() == {
        "apcer", "apcer_worst", "bpcer", "attack_sessions", "live_sessions", "movements", "reasons", "intervals",
        "threshold", "sessions", "model", "models", "software", "data_sha256",
    }  # fmt: skip
    assert (document["apcer"], document["apcer_worst"], document["bpcer"]) == ({"print": 0.0}, 0.0, 0.5)
    assert document["attack_sessions"] == {"count": 1, "accepted": 0}
    assert document["live_sessions"] == {"count": 2, "refused": 1}
    assert document["movements"] == {"turn_left": {"seen": 1, "asked": 1}}
    assert [(one["clip"], one["accepted"], one["code"], one["assumed"]) for one in document["sessions"]] == [
        ("a_real.avi", True, "ok", False),
        ("b_print.avi", False, "presentation_attack", False),
        ("c.mp4", False, "invalid_image", True),
    ]
    assert document["sessions"][2]["reason"] == "unreadable"


def test_sessions_are_printed_and_reported_for_people(command: Command, clips: Path, tmp_path: Path) -> None:
    code, out, _ = command("--clips", clips, "--report", tmp_path / "report.html")

    assert code == 0
    assert "turn_left: 1 / 1" in out
    assert "c.mp4  bona_fide ?" in out
    assert "a_real.avi" in (tmp_path / "report.html").read_text()


def test_an_interrupted_run_goes_on_where_it_was(command: Command, clips: Path, judge: GreyJudge) -> None:
    judge.interrupt_at = len(TURNING_LEFT) + 3
    interrupted = command("--clips", clips, "--json")
    judge.interrupt_at, judge.seen = None, 0

    code, out, _ = command("--clips", clips, "--json")

    assert interrupted[0] != 0
    assert (code, json.loads(out)["sessions"][0]["accepted"]) == (0, True)
    assert judge.seen == 30


def test_a_bad_sidecar_is_one_clear_error(command: Command, clips: Path) -> None:
    (clips / "a_real.json").write_text('["somersault"]')

    code, out, err = command("--clips", clips, "--json")

    assert (code, out) == (1, "")
    assert json.loads(err)["error"] == "invalid_input"
    assert "a_real" in json.loads(err)["detail"]
