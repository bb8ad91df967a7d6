"""``faceauth audit verify``, ``prove``, ``log`` and ``key``: exit codes, files, and the offline verifier."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from entrypoints.bootstrap import bootstrap
from entrypoints.offline.command import run as offline

if TYPE_CHECKING:
    from pathlib import Path

    from entrypoints.settings import Settings

pytestmark = pytest.mark.database

Command = Any


@pytest.fixture
def history(command: Command) -> None:
    for name in ("ana", "bia"):
        told = ("--username", f"{name}.souza", "--display-name", name, "--department", "icu")
        code, _, err = command("account", "add", *told)
        assert code == 0, err


@pytest.mark.usefixtures("history")
def test_a_sound_history_its_proofs_and_its_key(command: Command, tmp_path: Path) -> None:
    first, second, proof, growth, key, chain = (str(tmp_path / f"{n}.json") for n in range(6))
    assert command("audit", "prove", "--event", "1")[0] == 1, "no checkpoint yet"
    assert command("audit", "checkpoint", "--out", first)[0] == 0
    assert command("audit", "verify")[0] == 0
    assert command("audit", "checkpoint", "--out", second)[0] == 0
    assert command("audit", "checkpoint", "--out", second)[0] == 1, "a file is not overwritten"

    assert command("audit", "prove", "--event", "1", "--out", proof)[0] == 0
    assert command("audit", "prove", "--from", first, "--to", second, "--out", growth)[0] == 0
    assert command("audit", "key", "--out", key)[0] == 0
    assert command("audit", "log", "export", "--out", chain)[0] == 0

    code, out, err = command("audit", "verify", "--incremental", "--against", chain, "--json")
    assert code == 0, err
    assert (code, json.loads(out)["verdict"], json.loads(out)["mode"]) == (0, "sound", "incremental")
    code, out, err = command("audit", "log", "status", "--json")
    assert code == 0, err
    standing = json.loads(out)
    assert (code, standing["checkpoints"], standing["verification"]["verdict"]) == (0, 2, "sound")
    assert command("audit", "log", "status")[0] == 0
    assert offline([proof, growth, first, chain, "--key", key]) == 0


@pytest.mark.usefixtures("history")
def test_a_tampered_history_exits_with_1_and_names_the_place(settings: Settings, command: Command) -> None:
    with bootstrap(settings, vision=False) as app, app.database.connection() as connection:
        connection.execute("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        connection.execute("UPDATE stored_events SET topic = topic || 'x' WHERE notification_id = 2")
    code, out, _ = command("audit", "verify", "--json")
    (fault,) = json.loads(out)["faults"]
    assert (code, fault["kind"], fault["position"]) == (1, "event_changed", 2)
    code, out, _ = command("audit", "verify")
    assert code == 1
    assert "evento alterado / event changed: #2" in out


def test_what_could_not_be_verified_exits_with_2(command: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    for content in (b"", b"[]", b"7", b"{}"):
        bad.write_bytes(content)
        code, _, err = command("audit", "verify", "--against", str(bad), "--json")
        assert (code, json.loads(err.splitlines()[-1])["error"]) == (2, "invalid_input")
    assert command("audit", "verify", "--against", str(tmp_path / "none"))[0] == 2
    assert command("audit", "prove")[0] == 1


@pytest.mark.usefixtures("history")
def test_a_read_model_edited_by_hand_is_named_and_a_rebuild_mends_it(settings: Settings, command: Command) -> None:
    with bootstrap(settings, vision=False) as app, app.database.connection() as connection:
        app.services.projector.catch_up()
        row = app.services.read_models.rows("account_rows")[0]
        connection.execute(
            "UPDATE account_rows SET department = 'elsewhere' WHERE subject_id = %s", [row["subject_id"]]
        )

    code, out, _ = command("audit", "verify", "--full", "--json")
    (fault,) = json.loads(out)["faults"]
    assert (code, fault["kind"], fault["table"]) == (1, "view_edited", "account_rows")
    assert fault["key"] in {str(value) for value in row.values()}
    assert "department" in fault["detail"]
    assert "elsewhere" not in out, "what somebody wrote there is not repeated"
    code, out, _ = command("audit", "verify")
    assert code == 1
    assert "faceauth projections rebuild accounts" in out

    for skipping in ("--no-views", "--incremental"):
        code, out, _ = command("audit", "verify", skipping, "--json")
        assert (code, json.loads(out)["verdict"]) == (0, "sound")
        assert any("read models were not compared" in note for note in json.loads(out)["notes"])
    assert command(*fault["repair"].split()[1:])[0] == 0
    assert command("audit", "verify", "--full")[0] == 0
