"""A thief with the whole data directory, an older copy of it, a data backup, and every key that still exists."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from adapters.crypto.aead import open_sealed
from adapters.crypto.data_key_wrap import context
from adapters.crypto.sealed_file import open_sealed as open_backup
from adapters.crypto.vault import SEAL_PREFIX, _from_text, _seal_context
from adapters.eventstore.mapper import SealingMapper
from adapters.eventstore.topics import TopicRegistry
from adapters.eventstore.transcoding import FaithfulTranscoder
from adapters.memory.vision import scripted_judge
from adapters.postgres.dump import EVENTS, event_of, rows
from application import erase, history
from application.authenticate import Authentication
from application.notice import BUILT_IN
from application.outcome import Client, Outcome
from application.person import MAX_LENGTHS, binding
from application.ports.vault import Binding, subject_owner, template_binding
from application.projections.rows import PROJECTIONS
from domain.enrollment import Enrollment
from domain.errors import SealBrokenError
from entrypoints import backups
from entrypoints.app import App
from entrypoints.bootstrap import AGGREGATES, VALUES, bootstrap
from entrypoints.settings import Settings
from tests.house import ICU, frames, person, pictures

pytestmark = pytest.mark.database

NEAR = 300
"""Bytes around an owner's name in which its wrapped key is looked for, in rows and in the log of their changes."""
WRAPPED = 12 + 32 + 16
SEALED = re.compile(rb"s1\.[A-Za-z0-9_-]{40,}")


@dataclass(frozen=True)
class Thief:
    """What was stolen, and what can be made of it."""

    keys: Path
    folders: list[Path]

    def read(self, subject_id: UUID, places: list[Binding], told: list[str]) -> dict[str, bytes]:
        """Return what can be read of a person, by field; ``told`` are sealed values from the opened history."""
        content = [path.read_bytes() for folder in self.folders for path in folder.rglob("*") if path.is_file()]
        owner = subject_owner(subject_id)
        data_keys = {key for blob in content for key in self._data_keys(blob, owner)}
        sealed = {*told, *(match.decode() for blob in content for match in SEALED.findall(blob))}
        return {
            place.field: plain
            for place in places
            for text in sealed
            for key in data_keys
            if (plain := _opened(key, text, place)) is not None
        }

    def _data_keys(self, blob: bytes, owner: str) -> Iterator[bytes]:
        keks = dict(self._keks())
        for match in re.finditer(re.escape(owner.encode()), blob):
            area = blob[max(0, match.start() - NEAR) : match.end() + NEAR]
            for start in range(len(area) - WRAPPED + 1):
                for kek_id, kek in keks.items():
                    try:
                        yield open_sealed(kek, area[start : start + WRAPPED], context(owner, kek_id))
                    except SealBrokenError:
                        continue

    def _keks(self) -> Iterator[tuple[str, bytes]]:
        for path in self.keys.rglob("*"):
            for entry in json.loads(path.read_text(encoding="utf-8")).get("keks", ()):
                if "key" in entry:
                    yield entry["id"], base64.b64decode(entry["key"])


def _opened(key: bytes, text: str, place: Binding) -> bytes | None:
    try:
        return open_sealed(key, _from_text(text.removeprefix(SEAL_PREFIX)), _seal_context(place))
    except SealBrokenError:
        return None


@contextmanager
def opened(home: Path) -> Iterator[App]:
    with bootstrap(Settings(home=home, liveness="passive"), judge=scripted_judge()) as app:
        app.services.departments.add(ICU)
        yield app


def enroll(app: App, name: str) -> UUID:
    act = app.services.act("operator:test", "cli")
    return app.enrolling.enroll(
        person(name), department=ICU, pictures=pictures(name), notice_version=BUILT_IN.version, act=act
    ).subject_id


def sign_in(app: App, face: str) -> Outcome:
    attempt = Authentication(app.services, department=ICU, mode="faceauth.v1", client=Client("192.0.2.1", "test"))
    attempt.start()
    for frame in frames(face):
        attempt.take(frame)
    return attempt.decide(last=True)


def places_of(app: App, subject_id: UUID) -> list[Binding]:
    """Where everything sealed about a person belongs: the history tells it to whoever holds the store key."""
    app.services.projector.catch_up()
    found = [binding(subject_id, name) for name in MAX_LENGTHS]
    for row in app.services.read_models.rows("enrollment_rows", {"subject_id": subject_id}):
        template = app.services.store.get(Enrollment, row["enrollment_id"]).template
        assert template is not None
        found.append(template_binding(subject_id, template.template_id, template.model, template.transform))
    return found


def told_by_history(app: App) -> list[str]:
    return [
        value
        for event in history.events(app.services.store)
        for value in event.fields.values()
        if isinstance(value, str) and value.startswith(SEAL_PREFIX)
    ]


def sealed_in(backup: Path, app: App) -> list[str]:
    """Sealed values of a data backup: the key that seals whole events still exists, so the thief opens it."""
    mapper = SealingMapper(FaithfulTranscoder(VALUES), TopicRegistry(AGGREGATES), app.ring.store_key)
    events = [event_of(line)[1] for table, line in rows(open_backup(backup, app.ring.store_key)) if table == EVENTS]
    plain = b"".join(mapper._open(event) for event in events)
    return [match.decode() for match in SEALED.findall(plain)]


def test_after_a_final_erasure_a_thief_of_everything_reads_nothing_of_that_person(passable_folder: Path) -> None:
    home, older = passable_folder / "home", passable_folder / "older"
    everything = {"enrollment.user_id", "enrollment.username", "enrollment.display_name", "enrollment.template"}
    with opened(home) as app:
        ana, bruno = enroll(app, "ana"), enroll(app, "bruno")
        elsewhere = home / "postgres.location"
        data = Path(elsewhere.read_text(encoding="utf-8").strip()) if elsewhere.exists() else home
        with psycopg.connect(app.opened.owner_dsn, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        shutil.copytree(data, older, ignore=shutil.ignore_patterns("models", ".s.*", "*.pid"))
        places = {subject: places_of(app, subject) for subject in (ana, bruno)}
        backup = backups.create(app, passable_folder / "backup.faceauth", act=app.services.act("operator:test", "cli"))
        told_by_backup = sealed_in(backup.path, app)
        assert told_by_backup
        thief = Thief(home / "keys", [data, older])
        act = app.services.act("operator:test", "cli")

        at_once = erase.erase(app.services, ana, act=act)
        assert not at_once.final
        assert sign_in(app, "ana").code == "face_not_recognised"
        told = [*told_by_backup, *told_by_history(app)]
        before = thief.read(ana, places[ana], told)
        assert set(before) == everything, "the thief must be able to succeed before finality"
        assert before["enrollment.username"] == b"ana.souza"

        assert erase.erase(app.services, ana, act=act, now=True).final
        with psycopg.connect(app.opened.owner_dsn, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        assert thief.read(ana, places[ana], told) == {}
        assert set(thief.read(bruno, places[bruno], told)) == everything

        documents = [history.as_document(e, app.services.vault, ana) for e in history.events(app.services.store)]
        assert not [document for document in documents if document["event"] == "damaged"]
        mine = next(d for d in documents if d["event"] == "enrollment.opened.v1")
        assert {mine["data"][name] for name in MAX_LENGTHS} == {"[erased]"}
        rebuilt = {p.name: app.services.projector.rebuild(p.name) for p in PROJECTIONS}
        assert all(rebuilt.values())
        again = enroll(app, "ana")
        assert again != ana
        assert sign_in(app, "ana").success
        assert sign_in(app, "bruno").success
