"""A house of its own on PostgreSQL, and commands that find it by their environment."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from entrypoints.cli.main import run
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def settings(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What every command finds, too."""
    monkeypatch.setenv("FACEAUTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", dsn)
    return Settings(home=tmp_path / "home").model_copy(update={"database_url": dsn})


@pytest.fixture
def command(
    settings: Settings,  # noqa: ARG001 - whose environment every command finds
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Takes words, and what is typed; returns (exit code, standard output, standard error)."""

    def call(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["faceauth", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, told.out, told.err

    monkeypatch.setattr("entrypoints.cli.main.harden", lambda: None)
    monkeypatch.setattr("entrypoints.cli.main.configure_logging", lambda: None)
    yield call
    structlog.reset_defaults()
