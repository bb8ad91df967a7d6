"""Whatever history can say has words: every event, every code, every reason that policies and services give."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from application.explain_checks import STEPS
from application.outcome import NEXT_STEPS
from application.turnstile import FAILURES
from application.words import Words
from application.words.codes import CODES
from application.words.events import EVENTS, UNKNOWN, words_of
from application.words.reasons import REASONS, UNSAID, reason_words
from domain.errors import FaceauthError
from domain.policies import continuity, depth, liveness, matching, movement
from tests.unit.test_topics import PINNED

ROOT = Path(__file__).parents[2]
TOPICS = sorted(topic for topics in PINNED.values() for topic in topics)


def subclasses(kind: type[FaceauthError]) -> Iterator[type[FaceauthError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def every_code() -> set[str]:
    for file in (*ROOT.glob("application/**/*.py"), *ROOT.glob("domain/**/*.py"), *ROOT.glob("entrypoints/http/*.py")):
        importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    errors = {each.code for each in subclasses(FaceauthError)} | {FaceauthError.code}
    insufficient = {liveness.LIVENESS_FAILED, liveness.PRESENTATION_ATTACK, liveness.CHALLENGE_FAILED}
    return errors | insufficient | {liveness.QUALITY_TOO_LOW, "timeout"} | set(NEXT_STEPS) | set(FAILURES)


def given_reasons() -> set[str]:
    """Reasons in the source of the policies and of the services that refuse and abandon attempts."""
    constants = {
        getattr(module, name)
        for module, names in {
            continuity: "FACE_LOST FACE_JUMP FACE_CHANGED SCENE_JUMP MANY_FACES TIME_BACKWARDS CLOCKS_DISAGREE"
            " RATE_TOO_LOW RATE_TOO_HIGH REPEATED LOOP",
            depth: "DEPTH_FLAT DEPTH_ABSENT DEPTH_INVERTED DEPTH_SCALE DEPTH_FROZEN DEPTH_INCOMPLETE",
            matching: "GALLERY_EMPTY BELOW_THRESHOLD MARGIN_TOO_SMALL CLAIM_NOT_FOUND",
            liveness: "LATEST_BELOW",
        }.items()
        for name in names.split()
    }
    told = set()
    for file in ("domain/policies/watching.py", "domain/policies/challenge.py", "application/witness.py"):
        told |= set(re.findall(r'Insufficient\(\w+, "(\w+)"\)', (ROOT / file).read_text(encoding="utf-8")))
    proving = (ROOT / "application/proving.py").read_text(encoding="utf-8")
    told |= set(re.findall(r'^[A-Z]+: Final = "(device_\w+)"', proving, re.MULTILINE))
    for file in ("application/interrupted.py", "application/authenticate.py", "application/password_check.py"):
        told |= set(re.findall(r'(?:reason=|return )"([a-z]+_[a-z_]+)"', (ROOT / file).read_text(encoding="utf-8")))
    quality = (ROOT / "adapters/vision/quality.py").read_text(encoding="utf-8")
    told |= set(re.findall(r'^    "\w+": "([a-z_]+)",', quality, re.MULTILINE))
    return constants | told


@pytest.mark.parametrize("topic", TOPICS)
def test_every_kind_of_event_has_words(topic: str) -> None:
    assert words_of(topic) is not UNKNOWN
    assert all(words_of(topic))


def test_words_are_of_no_event_that_there_is_not() -> None:
    assert {f"{name}.v1" for name in EVENTS} <= set(TOPICS)


def test_every_code_has_words() -> None:
    assert every_code() - CODES.keys() == set()


def test_every_reason_that_is_given_has_words() -> None:
    reasons = given_reasons()
    assert len(reasons) > 40
    assert {reason for reason in reasons if reason_words(reason).pt.startswith("motivo “")} == set()


@pytest.mark.parametrize("move", movement.ENABLED)
def test_what_was_not_done_as_asked_has_words(move: str) -> None:
    for reason in (f"{move}_not_seen", f"{move}_too_late", f"blink_instead_of_{move}"):
        assert not reason_words(reason).pt.startswith("motivo “")


def test_a_reason_of_another_version_is_shown_as_it_is() -> None:
    assert reason_words("moon_too_full") == UNSAID.with_values(code="moon_too_full")


def test_all_words_are_in_both_languages_and_differ() -> None:
    for words in (*EVENTS.values(), *CODES.values(), *REASONS.values(), *STEPS.values()):
        assert isinstance(words, Words)
        assert words.pt.strip()
        assert words.en.strip()
        assert words.pt != words.en


def test_an_event_nobody_knows_says_so() -> None:
    assert words_of("damaged", known=False) is UNKNOWN
    assert "pode ser lido" in words_of("damaged").pt
