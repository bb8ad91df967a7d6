"""Work that was cut off goes on where it was, and nothing else is in the file."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, NoReturn

import pytest

from application.evaluation.journal import Journal, digest_of, digest_of_files
from domain.errors import InProgressError, InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path


def opened(folder: Path, *, kind: str = "verification", model: str = "m/64", data: str = "d") -> Journal:
    return Journal(folder, kind=kind, model=model, data=data)


def test_a_finished_unit_is_there_after_a_cut(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.record("ana", {"scores": [0.5, None]})
    first.close()

    second = opened(tmp_path)
    assert second.resumed == 1
    assert second.result("ana") == {"scores": [0.5, None]}
    assert second.result("bia") is None
    second.close()


def test_a_complete_evaluation_leaves_no_journal(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.record("ana", {"scores": [0.5]})

    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_evaluation_leaves_its_journal(tmp_path: Path) -> None:
    def interrupted() -> NoReturn:
        with opened(tmp_path) as journal:
            journal.record("ana", {"scores": [0.5]})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    with opened(tmp_path) as again:
        assert again.resumed == 1


@pytest.mark.parametrize("damage", [b'{"unit": "x", "resu', b"garbage\n", b'{"unit": "x"}\n', b"[1]\n", b"\0\0\0\0"])
def test_a_damaged_end_is_cut_off_and_what_came_before_it_counts(tmp_path: Path, damage: bytes) -> None:
    first = opened(tmp_path)
    first.record("ana", {"scores": [0.5]})
    first.close()
    with first.path.open("ab") as file:
        file.write(damage)

    second = opened(tmp_path)
    second.record("bia", {"scores": [0.7]})
    second.close()
    with opened(tmp_path) as third:
        assert third.resumed == 2
        assert third.result("bia") == {"scores": [0.7]}


@pytest.mark.parametrize("other", [{"kind": "pad"}, {"model": "n/64"}, {"data": "e"}])
def test_what_was_measured_otherwise_is_not_taken_over(tmp_path: Path, other: dict[str, str]) -> None:
    first = opened(tmp_path)
    first.record("ana", {"scores": [0.5]})
    first.close()

    with opened(tmp_path, **other) as second:
        assert second.resumed == 0


def test_the_file_is_the_owners_and_names_nobody(tmp_path: Path) -> None:
    journal = opened(tmp_path / "evaluations")
    journal.record("Ana Souza", {"scores": [0.5]})

    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700
    assert b"Ana" not in journal.path.read_bytes()
    journal.close()


def test_two_runs_at_once_do_not_write_into_each_other(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(InProgressError):
        opened(tmp_path)
    first.close()


def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidInputError, match="cannot be written"):
        opened(tmp_path / "file")


def test_parts_that_are_shifted_have_another_digest() -> None:
    assert digest_of(["ab", "c"]) != digest_of(["a", "bc"])


def test_the_digest_of_data_follows_its_content_and_not_the_order_that_it_is_given_in(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        files.append((name, tmp_path / name))
    before = digest_of_files(files)

    assert digest_of_files(reversed(files)) == before
    (tmp_path / "b").write_text("c")
    assert digest_of_files(files) != before
    with pytest.raises(InvalidInputError, match="cannot be read"):
        digest_of_files([("z", tmp_path / "z")])
