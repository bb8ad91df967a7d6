"""``faceauth incident`` and ``faceauth report`` over PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from entrypoints.bootstrap import bootstrap

if TYPE_CHECKING:
    from pathlib import Path

    from entrypoints.settings import Settings

pytestmark = pytest.mark.database

Command = Any
"""Takes words, returns (exit code, standard output, standard error)."""

OPEN = (
    "open",
    "--kind",
    "confidentiality",
    "--cause",
    "key_leak",
    "--category",
    "access_log",
    "--description",
    "a key",
)
ASSESS = ("--risk", "relevant", "--before", "sealed", "--after", "rotated")


def test_an_incident_goes_its_whole_way(settings: Settings, command: Command, tmp_path: Path) -> None:
    def do(*words: str) -> Any:
        code, out, err = command("incident", *words, "--json")
        assert code == 0, err
        return json.loads(out)

    one = do(*OPEN)["incident_id"]
    with bootstrap(settings, vision=False) as app:
        kek = next(key.key_id for key in app.services.keys.status().keks)
    assert do("assess", one, *ASSESS, "--selector", "kek", "--value", kek)["affected"]["subjects"] == 0
    assert do("affected", one, "--ids")["subject_ids"] == []
    do("notify-authority", one, "--reference", "1/2026", "--preliminary")
    do("notify-subjects", one, "--means", "email", "--means", "app", "--count", "0")
    do("supplement", one)
    assert do("close", one)["status"] == "closed"
    assert do("show", one)["texts"]["description"] == "a key"
    assert do("list")["incidents"][0]["texts"] is None

    code, out, _ = command("incident", "list")
    assert (code, "no prazo / in time" in out) == (0, True)
    draft = tmp_path / "anpd.md"
    assert command("incident", "draft", one, "--out", str(draft))[0] == 0
    assert "a key" in draft.read_text()
    page = tmp_path / "incident.pdf"
    assert command("report", "incident", one, "--out", str(page))[0] == 0
    assert page.read_bytes().startswith(b"%PDF-")


def test_what_cannot_be_is_one_clear_line(command: Command, tmp_path: Path) -> None:
    for words, code in (
        (("incident", "show", str(uuid4())), "not_found"),
        (("incident", *OPEN, "--known-at", "yesterday"), "invalid_input"),
        (("incident", *OPEN, "--known-at", "2026-11-22T18:00:00"), "invalid_input"),
        (("report", "ropa", "--month", "2026-11"), "invalid_input"),
        (("report", "ropa", "--out", str(tmp_path / "x.docx")), "invalid_input"),
        (("report", "ropa", "--out", str(tmp_path / "no" / "x.pdf")), "invalid_input"),
        (("report", "ripd", "--attach", str(tmp_path / "none.html")), "invalid_input"),
        (("report", "incident"), "invalid_input"),
    ):
        ended, _, err = command(*words, "--json")
        assert (ended, json.loads(err)["error"]) == (1, code), words


def test_the_monthly_report_holds_the_doctors_findings(command: Command, tmp_path: Path) -> None:
    page = tmp_path / "m.html"
    code, out, err = command("report", "monthly", "--out", str(page), "--json")
    assert code == 0, err
    findings = {one[0] for one in json.loads(out)["deployment"]["findings"]}
    assert {"python", "database"} <= findings
    assert "faceauth doctor" in page.read_text()
