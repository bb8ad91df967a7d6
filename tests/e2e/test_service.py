"""The whole path, as a user, an officer and an attacker with the disk see it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest

from adapters.vision.load import load_pipeline
from entrypoints.cli import demo_faces
from tests.e2e.service import Service

pytestmark = [pytest.mark.models, pytest.mark.database]

ANA, BRUNO, STRANGER = 0, 1, 5
NEEDLE = 48
"""Bytes from the middle of a picture: long enough to be found by accident nowhere."""


def captures(person: int) -> list[bytes]:
    return demo_faces.captures(demo_faces.photograph(), person, demo_faces.ENROLMENT)


def visits(person: int) -> list[bytes]:
    return demo_faces.captures(demo_faces.photograph(), person, demo_faces.SIGN_IN)


def files_below(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_a_day_in_the_hospital_leaves_no_picture_and_no_vector_behind(service: Service, installed_models: Path) -> None:
    admin = service.token()
    enrolled = service.enroll("ana", captures(ANA), admin)
    assert enrolled.status_code == 201, enrolled.text
    assert [capture["accepted"] for capture in enrolled.json()["captures"]] == [True] * len(captures(ANA))
    assert service.enroll("bruno", captures(BRUNO), admin).status_code == 201

    success = service.sign_in(visits(ANA))
    assert success["success"], success
    assert success["session"]["username"] == "ana"
    keys = jwt.PyJWKSet.from_dict(service.get("/.well-known/jwks.json").json())
    token = success["tokens"]["access_token"]
    claims: dict[str, Any] = jwt.decode(
        token, keys[jwt.get_unverified_header(token)["kid"]].key, algorithms=["ES256"], audience="medical-record"
    )
    assert claims["amr"] == ["face"]
    assert claims["sid"] == success["session"]["session_id"]
    refused = service.sign_in([*visits(STRANGER), *captures(STRANGER)], frames=8)
    assert (refused["success"], refused["code"], refused["next"]) == (False, "face_not_recognised", "password")
    printed = service.sign_in(demo_faces.prints(demo_faces.photograph(), ANA))
    assert (printed["success"], printed["code"]) == (False, "presentation_attack")

    with psycopg.connect(service.json("db", "url", "--owner")["dsn"]) as database:
        logs = database.execute("SELECT success, failure_reason FROM face_auth_logs ORDER BY timestamp").fetchall()
        people = database.execute("SELECT user_id, department, active FROM face_enrollments").fetchall()
        database.execute("CHECKPOINT")
    assert [row[0] for row in logs] == [True, False, False]
    assert (enrolled.json()["subject_id"], "cardiologia", True) in people

    pipeline = load_pipeline(installed_models)
    needles: dict[str, bytes] = {}
    pictures = captures(ANA) + captures(BRUNO) + visits(ANA) + visits(STRANGER)
    for index, picture in enumerate(pictures):
        middle = len(picture) // 2
        needles[f"picture {index}"] = picture[middle : middle + NEEDLE]
        _, crop = pipeline.judge(picture)
        assert crop is not None
        needles[f"crop {index}"] = crop.pixels[56].tobytes()[:NEEDLE]
        needles[f"embedding {index}"] = pipeline.embed(crop).vector[:12].tobytes()
    needles |= {"username": b"id-ana", "display name": b"Pessoa ana"}
    postgres = service.home / "postgres.location"
    places = [service.home.parent, *([Path(postgres.read_text().strip())] if postgres.exists() else [])]
    scanned = 0
    for path in files_below(*places):
        content = path.read_bytes()
        scanned += 1
        for name, needle in needles.items():
            assert needle not in content, f"{name} found in {path.name}"
    assert scanned > 100


def test_a_killed_service_loses_nothing_and_starts_again_within_five_seconds(service: Service) -> None:
    admin = service.token()
    assert service.enroll("ana", captures(ANA), admin).status_code == 201
    assert service.sign_in(visits(ANA))["success"]
    before = service.json("audit", "replay")["events"]

    service.stop(signal.SIGKILL)
    took = service.start()

    assert took < 5 * float(os.environ.get("FACEAUTH_TEST_SLACK", "2"))
    after = service.json("audit", "replay")["events"]
    assert after[: len(before)] == before
    assert service.sign_in(visits(ANA))["success"]


def test_without_its_database_the_service_refuses_and_recovers_by_itself(service: Service) -> None:
    assert service.enroll("ana", captures(ANA), service.token()).status_code == 201
    postmaster = next(service.home.rglob("postmaster.pid"))
    with (service.home / "postgres.turn").open("r+b") as turn:
        # whoever starts PostgreSQL waits for this lock: while we hold it, the database stays away
        fcntl.flock(turn, fcntl.LOCK_EX)
        os.kill(int(postmaster.read_text().splitlines()[0]), signal.SIGKILL)
        refused = service.sign_in(visits(ANA))
        assert service.get("/face-auth/ready").status_code == 503
        assert service.get("/face-auth/health").status_code == 200
    assert (refused["success"], refused["code"], refused["next"]) == (False, "unavailable", "password")
    deadline = time.monotonic() + 30
    while service.get("/face-auth/ready").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert service.sign_in(visits(ANA))["success"]


def test_withdrawing_consent_shuts_the_door_and_the_history_tells_why(service: Service) -> None:
    admin = service.token()
    subject = service.enroll("ana", captures(ANA), admin).json()["subject_id"]
    inside = service.sign_in(visits(ANA))
    withdrawn = service.post("/face-auth/consent/withdraw", {}, inside["tokens"]["access_token"])
    assert withdrawn.status_code == 200, withdrawn.text
    assert withdrawn.json()["sessions_revoked"] == 1
    assert service.sign_in(visits(ANA))["code"] == "face_not_recognised"
    names = [event["event"] for event in service.json("audit", "replay", "--subject", subject)["events"]]
    assert names.count("consent.withdrawn.v1") == 2
    assert "session.revoked.v1" in names
    assert service.post("/face-auth/consent/withdraw", {}, inside["tokens"]["access_token"]).status_code == 401


def test_commands_work_beside_the_service_and_stop_cleanly_after_it(service: Service, tmp_path: Path) -> None:
    files = []
    for index, picture in enumerate(captures(BRUNO)):
        files.append(tmp_path / f"{index}.jpg")
        files[-1].write_bytes(picture)
    arguments = ["--department", service.department, "--username", "bruno", "--display-name", "Bruno", "--consent"]
    assert service.json("enroll", *arguments, *map(str, files))["success"]
    assert service.sign_in(visits(BRUNO))["session"]["username"] == "bruno"
    rebuilt = service.json("projections", "rebuild", "face_enrollments")
    assert rebuilt["events"] > 0
    assert service.stop() == 0
    assert not list(service.home.rglob("postmaster.pid"))
    probe = tmp_path / "probe.jpg"
    probe.write_bytes(visits(BRUNO)[0])
    assert service.json("authenticate", "--department", service.department, str(probe))["success"]
    assert service.json("doctor")["healthy"]


@pytest.mark.data
def test_strangers_stay_out_and_staff_get_in_on_press_photographs(service: Service, evaluation_data: Path) -> None:
    """A sample of LFW; press photographs are the hard kind (passive liveness may refuse some)."""
    images = evaluation_data / "lfw" / "images"
    staff = (evaluation_data / "lfw" / "gallery_ids.txt").read_text(encoding="utf-8").split()
    enrolled, admin = staff[:16], service.token()
    for name in enrolled:
        pictures = [path.read_bytes() for path in sorted((images / name).glob("*.jpg"))[:5]]
        service.enroll(name.lower(), pictures, admin)
    let_in = wrong = 0
    for name in enrolled:
        result = service.sign_in([path.read_bytes() for path in sorted((images / name).glob("*.jpg"))[5:8]])
        let_in += result["success"] and result["session"]["username"] == name.lower()
        wrong += result["success"] and result["session"]["username"] != name.lower()
    others = [folder for folder in sorted(images.iterdir()) if folder.name not in set(staff)]
    chosen = sorted(others, key=lambda folder: hashlib.sha256(folder.name.encode()).digest())[:24]
    strangers = sum(service.sign_in([next(folder.glob("*.jpg")).read_bytes()])["success"] for folder in chosen)
    assert wrong == 0
    assert strangers == 0
    assert let_in >= 0.85 * len(enrolled)
