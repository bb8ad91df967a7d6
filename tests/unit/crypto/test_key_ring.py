from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.crypto.keeper import RingKeeper
from adapters.crypto.key_ring import KeyRing
from adapters.crypto.signing_keys import SigningKeys
from adapters.memory.data_keys import MemoryDataKeyStore
from domain.errors import KeyRingDamagedError, KeyRingError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "ring.json"


def rewrite(path: Path, **changes: Any) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **changes}))


def test_a_new_ring_belongs_to_its_owner_alone(path: Path) -> None:
    KeyRing.open(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["ring.json"]


def test_a_new_ring_belongs_to_its_owner_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        KeyRing.open(path)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_opening_again_gives_the_same_keys_and_leaves_the_file_alone(path: Path) -> None:
    first = KeyRing.open(path)
    content = path.read_bytes()

    again = KeyRing.open(path)

    assert again.active_kek() == first.active_kek()
    assert (again.store_key, again.digest_key, again.pairwise_key) == (
        first.store_key,
        first.digest_key,
        first.pairwise_key,
    )
    assert path.read_bytes() == content


def secrets_in(path: Path) -> list[str]:
    """Every key of a ring file, in base64."""
    document = json.loads(path.read_text())
    plain = document["secrets"]
    named = [plain["store_key"], plain["digest_key"], plain["pairwise_key"], *plain["transforms"].values()]
    return [*named, *(kek["key"] for kek in document["keks"] if "key" in kek)]


def test_all_keys_are_256_bits_and_different(path: Path) -> None:
    KeyRing.open(path)
    keys = [base64.b64decode(key) for key in secrets_in(path)]

    assert len(set(keys)) == len(keys) == 5
    assert {len(key) for key in keys} == {32}


def test_what_the_active_key_wraps_opens_with_it_and_with_no_other(path: Path) -> None:
    ring = KeyRing.open(path)
    wrapped = ring.wrap(ring.active_kek(), b"a data key", b"context")

    assert ring.unwrap(ring.active_kek(), wrapped, b"context") == b"a data key"
    with pytest.raises(KeyRingError, match="does not hold the key"):
        ring.unwrap("kek-of-another-ring", wrapped, b"context")


def test_a_ring_of_the_former_format_is_carried_over_with_all_its_keys(path: Path) -> None:
    KeyRing.open(path)
    raw = json.loads(path.read_text())
    names = ("store_key", "digest_key", "pairwise_key")
    keys = {name: raw["secrets"][name] for name in names}
    keks = [{name: raw["keks"][0][name] for name in ("id", "key", "state", "created_at")}]
    path.write_text(json.dumps({"format": "faceauth-key-ring/1", "keks": keks, **keys}))

    ring = KeyRing.open(path)

    assert [base64.b64encode(getattr(ring, name)).decode() for name in names] == list(keys.values())
    assert ring.active_kek() == keks[0]["id"]
    assert ring.transform_seed(ring.active_transform())
    assert json.loads(path.read_text())["format"] == "faceauth-key-ring/2"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_of_the_ring_is_damage(path: Path, data: st.DataObject) -> None:
    KeyRing.open(path)
    whole = path.read_bytes()
    # Blanks between the values of a JSON document say nothing: everything else must be as it was.
    places = [place for place, byte in enumerate(whole) if not chr(byte).isspace()]
    changed = bytearray(whole)
    changed[data.draw(st.sampled_from(places))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    try:
        with pytest.raises(KeyRingDamagedError):
            KeyRing.open(path)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("part", [0.0, 0.2, 0.5, 0.8, 0.99])
def test_a_truncated_ring_is_damage(path: Path, part: float) -> None:
    KeyRing.open(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])

    with pytest.raises(KeyRingDamagedError):
        KeyRing.open(path)


def test_a_destroyed_key_lies_in_no_file_of_the_folder_any_more(path: Path) -> None:
    ring = KeyRing.open(path)
    keeper = RingKeeper(ring, MemoryDataKeyStore())
    former = ring.active_kek()
    key = secrets_in(path)[-1]
    descriptor = os.open(path, os.O_RDONLY)  # the file as it was, under no name once it is replaced
    try:
        keeper.add_kek()
        keeper.destroy_kek(former)

        assert former not in ring.living_keks()
        for file in path.parent.iterdir():
            assert key.encode() not in file.read_bytes()
        assert key.encode() not in os.pread(descriptor, 1 << 16, 0)
    finally:
        os.close(descriptor)


def test_another_process_sees_a_change_and_loses_none_of_its_own(path: Path) -> None:
    here, there = KeyRing.open(path), KeyRing.open(path)
    data_keys = MemoryDataKeyStore()
    RingKeeper(here, data_keys).add_kek()
    RingKeeper(there, data_keys).add_transform()

    assert here.refresh()
    assert not here.refresh()
    assert here.active_transform() == there.active_transform()
    assert here.active_kek() == there.active_kek()
    assert here.document.generation == 3


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_ring_that_others_may_get_at_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    KeyRing.open(path)
    path.chmod(mode)

    with pytest.raises(KeyRingError, match=f"chmod 600 {path}"):
        KeyRing.open(path)

    path.chmod(0o600)
    KeyRing.open(path)


def test_a_ring_in_a_folder_where_others_may_replace_it_is_refused(path: Path) -> None:
    KeyRing.open(path)
    path.parent.chmod(0o770)

    with pytest.raises(KeyRingError, match=f"chmod 700 {path.parent}"):
        KeyRing.open(path)


def test_a_missing_ring_is_not_replaced_when_data_depends_on_it(path: Path) -> None:
    with pytest.raises(KeyRingError, match="is missing: restore it from its backup"):
        KeyRing.open(path, create=False)

    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": "other/1"}'])
def test_a_damaged_ring_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    KeyRing.open(path)
    path.write_bytes(content)

    with pytest.raises(KeyRingError, match="damaged"):
        KeyRing.open(path)

    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["store_key", "digest_key", "pairwise_key"])
@pytest.mark.parametrize("value", [None, 7, "", "é", "not base64!", base64.b64encode(bytes(31)).decode()])
def test_a_ring_with_a_key_that_is_none_is_refused(path: Path, name: str, value: object) -> None:
    KeyRing.open(path)
    rewrite(path, **{name: value})

    with pytest.raises(KeyRingError, match="damaged"):
        KeyRing.open(path)


@pytest.mark.parametrize("keks", [None, [], 3, ["x"], [{}], {"a": 1}])
def test_a_ring_without_a_usable_key_encryption_key_is_refused(path: Path, keks: object) -> None:
    KeyRing.open(path)
    rewrite(path, keks=keks)

    with pytest.raises(KeyRingError, match="damaged"):
        KeyRing.open(path)


def test_two_active_keys_or_an_unknown_state_are_refused(path: Path) -> None:
    KeyRing.open(path)
    [kek] = json.loads(path.read_text())["keks"]

    for keks in ([kek, {**kek, "id": "kek-2"}], [kek, kek], [{**kek, "state": "resting"}], [{**kek, "id": ""}]):
        rewrite(path, keks=keks)
        with pytest.raises(KeyRingError, match="damaged"):
            KeyRing.open(path)


def test_no_key_shows_in_what_is_printed_or_raised(path: Path) -> None:
    ring = KeyRing.open(path)
    secrets = [base64.b64decode(key) for key in secrets_in(path)]
    shown = (
        repr(ring)
        + str(ring)
        + repr(ring.document)
        + repr(ring.provider)
        + repr(SigningKeys.open(path.with_name("signing.json")))
    )
    path.write_text(path.read_text()[:-3])
    with pytest.raises(KeyRingError) as damage:
        KeyRing.open(path)
    shown += str(damage.value)

    assert damage.value.__context__ is None, "a JSONDecodeError would carry the file's text along"
    for secret in secrets:
        assert repr(secret) not in shown
        assert base64.b64encode(secret).decode() not in shown
        assert secret.hex() not in shown


def test_what_a_crash_left_beside_the_ring_is_cleared_away(path: Path) -> None:
    KeyRing.open(path)
    beside = path.with_name("ring.json.new")
    os.link(path, beside)

    KeyRing.open(path)

    assert not beside.exists()


def test_a_folder_in_place_of_the_ring_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    path.parent.chmod(0o700)

    with pytest.raises(KeyRingError):
        KeyRing.open(path)


RACER = """
import sys
from pathlib import Path
from adapters.crypto.key_ring import KeyRing
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    ring = KeyRing.open(Path(sys.argv[1], str(number), "ring.json"))
    print(ring.active_kek(), ring.digest_key.hex())
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
    kept = [KeyRing.open(tmp_path / str(number) / "ring.json").active_kek() for number in range(30)]
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
    key, coming = json.loads(path.read_text())["keys"]
    rewrite(path, keys=[{**key, **change}, coming])

    with pytest.raises(KeyRingError, match="damaged"):
        SigningKeys.open(path)
