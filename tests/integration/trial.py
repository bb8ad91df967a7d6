"""A whole App with a scripted judge over a database of the test's server: people who enrol and sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.memory.vision import scripted_judge
from application import history
from application.authenticate import Authentication
from application.notice import BUILT_IN
from application.outcome import Client, Outcome
from domain.act import Act
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, frames, person, pictures


@contextmanager
def opened(home: Path, dsn: str, *, follow: bool = False, **settings: Any) -> Iterator[App]:
    configured = Settings(home=home, liveness="passive").model_copy(update={"database_url": dsn, **settings})
    with bootstrap(configured, follow=follow, judge=scripted_judge()) as app:
        app.services.departments.add(ICU)
        yield app


def act(app: App) -> Act:
    return app.services.act("operator:test", "cli")


def later(app: App, days: float) -> Act:
    return replace(act(app), at=datetime.now(UTC) + timedelta(days=days))


def enroll(app: App, name: str) -> UUID:
    return app.enrolling.enroll(
        person(name), department=ICU, pictures=pictures(name), notice_version=BUILT_IN.version, act=act(app)
    ).subject_id


def sign_in(app: App, face: str) -> Outcome:
    attempt = Authentication(app.services, department=ICU, mode="faceauth.v1", client=Client("192.0.2.1", "test"))
    attempt.start()
    for frame in frames(face):
        attempt.take(frame)
    return attempt.decide(last=True)


def who(app: App, face: str) -> UUID | None:
    """Whose session a face opens."""
    outcome = sign_in(app, face)
    assert outcome.success == (outcome.admission is not None)
    return outcome.admission.subject_id if outcome.admission else None


def journal(app: App, kind: str) -> list[dict[str, str]]:
    entries = [event.fields for event in history.events(app.services.store) if event.name == "journal.recorded.v1"]
    return [
        {**fields["facts"], "outcome": fields["outcome"], "code": fields["code"]}
        for fields in entries
        if fields["kind"] == kind
    ]
