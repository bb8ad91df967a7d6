"""Key files whatever cuts off a write: never lost, and nothing of them left beside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.crypto import key_files
from adapters.crypto.key_ring import KeyRing, with_kek


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "ring.json"
    KeyRing.open(path).close()
    return path


def test_a_second_name_of_the_file_in_use_goes_and_the_file_stays_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed once between link and unlink, and once more in the next change, before the new file is in place."""
    content, beside = path.read_bytes(), path.with_name("ring.json.new")
    os.link(path, beside)

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(SystemExit):
            key_files.replace_content(path, b"another content")

    assert path.read_bytes() == content
    ring = KeyRing.open(path, create=False)
    ring.change(with_kek)
    assert not beside.exists()


def test_what_was_written_and_never_put_in_place_is_overwritten_before_it_goes(path: Path) -> None:
    beside, witness = path.with_name("ring.json.new"), path.with_name("witness")
    beside.write_bytes(b"keys of a change that was cut off")
    with beside.open("rb") as held:
        key_files.write_beside(path, b"").rename(witness)

        assert held.read().strip(b"\0") == b""
