"""An export in files: cut off anywhere it goes on to the same bytes, and its manifest says what they are."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from adapters.exports.folder import MANIFEST, STATE, ExportFolder
from adapters.exports.json_lines import JsonLines
from application.exporting.job import SCHEMA, Job
from application.signed_documents import MANIFEST as KIND
from application.signed_documents import opened
from domain.errors import ExportError, InProgressError
from entrypoints.exporting import FORMATS, form, job_records
from tests.unit.exports.exporting import job_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from application.exporting.records import Record
    from tests.house import House


class Cut(BaseException):
    """What no code catches: the process is gone."""


def export(house: House, path: Path, **changed: Any) -> Job:
    folder, job = ExportFolder(path, house.services), job_of(house, **changed)
    with folder.held():
        folder.begin(job)
        return folder.write(job, job_records(house.services, job), form(job.format))


def resume(house: House, path: Path) -> Job:
    folder = ExportFolder(path, house.services)
    with folder.held():
        job = folder.unfinished()
        return folder.write(job, job_records(house.services, job), form(job.format))


def cut_after(house: House, path: Path, count: int, **changed: Any) -> None:
    """An export whose process dies after so many records."""

    def some(job: Job) -> Iterator[Record]:
        for place, record in enumerate(job_records(house.services, job)):
            if place == count:
                raise Cut
            yield record

    folder, job = ExportFolder(path, house.services), job_of(house, **changed)
    with folder.held():
        folder.begin(job)
        with pytest.raises(Cut):
            folder.write(job, some(job), form(job.format))


def killed_after(house: House, path: Path, count: int) -> None:
    """The same in a process of its own, which gets no chance to tidy up."""
    child = os.fork()
    if child == 0:
        try:
            folder, job = ExportFolder(path, house.services), job_of(house, most_events=20)
            with folder.held():
                folder.begin(job)
                folder.write(job, _deadly(job_records(house.services, job), count), form(job.format))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _deadly(records: Iterator[Record], count: int) -> Iterator[Record]:
    for place, record in enumerate(records):
        if place == count:
            os.kill(os.getpid(), signal.SIGKILL)
        yield record


def contents(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted(path.iterdir())}


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_cut_off_anywhere_goes_on_to_the_same_bytes(lived: House, tmp_path: Path, name: str) -> None:
    export(lived, tmp_path / "whole", form=name, most_events=20)
    whole = contents(tmp_path / "whole")
    assert len(whole) > 3

    for count in (0, 19, 20, 21, 55):
        path = tmp_path / f"cut{count}"
        cut_after(lived, path, count, form=name, most_events=20)
        assert STATE in contents(path)
        resume(lived, path)
        assert contents(path) == whole


@pytest.mark.parametrize("count", [1, 21, 60])
def test_so_does_one_whose_process_was_killed(lived: House, tmp_path: Path, count: int) -> None:
    export(lived, tmp_path / "whole", most_events=20)
    killed_after(lived, tmp_path / "cut", count)
    assert [name for name in contents(tmp_path / "cut") if name.endswith(".partial")]

    resume(lived, tmp_path / "cut")

    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_an_interruption_between_a_file_and_the_state_changes_nothing(lived: House, tmp_path: Path) -> None:
    export(lived, tmp_path / "whole", most_events=20)
    cut_after(lived, tmp_path / "cut", 25, most_events=20)
    # Renamed already, but not in the state yet; and half a file beside it.
    (tmp_path / "cut" / "part-00002.jsonl").write_bytes(b"half")
    (tmp_path / "cut" / "part-00003.jsonl.partial").write_bytes(b"half")

    resume(lived, tmp_path / "cut")

    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_the_manifest_says_what_the_files_are_and_is_signed(lived: House, tmp_path: Path) -> None:
    job = export(lived, tmp_path / "x", most_events=20)

    envelope = json.loads((tmp_path / "x" / MANIFEST).read_text())
    document = opened(lived.services.notary, KIND, envelope)
    assert document["schema"] == SCHEMA
    assert document["end_position"] == job.end
    assert document["filters"] == dict.fromkeys(
        ("since", "until", "department", "subject_id", "event", "actor", "outcome"), None
    )
    assert sum(part["events"] for part in document["files"]) == document["events"] == len(lived.names())
    for part in document["files"]:
        content = (tmp_path / "x" / part["name"]).read_bytes()
        assert (part["bytes"], part["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        lines = [json.loads(line) for line in content.splitlines()]
        assert (part["first_position"], part["last_position"]) == (lines[0]["position"], lines[-1]["position"])
    assert set(contents(tmp_path / "x")) == {MANIFEST, *(part["name"] for part in document["files"])}


def test_files_are_rolled_by_size_too(lived: House, tmp_path: Path) -> None:
    job = export(lived, tmp_path / "x", most_bytes=10_000)

    assert len(job.parts) > 3
    assert all(part.bytes < 10_000 + 5_000 for part in job.parts)


def test_nothing_to_export_is_a_manifest_without_files(house: House, tmp_path: Path) -> None:
    job = export(house, tmp_path / "x")

    assert set(contents(tmp_path / "x")) == {MANIFEST}
    assert (job.events, job.summary()["first_position"], job.summary()["last_position"]) == (0, None, None)


def test_nobody_else_can_read_it(lived: House, tmp_path: Path) -> None:
    export(lived, tmp_path / "x")

    assert (tmp_path / "x").stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o077 == 0 for each in (tmp_path / "x").iterdir())


def test_a_file_laid_out_for_it_is_not_written_into(lived: House, tmp_path: Path) -> None:
    """Whoever may write to the folder keeps a second name of the file, and would read along."""
    spy, path = tmp_path / "spy", tmp_path / "x"
    spy.write_bytes(b"")
    spy.chmod(0o666)
    cut_after(lived, path, 25, most_events=20)
    for name in ("part-00002.jsonl.partial", "manifest.json.partial", "export-state.json.partial"):
        (path / name).hardlink_to(spy)

    resume(lived, path)

    assert spy.read_bytes() == b""
    assert {one.stat().st_mode & 0o777 for one in path.iterdir()} == {0o600}


def test_a_folder_with_something_in_it_is_left_alone(lived: House, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine.txt").write_text("mine")

    with pytest.raises(ExportError, match="not empty"):
        export(lived, tmp_path / "x")
    assert contents(tmp_path / "x") == {"mine.txt": b"mine"}


def test_only_what_was_cut_off_is_resumed(lived: House, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExportError, match="holds no export"):
        resume(lived, tmp_path / "empty")
    export(lived, tmp_path / "done")
    with pytest.raises(ExportError, match="finished"):
        resume(lived, tmp_path / "done")


@pytest.mark.parametrize("damage", ["other", "not json", "[]", "{}", "of another service"])
def test_a_state_that_somebody_wrote_is_not_believed(lived: House, tmp_path: Path, damage: str) -> None:
    cut_after(lived, tmp_path / "x", 25, most_events=20)
    state = tmp_path / "x" / STATE
    envelope = json.loads(state.read_text())
    if damage == "other":
        envelope["document"]["end"] = 3
        state.write_text(json.dumps(envelope))
    elif damage == "of another service":
        envelope["signature"] = envelope["signature"][::-1]
        state.write_text(json.dumps(envelope))
    else:
        state.write_text(damage)

    with pytest.raises(ExportError, match="state of this export was changed"):
        resume(lived, tmp_path / "x")


@pytest.mark.parametrize("content", [None, b"", b"forged"])
def test_a_file_that_was_changed_meanwhile_is_not_signed(lived: House, tmp_path: Path, content: bytes | None) -> None:
    cut_after(lived, tmp_path / "x", 25, most_events=20)
    part = tmp_path / "x" / "part-00001.jsonl"
    part.unlink() if content is None else part.write_bytes(content)

    with pytest.raises(ExportError, match="was changed since"):
        resume(lived, tmp_path / "x")


def test_two_do_not_write_to_one_folder(lived: House, tmp_path: Path) -> None:
    with ExportFolder(tmp_path / "x", lived.services).held(), pytest.raises(InProgressError, match="another export"):
        export(lived, tmp_path / "x")


@contextmanager
def room_for(octets: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_what_is_written_is_kept(lived: House, tmp_path: Path) -> None:
    export(lived, tmp_path / "whole", most_events=20)
    with room_for(30_000), pytest.raises(ExportError, match=r"cannot be written: File too large.*--resume"):
        export(lived, tmp_path / "x", most_events=200)
    assert set(contents(tmp_path / "x")) == {STATE}

    job = resume(lived, tmp_path / "x")

    assert job.events == len(lived.names())


def test_a_place_that_cannot_be_written_is_said(lived: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")

    with pytest.raises(ExportError, match="cannot be written"):
        export(lived, tmp_path / "file" / "x")


def test_an_export_holds_one_record_in_memory(lived: House, tmp_path: Path) -> None:
    asked: list[int] = []

    class Watching(JsonLines):
        def record(self, record: Record, *, first: bool) -> bytes:
            assert len(asked) - (record.event.position - 1) <= 2
            return super().record(record, first=first)

    def watched(job: Job) -> Iterator[Record]:
        for record in job_records(lived.services, job):
            asked.append(record.event.position)
            yield record

    folder, job = ExportFolder(tmp_path / "x", lived.services), job_of(lived)
    with folder.held():
        folder.begin(job)
        folder.write(job, watched(job), Watching())
    assert len(asked) == len(lived.names())
