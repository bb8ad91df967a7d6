"""Read models keep up with the store: nothing twice, nothing half, the same again from the beginning."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from adapters.memory.read_models import MemoryReadModels
from adapters.read_model_tables import READ_MODEL_TABLES
from application import consent as consents
from application import erase, holds, retention, rotate
from application.ports.event_store import RecordedEvent
from application.projecting import BATCH, Projector
from application.projections.changes import Change, Put
from application.projections.rows import ACTIVE_TEMPLATES, PROJECTIONS, Projection
from domain.account import Account
from domain.device import Device
from domain.enrollment import Enrollment
from domain.errors import NotFoundError, UnavailableError
from tests.house import ICU, LAB, House, frames, person, pictures
from tests.unit.application.incident_stories import assessed, opened
from tests.unit.application.passwording import by_both, by_password
from tests.unit.application.requesting import rights_used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from application.ports.read_models import Step

INTERPRETING = [projection for projection in PROJECTIONS if projection.name != "event_index"]
"""All but the index of history, which shows what nobody can read, too."""
Views = dict[str, list[dict[str, Any]]]


def live(house: House) -> House:
    """A day in the life: every kind of row comes into being and changes."""
    ana, bia, caio = (house.enroll(name) for name in ("ana", "bia", "caio"))
    house.enroll("davi", department=LAB, pictures=[*pictures("davi", 7), b"garbage"])
    for face in ("ana", "bia", "stranger"):
        house.sign_in(face)
    house.shown(frames("ana", [0.01] * 6)).decide()
    house.shown(frames("ana")[:1]).abandon("client_gone")
    enrollment = house.store.get(Enrollment, bia.enrollment_id)
    enrollment.suspend(reason="leave", act=house.act())
    enrollment.change_department(LAB, act=house.act())
    enrollment.override_threshold(0.6, act=house.act())
    enrollment.reinstate(act=house.act())
    enrollment.rename(**person("bea").sealed(house.vault, bia.subject_id), act=house.act())
    house.store.save(enrollment)
    account = Account.open(
        bia.subject_id, department=LAB, act=house.act(), **person("bea").sealed(house.vault, bia.subject_id)
    )
    account.set_password("sealed", act=house.act())
    account.move(ICU, act=house.act())
    account.rehash_password("sealed anew", act=house.act())
    account.suspend(reason="leave", act=house.act())
    tablet = Device.pair(house.services.ids.new(), department=ICU, label="ward 4", public_jwk="{}", act=house.act())
    tablet.revoke(reason="lost", act=house.act())
    house.store.save(account, tablet)
    by_password(house)
    by_both(house)
    assessed(house, opened(house))
    consents.withdraw(house.services, ana.subject_id, reason="mine", act=house.act())
    consents.grant(house.services, ana.subject_id, notice_version="2026-11", act=house.act())
    rights_used(house, bia.subject_id)
    rotate.plan(house.services, reason="transform_renewal", act=house.act())
    rotate.run(house.services, act=house.act())
    erase.erase(house.services, caio.subject_id, act=house.act(), now=True)
    holds.place(house.services, scope="subject", value=str(ana.subject_id), reason="incident", act=house.act())
    retention.run(house.services, act=house.act())
    return house


def views(read_models: Any) -> Views:
    return {table: read_models.rows(table) for table in READ_MODEL_TABLES}


def counting() -> tuple[Projection, list[int]]:
    """A projection that remembers the positions it was given, and makes one row of each."""
    seen: list[int] = []

    def changes(event: RecordedEvent) -> list[Change]:
        seen.append(event.position)
        return [Put("session_rows", {"session_id": UUID(int=event.position)}, {"position": event.position})]

    return Projection("counting", ("session_rows",), changes), seen


def test_a_rebuild_gives_the_live_views_row_for_row(house: House) -> None:
    live(house)
    house.services.projector.catch_up()
    before = views(house.services.read_models)
    assert all(before.values()), "the story was to fill every table"

    for name in house.services.projector.names:
        assert house.services.projector.rebuild(name) == len(house.names())

    assert views(house.services.read_models) == before


def test_event_by_event_or_all_at_once_comes_to_the_same(house: House) -> None:
    live(house)
    house.services.projector.catch_up()
    slowly = MemoryReadModels()
    for event in house.store.read(0, 10_000):
        for projection in PROJECTIONS:
            at = slowly.checkpoint(projection.name)
            slowly.apply(projection.name, projection.changes(event), expected=at, position=event.position)

    assert views(slowly) == views(house.services.read_models)


def test_rebuilding_one_read_model_leaves_the_others_alone(house: House) -> None:
    live(house)
    house.services.projector.catch_up()
    before = house.services.projector.lag()

    house.services.projector.rebuild("face_auth_logs")

    assert house.services.projector.lag() == before


def test_a_rebuild_tells_how_far_it_is(house: House) -> None:
    for _ in range(BATCH):
        house.shown([])
    told: list[tuple[int, int]] = []

    house.services.projector.rebuild("face_auth_logs", progress=lambda done, of: told.append((done, of)))

    assert told == [(200, 400), (400, 400)]


def test_there_is_nothing_to_rebuild_under_an_unknown_name(house: House) -> None:
    with pytest.raises(NotFoundError, match="face_auth_logs"):
        house.services.projector.rebuild("typo")


def test_a_projector_resumes_where_another_stopped(house: House) -> None:
    read_models = MemoryReadModels()
    projection, seen = counting()
    house.enroll("ana")
    Projector(house.store, read_models, [projection]).catch_up()
    so_far = len(seen)
    house.sign_in("ana")

    Projector(house.store, read_models, [projection]).catch_up()

    assert so_far == 10
    assert seen == list(range(1, 16))


def test_the_lag_says_how_far_behind_each_read_model_is(house: House) -> None:
    house.enroll("ana")
    house.services.projector.catch_up()
    newest = house.store.position()
    house.shown([])

    assert set(house.services.projector.lag().values()) == {(newest, newest + 2)}


def test_two_projectors_on_one_store_apply_nothing_twice(house: House) -> None:
    read_models = MemoryReadModels()
    projectors = [Projector(house.store, read_models) for _ in range(2)]
    for projector in projectors:
        projector.start()
    try:
        live(house)
        newest = house.store.position()
        for projector in projectors:
            projector.catch_up(newest)
    finally:
        for projector in projectors:
            projector.stop()

    house.services.projector.catch_up()
    assert views(read_models) == views(house.services.read_models)


def test_racing_projectors_commit_each_event_once(house: House) -> None:
    read_models = MemoryReadModels()
    applied: list[tuple[str, int, int]] = []

    class Watching:
        """The read models, which remember every transaction that went through."""

        def __getattr__(self, name: str) -> Any:
            return getattr(read_models, name)

        def apply_each(self, steps: Sequence[Step]) -> set[str]:
            late = read_models.apply_each(steps)
            applied.extend((one.projection, one.expected, one.position) for one in steps if one.projection not in late)
            return late

    for _ in range(150):
        house.shown([])
    start = threading.Barrier(4)

    def drain() -> None:
        start.wait()
        Projector(house.store, Watching(), [ACTIVE_TEMPLATES]).catch_up()

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(expected, position) for _, expected, position in applied] == [(0, 200), (200, 300)]


def test_a_running_projector_is_waited_for(house: House) -> None:
    house.services.projector.start()
    try:
        house.enroll("ana")
        house.services.projector.catch_up()

        assert [row["status"] for row in house.services.read_models.rows("enrollment_rows")] == ["active"]
    finally:
        house.services.projector.stop()


def test_waiting_for_a_projector_that_cannot_ends_in_unavailable(house: House) -> None:
    house.services.projector.start()
    try:
        with pytest.raises(UnavailableError):
            house.services.projector.catch_up(house.store.position() + 1, timeout_s=0.05)
    finally:
        house.services.projector.stop()


def test_a_running_projector_outlives_a_lost_store(house: House) -> None:
    house.services.projector.start()
    try:
        house.store.lost = True
        while not house.faults:
            time.sleep(0.01)
        house.store.lost = False
        house.enroll("ana")
        house.services.projector.catch_up()

        assert len(house.services.read_models.rows("enrollment_rows")) == 1
    finally:
        house.services.projector.stop()


@pytest.mark.parametrize("projection", INTERPRETING, ids=lambda projection: projection.name)
@pytest.mark.parametrize("name", ["damaged", "attempt.started.v9", "enrollment.repainted.v1", ""])
def test_an_event_of_an_unknown_name_changes_nothing(house: House, projection: Projection, name: str) -> None:
    house.enroll("ana")
    strange = replace(house.store.read()[0], name=name, fields={})

    assert projection.changes(strange) == []


def test_a_damaged_event_does_not_stop_the_read_models(house: House) -> None:
    house.enroll("ana")
    rows = house.store._recorder._stored_events  # type: ignore[attr-defined]  # the memory recorder's list
    rows[3] = replace(rows[3], state=b"\x01" + bytes(64))

    (row,) = house.rows("enrollment_rows")

    assert row["status"] == "active"
    assert set(house.services.projector.lag().values()) == {(10, 10)}


def test_the_rows_a_gallery_starts_from_hold_the_templates_that_serve_and_no_others(house: House) -> None:
    serving, suspended, revoked = (house.enroll(name) for name in ("ana", "bia", "caio"))
    enrollment = house.store.get(Enrollment, suspended.enrollment_id)
    enrollment.suspend(reason="leave", act=house.act())
    house.store.save(enrollment)
    house.enrolling.cancel(revoked.enrollment_id, department=ICU, reason="left", act=house.act())

    rows = house.rows("active_template_rows")

    assert {row["enrollment_id"]: row["active"] for row in rows} == {
        serving.enrollment_id: True,
        suspended.enrollment_id: False,
    }


def test_the_log_says_what_became_of_each_attempt_and_why(house: House) -> None:
    house.enroll("ana")
    house.sign_in("ana")
    house.sign_in("stranger", claim="ana.souza")
    house.shown(frames("ana", [0.01] * 6)).decide()
    house.shown([]).abandon("client_gone")

    rows = house.rows("auth_log_rows")

    assert [(row["state"], row["success"], row["code"], row["reason"]) for row in rows] == [
        ("succeeded", True, "ok", None),
        ("fallback_offered", False, "face_not_recognised", "below_threshold"),
        ("fallback_offered", False, "presentation_attack", "median_below_threshold"),
        ("abandoned", False, None, "client_gone"),
    ]
    assert [row["claimed"] for row in rows] == [False, True, None, None]
    assert [row["frames_judged"] for row in rows] == [3, 3, 6, 0]


def test_every_row_says_which_event_changed_it_last(house: House) -> None:
    live(house)
    house.services.projector.catch_up()

    positions = {row["position"] for rows in views(house.services.read_models).values() for row in rows}

    assert None not in positions
    assert positions <= set(range(1, house.store.position() + 1))


def test_a_bug_in_a_projection_is_reported_and_does_not_end_the_projector_for_good(house: House) -> None:
    heard: list[Exception] = []
    healthy, seen = counting()
    stumbles = iter([True])

    def changes(event: RecordedEvent) -> list[Change]:
        if next(stumbles, False):
            raise KeyError("a bug")
        return healthy.changes(event)

    projector = Projector(house.store, MemoryReadModels(), [replace(healthy, changes=changes)], on_fault=heard.append)
    house.enroll("ana")
    projector.start()
    projector.catch_up(timeout_s=10)
    projector.stop()

    assert [type(error) for error in heard] == [KeyError]
    assert seen == sorted(set(seen))
    assert len(seen) == len(house.names())


def test_a_rebuild_that_was_cut_off_is_finished_by_the_running_projector(house: House) -> None:
    live(house)
    projector = house.services.projector
    projector.start()
    projector.catch_up()
    whole = house.rows("session_rows")

    house.services.read_models.reset("face_auth_sessions", ["session_rows"])
    projector.catch_up(timeout_s=10)
    projector.stop()

    assert house.rows("session_rows") == whole
