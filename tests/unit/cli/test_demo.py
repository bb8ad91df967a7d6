"""What the demo says when something goes otherwise than it should."""

from __future__ import annotations

import json

import pytest
import typer

from entrypoints.cli.demo import STORY, Step, print_step, report, told

WELL = Step("Pessoa 1: entra", "person 1 is let in", "pessoa1", "pessoa1")
WRONG = Step("Pessoa 5: recusada", "person 5: refused", "face_not_recognised", "pessoa4")


def test_a_stranger_who_is_let_in_makes_the_demo_fail(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_:
        report([WELL, WRONG], [], as_json=True)

    shown = json.loads(capsys.readouterr().out)
    assert exit_.value.exit_code == 1
    assert [step["ok"] for step in shown["steps"]] == [True, False]
    assert shown["ok"] is False


def test_a_step_that_went_wrong_says_what_was_expected_and_what_came(capsys: pytest.CaptureFixture[str]) -> None:
    print_step(WRONG)

    line = capsys.readouterr().out
    assert line.startswith("✗ Pessoa 5: recusada / person 5: refused")
    assert "face_not_recognised" in line
    assert line.rstrip().endswith("got pessoa4")


def test_a_history_that_lacks_an_event_differs_by_name() -> None:
    history = [{"event": name} for name, count in STORY.items() for _ in range(count)]

    assert told(history).ok
    assert told(history[1:]).got == "enrollment.activated.v1 x 3, not 4"
