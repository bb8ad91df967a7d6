"""What the doctor finds about erasures and backups."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from application import erase, incidents
from entrypoints import backups
from entrypoints.app import App
from entrypoints.examination import examine
from entrypoints.finding import Finding
from tests.integration.trial import act, enroll, opened

pytestmark = pytest.mark.database


def finding(app: App, name: str, **settings: object) -> Finding:
    (found,) = [f for f in examine(app.settings.model_copy(update=settings)) if f.name == name]
    return found


def test_an_erasure_that_should_be_final_by_now_is_a_fault(tmp_path: Path, dsn: str) -> None:
    with opened(tmp_path / "home", dsn) as app:
        assert finding(app, "erasures").state == "ok"
        ana = enroll(app, "ana")
        erase.erase(app.services, ana, act=act(app))

        assert finding(app, "erasures").state == "ok"
        overdue = finding(app, "erasures", erasure_final_hours=1e-6)
        assert (overdue.state, overdue.remedy) == ("fault", "faceauth keys rotate")

        erase.finalise(app.services, act=act(app), force=True)
        assert finding(app, "erasures", erasure_final_hours=1e-6).state == "ok"


def test_no_backup_and_an_old_one_are_warnings(tmp_path: Path, dsn: str) -> None:
    with opened(tmp_path / "home", dsn) as app:
        assert finding(app, "data_backup").state == "warning"
        assert finding(app, "key_backup").remedy == "faceauth backup create --keys"
        path = backups.create(app, act=act(app)).path
        assert finding(app, "data_backup").state == "ok"
        week_ago = datetime.now(UTC).timestamp() - 8 * 86400
        os.utime(path, (week_ago, week_ago))
        assert finding(app, "data_backup").state == "warning"


def test_a_department_that_the_settings_name_and_nobody_made_is_a_fault(tmp_path: Path, dsn: str) -> None:
    with opened(tmp_path / "home", dsn) as app:
        app.services.departments.add("uti")

        for name in ("mfa_departments", "device_required"):
            assert finding(app, name).detail == "none"
            assert finding(app, name, **{name: ("uti", "*")}).state == "ok"
            missing = finding(app, name, **{name: ("uti", "ut1")})
            assert (missing.state, missing.detail) == ("fault", "no such department: ut1")
            assert "faceauth department add ut1" in missing.remedy


def test_a_deadline_of_an_incident_that_is_near_is_a_warning_and_one_that_is_over_a_fault(
    tmp_path: Path, dsn: str
) -> None:
    with opened(tmp_path / "home", dsn) as app:
        assert finding(app, "incidents").state == "ok"
        incidents.open_incident(
            app.services,
            known_at=datetime.now(UTC) - timedelta(days=30),
            kind="availability",
            cause="ransomware",
            categories=["access_log"],
            description="a disk",
            act=act(app),
        )
        found = finding(app, "incidents")
        assert (found.state, found.detail, found.remedy) == (
            "fault", "2 deadlines overdue, 0 near", "faceauth incident list",
        )  # fmt: skip
