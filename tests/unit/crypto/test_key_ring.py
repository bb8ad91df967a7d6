from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.crypto.key_ring import FileKeyRing
from adapters.crypto.signing_keys import SigningKeys
from domain.errors import KeyRingError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "ring.json"


def rewrite(path: Path, **changes: Any) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **changes}))


def test_a_new_ring_belongs_to_its_owner_alone(path: Path) -> None:
    FileKeyRing.open(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["ring.json"]


def test_a_new_ring_belongs_to_its_owner_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        FileKeyRing.open(path)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_opening_again_gives_the_same_keys_and_leaves_the_file_alone(path: Path) -> None:
    first = FileKeyRing.open(path)
    content = path.read_bytes()

    again = FileKeyRing.open(path)

    assert again.active_kek() == first.active_kek()
    assert (again.store_key, again.digest_key, again.pairwise_key) == (
        first.store_key,
        first.digest_key,
        first.pairwise_key,
    )
    assert path.read_bytes() == content


def test_all_keys_are_256_bits_and_different(path: Path) -> None:
    ring = FileKeyRing.open(path)
    keys = {ring.active_kek()[1], ring.store_key, ring.digest_key, ring.pairwise_key}

    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


def test_the_active_key_is_found_by_its_id(path: Path) -> None:
    ring = FileKeyRing.open(path)
    kek_id, key = ring.active_kek()

    assert ring.kek(kek_id) == key
    with pytest.raises(KeyRingError, match="does not hold the key"):
        ring.kek("kek-of-another-ring")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_ring_that_others_may_get_at_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    FileKeyRing.open(path)
    path.chmod(mode)

    with pytest.raises(KeyRingError, match=f"chmod 600 {path}"):
        FileKeyRing.open(path)

    path.chmod(0o600)
    FileKeyRing.open(path)


def test_a_ring_in_a_folder_where_others_may_replace_it_is_refused(path: Path) -> None:
    FileKeyRing.open(path)
    path.parent.chmod(0o770)

    with pytest.raises(KeyRingError, match=f"chmod 700 {path.parent}"):
        FileKeyRing.open(path)


def test_a_missing_ring_is_not_replaced_when_data_depends_on_it(path: Path) -> None:
    with pytest.raises(KeyRingError, match="is missing: restore it from its backup"):
        FileKeyRing.open(path, create=False)

    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": "other/1"}'])
def test_a_damaged_ring_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    FileKeyRing.open(path)
    path.write_bytes(content)

    with pytest.raises(KeyRingError, match="damaged"):
        FileKeyRing.open(path)

    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["store_key", "digest_key", "pairwise_key"])
@pytest.mark.parametrize("value", [None, 7, "", "é", "not base64!", base64.b64encode(bytes(31)).decode()])
def test_a_ring_with_a_key_that_is_none_is_refused(path: Path, name: str, value: object) -> None:
    FileKeyRing.open(path)
    rewrite(path, **{name: value})

    with pytest.raises(KeyRingError, match="damaged"):
        FileKeyRing.open(path)


@pytest.mark.parametrize("keks", [None, [], 3, ["x"], [{}], {"a": 1}])
def test_a_ring_without_a_usable_key_encryption_key_is_refused(path: Path, keks: object) -> None:
    FileKeyRing.open(path)
    rewrite(path, keks=keks)

    with pytest.raises(KeyRingError, match="damaged"):
        FileKeyRing.open(path)


def test_two_active_keys_or_an_unknown_state_are_refused(path: Path) -> None:
    FileKeyRing.open(path)
    [kek] = json.loads(path.read_text())["keks"]

    for keks in ([kek, {**kek, "id": "kek-2"}], [kek, kek], [{**kek, "state": "resting"}], [{**kek, "id": ""}]):
        rewrite(path, keks=keks)
        with pytest.raises(KeyRingError, match="damaged"):
            FileKeyRing.open(path)


def test_no_key_shows_in_what_is_printed_or_raised(path: Path) -> None:
    ring = FileKeyRing.open(path)
    secrets = [ring.active_kek()[1], ring.store_key, ring.digest_key, ring.pairwise_key]
    shown = repr(ring) + str(ring) + repr(ring.keks) + repr(SigningKeys.open(path.with_name("signing.json")))
    path.write_text(path.read_text()[:-3])
    with pytest.raises(KeyRingError) as damage:
        FileKeyRing.open(path)
    shown += str(damage.value)

    assert damage.value.__context__ is None, "a JSONDecodeError would carry the file's text along"
    for secret in secrets:
        assert repr(secret) not in shown
        assert base64.b64encode(secret).decode() not in shown
        assert secret.hex() not in shown


def test_what_a_crash_left_beside_the_ring_is_cleared_away(path: Path) -> None:
    FileKeyRing.open(path)
    beside = path.with_name("ring.json.new")
    os.link(path, beside)

    FileKeyRing.open(path)

    assert not beside.exists()


def test_a_folder_in_place_of_the_ring_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    path.parent.chmod(0o700)

    with pytest.raises(KeyRingError):
        FileKeyRing.open(path)


RACER = """
import sys
from pathlib import Path
from adapters.crypto.key_ring import FileKeyRing
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    ring = FileKeyRing.open(Path(sys.argv[1], str(number), "ring.json"))
    print(ring.active_kek()[0], ring.digest_key.hex())
"""


def test_processes_that_create_a_ring_at_once_get_one_ring(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", RACER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = {racer.communicate(timeout=60)[0] for racer in racers}

    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert len(answers) == 1
    kept = [FileKeyRing.open(tmp_path / str(number) / "ring.json").active_kek()[0] for number in range(30)]
    assert [line.split()[0] for line in answers.pop().splitlines()] == kept


def test_signing_keys_keep_the_rules_of_the_ring(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.json"
    kid = SigningKeys.open(path).active().kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKeys.open(path).active().kid == kid

    path.chmod(0o644)
    with pytest.raises(KeyRingError, match="chmod 600"):
        SigningKeys.open(path)


@pytest.mark.parametrize("change", [{"kid": "another"}, {"state": "resting"}, {"private_pem": "x"}, {"private_pem": 1}])
def test_damaged_signing_keys_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "keys" / "signing.json"
    SigningKeys.open(path)
    [key] = json.loads(path.read_text())["keys"]
    rewrite(path, keys=[{**key, **change}])

    with pytest.raises(KeyRingError, match="damaged"):
        SigningKeys.open(path)
