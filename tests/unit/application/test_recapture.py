"""A new model without an appointment: the old template serves until a visit brings captures for the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.memory.vision import FORMER_MODEL, MODEL, picture
from application import rotate
from application.consent import live_enrollment
from application.enroll import EnrollmentRefusedError
from application.outcome import NOT_RECOGNISED
from domain.rotation import MODEL_UPGRADE
from tests.house import House, WatchedJudge, build_house, frames, restarted

if TYPE_CHECKING:
    from uuid import UUID

    from application.campaigns import Report
    from domain.biometrics import SealedTemplate


@pytest.fixture
def former() -> House:
    """A house that worked with the former model, with Ana and Bruno enrolled."""
    house = build_house(judge=WatchedJudge(model=FORMER_MODEL))
    for name in ("ana", "bruno"):
        house.enroll(name)
    return house


@pytest.fixture
def house(former: House) -> House:
    """The same house with both models loaded."""
    return restarted(former, WatchedJudge(former=FORMER_MODEL))


def subject(house: House, name: str) -> UUID:
    digest = house.vault.digest("username", f"{name}.souza")
    found = house.store.claimant("username", digest)
    assert found is not None
    return found


def template(house: House, name: str) -> SealedTemplate:
    enrollment = live_enrollment(house.services, subject(house, name))
    assert enrollment is not None
    assert enrollment.template is not None
    return enrollment.template


def upgrade(house: House) -> Report:
    rotate.plan(house.services, reason=MODEL_UPGRADE, act=house.act())
    report = rotate.run(house.services, act=house.act())
    assert report is not None
    return report


def test_before_a_campaign_the_former_model_s_templates_serve_and_stay(house: House) -> None:
    assert house.sign_in("ana").success
    assert template(house, "ana").model == FORMER_MODEL


def test_a_campaign_asks_for_cameras_and_locks_nobody_out(house: House) -> None:
    report = upgrade(house)

    assert (report.state, report.rotated, report.awaited) == ("waiting_for_recapture", 0, 2)
    assert house.names().count("rotation.recapture_required.v1") == 2
    assert house.sign_in("bruno").success


def test_the_next_visit_brings_the_new_template_and_both_are_never_active_together(house: House) -> None:
    old = template(house, "ana")
    upgrade(house)

    assert house.sign_in("ana").success

    new = template(house, "ana")
    assert (new.model, old.model) == (MODEL, FORMER_MODEL)
    assert new.template_id != old.template_id
    active = [row for row in house.rows("active_template_rows") if row["subject_id"] == subject(house, "ana")]
    assert [row["template_id"] for row in active] == [new.template_id]
    history = {row["template_id"]: row for row in house.rows("template_history_rows")}
    assert (history[old.template_id]["status"], history[new.template_id]["replaces"]) == ("rotated", old.template_id)
    assert house.gallery.size("icu") == 2
    assert house.sign_in("ana").success, "by the new model now"
    assert house.last("attempt.succeeded.v1")["match"].model == MODEL
    assert template(house, "ana").template_id == new.template_id, "once is enough"
    assert template(house, "bruno").model == FORMER_MODEL


def test_the_last_visit_lets_the_campaign_be_completed(house: House) -> None:
    upgrade(house)
    for name in ("ana", "bruno"):
        assert house.sign_in(name).success

    report = rotate.rotate_by_age(house.services, act=house.act())

    assert report is not None
    assert (report.state, report.rotated, report.awaited) == ("completed", 2, 0)
    morning = restarted(house, WatchedJudge())
    assert [morning.sign_in(name).success for name in ("ana", "bruno")] == [True, True]


def test_somebody_gone_is_waited_for_no_longer(house: House) -> None:
    upgrade(house)
    assert house.sign_in("ana").success
    enrollment = live_enrollment(house.services, subject(house, "bruno"))
    assert enrollment is not None
    enrollment.revoke(reason="left", act=house.act())
    house.store.save(enrollment)

    report = rotate.rotate_by_age(house.services, act=house.act())

    assert report is not None
    assert (report.state, report.rotated) == ("completed", 1)


def test_the_template_is_not_made_of_another_face_that_was_shown_as_well(house: House) -> None:
    upgrade(house)
    visit = [
        picture("eve", take=1),
        picture("eve", take=2),
        *frames("ana")[:1],
        picture("eve", take=3),
        *frames("ana")[1:],
    ]

    outcome = house.shown(visit).decide()

    if outcome.success:
        assert house.last("attempt.succeeded.v1")
    new = template(house, "ana")
    assert new.model == FORMER_MODEL or house.sign_in("ana").success
    assert house.sign_in("eve").code == NOT_RECOGNISED


@pytest.mark.parametrize(
    "visit",
    [
        [picture("ana", take=100)] * 3,
        [picture("ana", take=100), picture("ana", take=101, pad=0.3), picture("ana", take=102, pad=0.1)],
    ],
    ids=["one picture three times", "hardly anything live"],
)
def test_a_visit_with_too_few_captures_leaves_the_old_template_serving(house: House, visit: list[bytes]) -> None:
    upgrade(house)
    before = template(house, "ana").template_id

    house.shown(visit).decide()

    assert template(house, "ana").template_id == before
    assert house.sign_in("ana").success
    assert template(house, "ana").model == MODEL


def test_a_failure_of_the_recapture_does_not_turn_away_who_was_recognised(house: House) -> None:
    upgrade(house)
    attempt = house.shown(frames("ana"))

    def fail_then() -> None:
        house.store.before_next_save = lose_the_database

    def lose_the_database() -> None:
        house.store.lost = True

    house.store.before_next_save = fail_then
    assert attempt.decide().success
    house.store.lost = False

    assert template(house, "ana").model == FORMER_MODEL
    assert house.traces == 0
    assert house.sign_in("ana").success
    assert template(house, "ana").model == MODEL


def test_nothing_of_a_visit_is_left_in_memory(house: House) -> None:
    upgrade(house)

    assert house.sign_in("ana").success

    assert template(house, "ana").model == MODEL
    assert house.traces == 0


def test_without_the_former_model_its_templates_serve_nobody_and_nothing_breaks(former: House) -> None:
    house = restarted(former, WatchedJudge())

    assert house.sign_in("ana").code == NOT_RECOGNISED
    assert np.isclose(house.gallery.size("icu"), 0)


def test_a_new_person_is_found_to_be_here_already_by_the_former_template(house: House) -> None:
    upgrade(house)

    assert house.enroll("carla").subject_id not in {subject(house, "ana"), subject(house, "bruno")}
    with pytest.raises(EnrollmentRefusedError, match="another identity"):
        house.enroll("davi", face="ana")
