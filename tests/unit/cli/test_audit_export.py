"""``faceauth audit export`` and ``stream`` over PostgreSQL, as an operator calls them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from domain.errors import UnavailableError
from entrypoints.bootstrap import bootstrap
from tests.unit.exports.collector import Collector, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from entrypoints.settings import Settings

pytestmark = pytest.mark.database

ANA = ("--username", "ana.souza", "--display-name", "Dra. Ana Souza", "--department", "icu")
Command = Any


def names(settings: Settings) -> list[str]:
    with bootstrap(settings, vision=False) as app:
        return [event.name for event in app.services.store.read(0, 100)]


def test_an_export_is_told_proven_and_written_down(settings: Settings, command: Command, tmp_path: Path) -> None:
    command("account", "add", *ANA)
    out = tmp_path / "out"
    code, told, _ = command("audit", "export", "--format", "jsonl", "--out", str(out), "--json")

    summary = json.loads(told)
    (part,) = summary["files"]
    content = (out / part["name"]).read_bytes()
    assert code == 0
    assert part["sha256"] == hashlib.sha256(content).hexdigest()
    assert [json.loads(line)["event"] for line in content.splitlines()] == ["account.opened.v1"]
    assert b"ouza" not in content
    assert json.loads((out / "manifest.json").read_text())["document"]["events"] == 1
    assert names(settings) == ["account.opened.v1", "journal.recorded.v1"]


def test_names_are_opened_when_asked_for_and_whom_it_is_about_can_see_it(
    settings: Settings, command: Command, tmp_path: Path
) -> None:
    command("account", "add", *ANA)
    out = tmp_path / "out"
    code, _, err = command(
        "audit", "export", "--format", "fhir", "--validate", "--with-names", "--subject", "ana.souza", "--out", str(out)
    )

    assert (code, err) == (0, err)
    assert "Dra. Ana Souza" in (out / "part-00001.fhir.json").read_text()
    assert names(settings)[1:] == ["journal.recorded.v1", "viewing.recorded.v1"]


def test_what_could_not_be_written_down_is_written_down_when_it_is_resumed(
    settings: Settings, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("account", "add", *ANA)
    out = ("--out", str(tmp_path / "out"))
    with monkeypatch.context() as patch:
        patch.setattr("entrypoints.cli.audit_export.record_export", _down)
        code, _, err = command("audit", "export", "--format", "jsonl", *out, "--json")
        assert (code, json.loads(err.strip().splitlines()[-1])["error"]) == (1, "unavailable")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["export-state.json"]

    code, told, _ = command("audit", "export", "--resume", *out, "--json")

    assert (code, json.loads(told)["events"]) == (0, 1)
    assert names(settings) == ["account.opened.v1", "journal.recorded.v1"]


def _down(*_: Any) -> None:
    raise UnavailableError("down")


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "xml"),
        (),
        ("--resume", "--format", "csv"),
        ("--format", "csv", "--since", "yesterday"),
        ("--format", "csv", "--validate"),
        ("--format", "jsonl", "--bom"),
        ("--format", "csv", "--event", "a b"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_one_line_and_leaves_nothing_behind(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, _, err = command("audit", "export", *words, "--out", str(tmp_path / "out"), "--json")

    assert (code, json.loads(err.strip().splitlines()[-1])["error"]) == (1, "invalid_input")
    assert not (tmp_path / "out").exists()


def test_there_is_nothing_to_resume_where_nothing_was_begun(command: Command, tmp_path: Path) -> None:
    code, _, err = command("audit", "export", "--resume", "--out", str(tmp_path / "out"), "--json")

    assert (code, json.loads(err.strip().splitlines()[-1])["error"]) == (1, "export_failed")


def test_a_siem_gets_what_there_is_and_then_only_what_is_new(settings: Settings, command: Command) -> None:
    command("account", "add", *ANA)
    with Collector() as collector:
        to = f"tcp://127.0.0.1:{collector.port}"
        code, told, _ = command("audit", "stream", "--to", to, "--once", "--json")
        assert (code, json.loads(told)) == (0, {"to": to, "from_position": 0, "position": 1})
        code, told, _ = command("audit", "stream", "--to", to, "--once", "--json")
        assert (code, json.loads(told)) == (0, {"to": to, "from_position": 1, "position": 2})
        wait_until(collector.has(2))

    assert [b"account.opened.v1|" in collector.messages[0], b"journal.recorded.v1|" in collector.messages[1]] == [
        True
    ] * 2
    assert names(settings).count("journal.recorded.v1") == 2
