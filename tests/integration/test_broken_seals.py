"""What somebody damaged in the database admits nobody, stops nobody else, and is in the history once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from adapters.memory.clock import FixedClock
from adapters.memory.vision import scripted_judge
from application import history
from application.authenticate import Authentication
from application.notice import BUILT_IN
from application.outcome import Client
from application.ports.vault import subject_owner
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, frames, person, pictures

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from application.enroll import Enrolled

pytestmark = pytest.mark.database

DAMAGES = {
    "data key": (
        "UPDATE data_keys SET wrapped = set_byte(wrapped, 59, get_byte(wrapped, 59) # 1) WHERE owner = %(owner)s",
        "seal_broken",
    ),
    "data key of nobody's key": ("UPDATE data_keys SET kek_id = 'kek-x' WHERE owner = %(owner)s", "kek_unknown"),
    "data key of another": (
        """
        UPDATE data_keys AS mine SET wrapped = other.wrapped FROM data_keys AS other
        WHERE mine.owner = %(owner)s AND other.owner = %(other)s
        """,
        "seal_broken",
    ),
    "template": (
        "UPDATE active_template_rows SET sealed = left(sealed, -1) WHERE subject_id = %(subject)s",
        "seal_broken",
    ),
    "template of another": (
        """
        UPDATE active_template_rows AS mine SET sealed = other.sealed FROM active_template_rows AS other
        WHERE mine.subject_id = %(subject)s AND other.subject_id <> %(subject)s
        """,
        "seal_broken",
    ),
}
FLIP = """
UPDATE stored_events SET state = set_byte(state, octet_length(state) - 1, get_byte(state, octet_length(state) - 1) # 1)
WHERE originator_id = %(id)s AND topic = 'enrollment.activated.v1'
"""


class Home:
    """A state directory and a database that a house is opened over again and again, at a time that is told."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._settings = Settings(home=folder / "home", liveness="passive").model_copy(update={"database_url": dsn})
        self._dsn = dsn
        self.clock = FixedClock()

    def open(self) -> App:
        return bootstrap(self._settings, judge=scripted_judge(), clock=self.clock)

    def execute(self, command: str, **values: Any) -> None:
        with psycopg.connect(self._dsn) as intruder:
            intruder.execute("ALTER TABLE stored_events DISABLE TRIGGER ALL")
            assert intruder.execute(command.encode(), values).rowcount > 0


def enroll(app: App, name: str) -> Enrolled:
    app.services.departments.add(ICU)
    act = app.services.act("operator:test", "cli")
    return app.enrolling.enroll(
        person(name), department=ICU, pictures=pictures(name), notice_version=BUILT_IN.version, act=act
    )


def signs_in(app: App, face: str) -> bool:
    attempt = Authentication(app.services, department=ICU, mode="faceauth.v1", client=Client("192.0.2.1", "test"))
    attempt.start()
    for frame in frames(face):
        attempt.take(frame)
    return attempt.decide(last=True).success


def told(app: App) -> list[tuple[str, str, str, UUID | None]]:
    """What the journal says is broken: (kind, code, place, subject)."""
    entries = [e.fields for e in history.events(app.services.store) if e.name == "journal.recorded.v1"]
    return [
        (fields["kind"], fields["code"], fields["facts"]["place"], fields["subject_id"])
        for fields in entries
        if fields["outcome"] == "broken"
    ]


@pytest.fixture
def home(tmp_path: Path, dsn: str) -> Home:
    return Home(tmp_path, dsn)


@pytest.fixture
def ana(home: Home) -> Enrolled:
    with home.open() as app:
        enroll(app, "bia")
        return enroll(app, "ana")


def break_it(home: Home, ana: Enrolled, damage: str) -> str:
    with home.open() as app:
        bia = next(
            row["subject_id"]
            for row in app.services.read_models.rows("enrollment_rows")
            if row["subject_id"] != ana.subject_id
        )
    command, code = DAMAGES[damage]
    home.execute(command, subject=ana.subject_id, owner=subject_owner(ana.subject_id), other=subject_owner(bia))
    return code


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_start_over_something_broken_tells_so_and_serves_everybody_else(
    home: Home, ana: Enrolled, damage: str
) -> None:
    code = break_it(home, ana, damage)

    with home.open() as app:
        assert told(app) == [("template", code, str(ana.enrollment_id), ana.subject_id)]
        assert not signs_in(app, "ana")
        assert signs_in(app, "bia")


def test_what_stays_broken_is_told_once_a_day(home: Home, ana: Enrolled) -> None:
    break_it(home, ana, "template")
    for _ in range(3):
        home.open().close()
    home.clock.advance(timedelta(days=1))

    with home.open() as app:
        assert len(told(app)) == 2


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name.startswith("data key")])
def test_a_data_key_that_breaks_under_a_running_house_is_told_when_its_person_comes(
    home: Home, ana: Enrolled, damage: str
) -> None:
    with home.open() as app:
        code = break_it(home, ana, damage)
        told_before = told(app)
        place = str(ana.enrollment_id)

        assert not signs_in(app, "ana")
        assert ("enrollment", code, place, ana.subject_id) in told(app)
        assert ("enrollment", code, place, ana.subject_id) not in told_before
        assert signs_in(app, "bia")
        assert "session.opened.v1" in [event.name for event in app.services.store.read(0, 1000)]


def test_a_damaged_enrolment_admits_nobody_and_is_told(home: Home, ana: Enrolled) -> None:
    with home.open() as app:
        home.execute(FLIP, id=ana.enrollment_id)

        assert not signs_in(app, "ana")
        assert told(app) == [("enrollment", "seal_broken", str(ana.enrollment_id), ana.subject_id)]
        assert signs_in(app, "bia")


def test_a_listing_shows_what_is_damaged_and_goes_on(home: Home, ana: Enrolled) -> None:
    break_it(home, ana, "data key of nobody's key")

    with home.open() as app:
        documents = [history.as_document(e, app.services.vault) for e in history.events(app.services.store)]
    names = {d["data"]["username"] for d in documents if d["event"] == "enrollment.opened.v1"}
    assert names == {"[damaged]", "bia.souza"}


def test_a_sound_house_tells_of_nothing(home: Home, ana: Enrolled) -> None:
    with home.open() as app:
        assert signs_in(app, "ana")
        assert told(app) == []
    assert ana.captures
