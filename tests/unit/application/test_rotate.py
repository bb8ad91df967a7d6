"""Rotation campaigns: everybody of the scope once, whatever cuts them off and whoever changes beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import DIMENSION, MODEL
from application import rotate
from application.consent import revoke_enrollment
from application.ports.keys import ACTIVE, DESTROYED, RETIRED, RETIRING
from application.ports.vault import subject_owner
from application.templates import open_template
from application.transforms import destroy_retired_transforms
from domain.errors import (
    KeysReadOnlyError,
    NotFoundError,
    TransformUnknownError,
)
from tests.house import ICU, LAB, House
from tests.synthetic import populate, random_face
from tests.unit.application.rotating import (
    FIRST,
    Killed,
    enrolment,
    journal,
    killed_after,
    plan,
    run,
    transforms,
)

if TYPE_CHECKING:
    from uuid import UUID


@pytest.fixture
def people(house: House) -> list[UUID]:
    """Six people of intensive care."""
    return populate(house.services, 6, department=ICU, model=MODEL, dimension=DIMENSION)


def test_a_renewal_takes_everybody_to_the_new_transform_and_the_face_stays(house: House, people: list[UUID]) -> None:
    before = [enrolment(house, subject).template_id for subject in people]
    heard: list[tuple[int, int]] = []
    planned = plan(house)

    report = run(house, progress=lambda done, total: heard.append((done, total)))

    assert (report.state, report.rotated, report.left, report.skipped) == ("completed", 6, 0, {})
    assert heard == [(number, 6) for number in range(1, 7)]
    for number, subject in enumerate(people):
        now = enrolment(house, subject)
        assert now.template is not None
        assert now.transform == planned.transform != FIRST
        assert now.template_id not in before
        opened = open_template(house.vault, subject, now.template)
        same = house.services.protection.protect(random_face(number, MODEL, DIMENSION), planned.transform)
        assert opened.similarity(same) > 0.999


def test_the_former_transform_is_retired_then_and_destroyed_once_no_backup_needs_it(
    house: House, people: list[UUID]
) -> None:
    planned = plan(house)
    assert transforms(house) == {FIRST: RETIRING, planned.transform: ACTIVE}
    run(house)
    assert transforms(house) == {FIRST: RETIRED, planned.transform: ACTIVE}

    house.clock.advance(timedelta(days=34))
    assert destroy_retired_transforms(house.services, house.act()) == []
    house.clock.advance(timedelta(days=1))
    assert destroy_retired_transforms(house.services, house.act()) == [FIRST]
    assert transforms(house)[FIRST] == DESTROYED
    assert ("transform.retired", "done", "ok") in journal(house)
    assert ("transform.destroyed", "done", "ok") in journal(house)
    assert len(people) == len(house.rows("active_template_rows", transform=planned.transform))


def test_the_history_shows_old_and_new_ids_of_every_template_and_a_replay_the_same(
    house: House, people: list[UUID]
) -> None:
    old = {subject: enrolment(house, subject).template_id for subject in people}
    plan(house, "schedule")
    run(house)

    rows = house.rows("template_history_rows")
    new = {row["subject_id"]: row for row in rows if row["reason"] == "schedule"}
    assert {subject: row["replaces"] for subject, row in new.items()} == old
    assert {(row["status"], row["retired_at"], row["created_by"]) for row in new.values()} == {
        ("active", None, "token:admin")
    }
    retired = [row for row in rows if row["template_id"] in old.values()]
    assert {(row["status"], row["retired_at"] is None) for row in retired} == {("rotated", False)}
    for name in ("face_template_history", "rotations"):
        before = house.rows("template_history_rows"), house.rows("rotation_rows")
        house.services.projector.rebuild(name)
        assert (house.rows("template_history_rows"), house.rows("rotation_rows")) == before


def test_what_happens_to_a_person_later_leaves_the_retired_template_as_it_was(house: House, people: list[UUID]) -> None:
    plan(house)
    run(house)
    person = enrolment(house, people[0])
    person.suspend(reason="leave", act=house.act())
    person.reinstate(act=house.act())
    person.change_department(LAB, act=house.act())
    person.revoke(reason="left", act=house.act())
    house.store.save(person)

    old, new = sorted(house.rows("template_history_rows", subject_id=people[0]), key=lambda row: row["created_at"])
    assert (old["status"], old["department"], old["reason"]) == ("rotated", ICU, "enrollment")
    assert (new["status"], new["department"], new["reason"]) == ("revoked", LAB, "left")


def test_somebody_erased_or_revoked_meanwhile_is_left_alone(house: House, people: list[UUID]) -> None:
    plan(house)

    def leave(done: int, _total: int) -> None:
        if done != 1:
            return
        left = [p for p in people if enrolment(house, p).transform == FIRST]
        revoke_enrollment(house.services, enrolment(house, left[0]), reason="left", act=house.act())
        house.vault.destroy_key(subject_owner(left[1]))

    report = run(house, progress=leave)

    assert (report.state, report.rotated) == ("completed", 4)
    assert report.skipped == {"revoked": 1, "erased": 1}


def test_somebody_changed_just_before_the_commit_is_done_on_the_next_try(house: House, people: list[UUID]) -> None:
    plan(house)

    def suspend() -> None:
        left = next(p for p in people if enrolment(house, p).transform == FIRST)
        for subject in people:
            person = enrolment(house, subject)
            if person.status == "active" and subject == left:
                person.suspend(reason="leave", act=house.act())
                house.store.save(person)

    def arm(done: int, _total: int) -> None:
        if done == 2:
            house.store.before_next_save = suspend

    report = run(house, progress=arm)

    assert (report.state, report.rotated, report.skipped) == ("completed", 6, {})
    assert house.names().count("enrollment.suspended.v1") == 1
    suspended = house.rows("active_template_rows", active=False)
    assert [row["transform"] for row in suspended] == [report.transform]
    assert [row["status"] for row in house.rows("template_history_rows", template_id=suspended[0]["template_id"])] == [
        "suspended"
    ]


def test_people_who_come_during_a_campaign_need_nothing_of_it(house: House, people: list[UUID]) -> None:
    planned = plan(house)
    late: list[UUID] = []

    def come(done: int, _total: int) -> None:
        if done == 2:
            late.extend(populate(house.services, 2, department=ICU, model=MODEL, dimension=DIMENSION, first=20))

    report = run(house, progress=come)

    assert report.rotated == len(people)
    assert {enrolment(house, subject).transform for subject in late} == {planned.transform}


def test_a_campaign_over_a_department_takes_those_who_move_into_it_meanwhile(house: House, people: list[UUID]) -> None:
    (mover,) = populate(house.services, 1, department=LAB, model=MODEL, dimension=DIMENSION, first=20)
    plan(house, scope="department", value=ICU)

    def move(done: int, _total: int) -> None:
        if done == 3:
            person = enrolment(house, mover)
            person.change_department(ICU, act=house.act())
            house.store.save(person)

    assert run(house, progress=move).rotated == len(people) + 1


def test_a_cancelled_campaign_leaves_the_done_done_and_both_transforms_live(house: House, people: list[UUID]) -> None:
    planned = plan(house)

    def call_off(done: int, _total: int) -> None:
        if done == 3:
            rotate.cancel(house.services, planned.id, reason="wrong week", act=house.act())

    report = run(house, progress=call_off)

    assert (report.state, report.rotated) == ("cancelled", 3)
    assert sorted(enrolment(house, subject).transform for subject in people) == [FIRST] * 3 + [planned.transform] * 3
    assert transforms(house) == {FIRST: RETIRING, planned.transform: ACTIVE}
    (row,) = house.rows("rotation_rows")
    assert (row["status"], row["rotated"], row["ended_reason"]) == ("cancelled", 3, "wrong week")


def test_a_ring_without_the_target_stops_the_campaign_before_anything_changes(house: House, people: list[UUID]) -> None:
    planned = plan(house)
    house.keys.add_transform()
    house.keys.retire_transform(planned.transform)
    house.keys.destroy_transform(planned.transform)

    with pytest.raises(TransformUnknownError):
        run(house)
    assert {enrolment(house, subject).transform for subject in people} == {FIRST}


def test_compromised_keys_are_replaced_and_the_old_transform_destroyed_at_once(
    house: House, people: list[UUID]
) -> None:
    (before,) = [kek.key_id for kek in house.keys.status().keks]
    planned = plan(house, "key_compromise")

    report = run(house)

    assert (report.state, report.rotated) == ("completed", len(people))
    assert transforms(house) == {FIRST: DESTROYED, planned.transform: ACTIVE}
    states = {kek.key_id: (kek.state, kek.holds) for kek in house.keys.status().keks}
    assert states[before][0] != ACTIVE
    assert states[before][1] == 0


def test_a_campaign_for_compromised_keys_makes_one_new_key_however_often_it_is_cut_off(
    house: House, people: list[UUID]
) -> None:
    plan(house, "key_compromise")
    with pytest.raises(Killed):
        run(house, progress=killed_after(2))
    with pytest.raises(Killed):
        run(house, progress=killed_after(4))
    run(house)

    assert len(house.keys.status().keks) == 2
    assert len(people) == 6


def test_templates_older_than_the_policy_are_renewed_without_anybody_asking(house: House, people: list[UUID]) -> None:
    assert rotate.rotate_by_age(house.services, act=house.act()) is None
    house.clock.advance(timedelta(days=366))

    report = rotate.rotate_by_age(house.services, act=house.act())

    assert report is not None
    assert (report.reason, report.scope, report.state, report.rotated) == ("policy", "all", "completed", len(people))
    assert rotate.rotate_by_age(house.services, act=house.act()) is None


def test_one_that_cannot_be_renewed_does_not_start_a_campaign_every_hour(house: House, people: list[UUID]) -> None:
    house.vault.destroy_key(subject_owner(people[0]))
    house.clock.advance(timedelta(days=366))
    first = rotate.rotate_by_age(house.services, act=house.act())
    house.clock.advance(timedelta(hours=1))

    assert first is not None
    assert first.skipped == {"erased": 1}
    assert rotate.rotate_by_age(house.services, act=house.act()) is None


def test_a_campaign_that_was_cut_off_is_resumed_without_anybody_asking_but_a_mere_plan_waits(
    house: House, people: list[UUID]
) -> None:
    plan(house)
    assert rotate.rotate_by_age(house.services, act=house.act()) is None
    with pytest.raises(Killed):
        run(house, progress=killed_after(2))

    report = rotate.rotate_by_age(house.services, act=house.act())

    assert report is not None
    assert (report.state, report.rotated) == ("completed", len(people))


def test_the_status_tells_what_was_planned_how_far_it_is_and_how_it_ended(house: House, people: list[UUID]) -> None:
    first = plan(house, "schedule")
    assert [(r.state, r.left) for r in rotate.status(house.services)] == [("planned", 6)]
    with pytest.raises(Killed):
        run(house, progress=killed_after(2))
    assert [(r.state, r.rotated, r.left) for r in rotate.status(house.services)] == [("running", 2, 4)]
    run(house)
    plan(house, "policy")

    assert [(r.reason, r.state) for r in rotate.status(house.services)] == [
        ("policy", "planned"),
        ("schedule", "completed"),
    ]
    (report,) = rotate.status(house.services, first.id)
    assert (report.rotated, report.total, report.ended_at is not None) == (6, len(people), True)
    with pytest.raises(NotFoundError):
        rotate.status(house.services, house.services.ids.new())


def test_nothing_unsealed_is_left_behind_by_a_campaign(
    house: House, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    carry = house.services.protection.carry

    def watched(template: Any, transform: str) -> Any:
        seen.extend([template, carry(template, transform)])
        return seen[-1]

    monkeypatch.setattr(house.services.protection, "carry", watched)
    plan(house)
    run(house)

    assert len(seen) == 2 * len(people)
    assert not any(embedding.vector.any() for embedding in seen)


def test_keys_that_only_the_operator_can_replace_stop_a_campaign_for_compromise_before_it_begins(
    house: House, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> str:
        raise KeysReadOnlyError("add a key to the environment")

    monkeypatch.setattr(house.keys, "add_kek", refuse)
    plan(house, "key_compromise")

    with pytest.raises(KeysReadOnlyError):
        run(house)
    assert ("rotation.run", "refused", "keys_read_only") in journal(house)
    assert {enrolment(house, subject).transform for subject in people} == {FIRST}
