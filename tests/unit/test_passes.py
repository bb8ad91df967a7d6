"""``make test`` is two passes, and every test is in exactly one of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"


def marked(place: str) -> bool:
    marks: list[Any] = []
    item: Any = SimpleNamespace(path=TESTS / place, add_marker=marks.append)
    conftest.pytest_collection_modifyitems([item])
    return bool(marks)


def test_both_passes_run_whatever_the_first_one_says_and_either_fails_the_command() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\ntest: ")[2].partition("\n\n")[0]

    assert recipe.count("-m pytest") == 2
    assert '-m "not alone"' in recipe
    assert "-m alone;" in recipe
    assert "&&" not in recipe
    assert "exit $$((together | alone))" in recipe


@pytest.mark.parametrize("place", ["benchmarks/test_bench.py", "e2e/test_service.py", "e2e/test_something_new.py"])
def test_what_looks_at_the_clock_is_alone(place: str) -> None:
    assert marked(place)


@pytest.mark.parametrize("place", ["unit/test_topics.py", "e2e/test_wheel.py", "contract/test_vault.py"])
def test_what_does_not_is_not(place: str) -> None:
    assert not marked(place)


@pytest.mark.parametrize("place", [*conftest.ALONE, *conftest.TOGETHER])
def test_what_is_named_is_there(place: str) -> None:
    assert (TESTS / place).exists()
