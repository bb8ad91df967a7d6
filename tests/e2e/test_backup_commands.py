"""Backups by the commands that an operator types, around a service with real faces in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from entrypoints.cli import demo_faces
from tests.e2e.service import Service

pytestmark = [pytest.mark.models, pytest.mark.database]

ANA, BRUNO = 0, 1


def captures(person: int) -> list[bytes]:
    return demo_faces.captures(demo_faces.photograph(), person, demo_faces.ENROLMENT)


def visits(person: int) -> list[bytes]:
    return demo_faces.captures(demo_faces.photograph(), person, demo_faces.SIGN_IN)


def test_a_backup_from_before_an_erasure_is_restored_and_the_person_is_still_gone(service: Service) -> None:
    admin = service.token()
    ana = service.enroll("ana", captures(ANA), admin).json()["subject_id"]
    assert service.enroll("bruno", captures(BRUNO), admin).status_code == 201
    assert service.sign_in(visits(ANA))["success"]
    backup = service.json("backup", "create")
    assert service.json("backup", "verify", backup["file"])["events"] == backup["events"]

    erased = service.json("subject", "erase", "--username", "ana", "--now")
    assert erased["final"]
    assert not service.sign_in(visits(ANA))["success"]

    refused = service.command("backup", "restore", backup["file"], "--yes", "--json")
    assert (refused.returncode, json.loads(refused.stderr)["error"]) == (1, "in_progress")
    assert service.stop() == 0
    restored = service.json("backup", "restore", backup["file"], "--yes")
    assert restored["erased_again"] == [ana]
    assert Path(restored["former_history"]).exists()
    service.start()

    assert not service.sign_in(visits(ANA))["success"]
    assert service.sign_in(visits(BRUNO))["success"]
    replayed = service.command("audit", "replay", "--subject", ana, "--json").stdout
    assert "[erased]" in replayed
    assert '"username": "ana"' not in replayed
    again = service.enroll("ana", captures(ANA), service.token())
    assert again.status_code == 201, again.text
    assert again.json()["subject_id"] != ana
    assert service.sign_in(visits(ANA))["session"]["username"] == "ana"


def test_keys_lost_with_the_disk_come_back_from_their_backup(service: Service, passable_folder: Path) -> None:
    assert service.enroll("ana", captures(ANA), service.token()).status_code == 201
    private = passable_folder / "escrow.pem"
    public = service.json("backup", "escrow", "--out", str(private))["public"]
    service.extra = {"FACEAUTH_ESCROW_KEY": public}
    keys = service.json("backup", "create", "--keys")
    assert service.stop() == 0
    (service.home / "keys").rename(passable_folder / "lost")

    missing = service.command("keys", "status", "--json")
    assert json.loads(missing.stderr)["error"] == "key_ring_missing"
    assert service.json("backup", "restore-keys", keys["file"], "--escrow-key", str(private))["erased_again"] == []
    service.start()

    assert service.sign_in(visits(ANA))["success"]
