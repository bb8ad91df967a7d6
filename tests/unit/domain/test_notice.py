"""Notices: what may be published, and under which terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.consent import AUTHENTICATION, ENROLLMENT, PAPER, Collection
from domain.errors import InvalidInputError, NoticeVersionTakenError
from domain.notice import FRAUD_PREVENTION, MAX_CHARACTERS, Basis, Notice, Notices
from tests.property.machine import numbered_act

FIRST = Notice("2026-11", "Um aviso", "A notice")
OURS = Notice("2027-01", "# Aviso", "# Notice")
TESTED = Basis(AUTHENTICATION, FRAUD_PREVENTION, "a" * 64, "2026-12-01")
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "changed",
    [
        {"version": ""},
        {"version": "2027 01"},
        {"version": "<b>"},
        {"version": "x" * 41},
        {"pt_br": ""},
        {"en": " \n"},
        {"en": "x" * (MAX_CHARACTERS + 1)},
        {"pt_br": "a\x00b"},
        {"consent_days": 0},
        {"retention_days": -1},
        {"consent_days": 99_999},
        {"grace_days": 5},
        {"material": True, "grace_days": -1},
        {"bases": []},
        {"bases": [Basis(ENROLLMENT)]},
        {"bases": [Basis(ENROLLMENT), Basis(ENROLLMENT)]},
        {"bases": [Basis(ENROLLMENT), Basis("marketing")]},
        {"bases": [Basis(ENROLLMENT), Basis(AUTHENTICATION, "because")]},
        {"bases": [Basis(ENROLLMENT), Basis(AUTHENTICATION, FRAUD_PREVENTION)]},
        {"bases": [Basis(ENROLLMENT), Basis(AUTHENTICATION, FRAUD_PREVENTION, "A" * 64, "2026-12-01")]},
        {"bases": [Basis(ENROLLMENT), Basis(AUTHENTICATION, FRAUD_PREVENTION, "a" * 64, "2026-13-01")]},
        {"bases": [Basis(ENROLLMENT), Basis(AUTHENTICATION, test_sha256="a" * 64)]},
    ],
)
def test_what_could_not_be_shown_or_would_not_hold_is_not_published(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        Notices.begin(replace(OURS, **changed), built_in=FIRST, act=numbered_act(0))


def test_a_version_is_never_used_twice_not_even_the_built_in_one() -> None:
    with pytest.raises(NoticeVersionTakenError):
        Notices.begin(replace(OURS, version="2026-11"), built_in=FIRST, act=numbered_act(0))
    series = Notices.begin(OURS, built_in=FIRST, act=numbered_act(0))

    for version in ("2027-01", "2026-11"):
        with pytest.raises(NoticeVersionTakenError):
            series.publish(replace(OURS, version=version, pt_br="Outro"), built_in=FIRST, act=numbered_act(1))
    assert [published.notice for published in series.published] == [OURS]


def test_the_digest_covers_both_languages() -> None:
    digests = {n.sha256 for n in (OURS, replace(OURS, pt_br="x"), replace(OURS, en="x"), replace(OURS, version="v"))}

    assert len(digests) == 3


def test_a_consent_has_an_end_only_where_the_purpose_rests_on_consent() -> None:
    notice = replace(OURS, consent_days=365, bases=[Basis(ENROLLMENT), TESTED])
    notice.check()

    assert notice.expires_at(ENROLLMENT, NOW) == NOW + timedelta(days=365)
    assert notice.expires_at(AUTHENTICATION, NOW) is None
    assert OURS.expires_at(ENROLLMENT, NOW) is None
    assert notice.asks_consent
    assert not replace(notice, bases=[replace(TESTED, purpose=ENROLLMENT), TESTED]).asks_consent


@pytest.mark.parametrize(
    "given",
    [
        (PAPER, "", ""),
        (PAPER, "token:1", "abc"),
        (PAPER, "token:1", "G" * 64),
        ("session", "token:1", ""),
        ("code", "", "a" * 64),
    ],
)
def test_paper_is_attested_by_somebody_and_nothing_else_is(given: tuple[str, str, str]) -> None:
    with pytest.raises(InvalidInputError):
        Collection(*given)
