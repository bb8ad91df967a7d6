"""Nobody who runs the program can name the movements that it asks for: only code that builds it can."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from adapters.crypto.entropy import SystemChallenges
from adapters.memory.challenges import KnownChallenges
from application.ports.challenges import Challenges
from domain.policies.movement import ENABLED, MOVEMENTS
from entrypoints.settings import Settings

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "application", "adapters", "entrypoints")
INSTRUMENT = "entrypoints/cli/evaluate_session.py"
"""Shows clips to the evidence without store, tokens or gallery: its movements are those that a clip performs."""

BOOTSTRAP = "entrypoints/bootstrap.py"
WORDS = ("challenge", "movement", "step", "draw", "seed", "random")


def trees() -> dict[str, ast.Module]:
    paths = [ROOT / "faceauth.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


TREES = trees()


def naming(name: str) -> set[str]:
    """The modules that import or otherwise use a name."""
    return {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.alias) and name in node.name.split("."))
    }


def calls(name: str) -> list[tuple[str, ast.Call]]:
    return [
        (path, node)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name in (getattr(node.func, "id", None), getattr(node.func, "attr", None))
    ]


def test_no_setting_speaks_of_movements() -> None:
    assert [name for name in Settings.model_fields if any(word in name for word in WORDS)] == []


def test_no_value_of_the_environment_changes_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Settings()
    for name in ("CHALLENGE", "CHALLENGES", "MOVEMENTS", "STEPS", "POLICIES", "SEED", "CHALLENGE_SEQUENCE"):
        monkeypatch.setenv(f"FACEAUTH_{name}", "turn_left,look_up")

    assert Settings() == usual


def test_the_environment_is_read_in_few_places_none_of_which_knows_movements() -> None:
    reading = naming("environ") | naming("getenv")

    assert "entrypoints/cli/people.py" not in reading
    for path in reading:
        text = (ROOT / path).read_text()
        assert not [step for step in MOVEMENTS if step in text]
        assert "KnownChallenges" not in text


def test_known_movements_are_the_instrument_s_and_the_tests_alone() -> None:
    assert naming("KnownChallenges") == {INSTRUMENT}
    instrument = {
        alias.name for node in ast.walk(TREES[INSTRUMENT]) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert not instrument & {"bootstrap", "Services", "Authentication"}


def test_another_source_of_movements_is_only_given_by_code_that_builds_the_program() -> None:
    given = [
        (path, keyword.arg)
        for path, call in calls("bootstrap")
        for keyword in call.keywords
        if keyword.arg in {None, "challenges", "policies", "judge"}
    ]
    assert given == [], "no entrypoint overrides anything"
    made = [path for path, call in calls("Services") for keyword in call.keywords if keyword.arg == "challenges"]
    assert made == [BOOTSTRAP]


def test_without_an_override_the_system_draws() -> None:
    (value,) = (
        keyword.value
        for path, call in calls("Services")
        for keyword in call.keywords
        if path == BOOTSTRAP and keyword.arg == "challenges"
    )

    assert ast.unparse(value) == "overrides.get('challenges') or SystemChallenges()"


def test_the_policies_that_serve_ask_for_all_enabled_movements() -> None:
    """What ``_policies`` makes of settings says nothing of movements: they are the default's."""
    (made,) = (call for path, call in calls("Policies") if path == BOOTSTRAP)

    assert "movements" not in {keyword.arg for keyword in made.keywords}
    assert not made.args


@pytest.mark.parametrize("source", [SystemChallenges(), KnownChallenges("turn_left", "look_up")])
def test_both_sources_are_the_port(source: Challenges) -> None:
    assert len(source.draw(ENABLED, 2)) == 2


def test_more_movements_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match=r"[Ss]ample"):
        SystemChallenges().draw(ENABLED, len(ENABLED) + 1)
