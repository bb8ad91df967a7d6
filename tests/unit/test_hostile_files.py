"""Crafted files and answers: whoever made them gets a verdict, never a crash, and never the better verdict."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.anchors.der import OID, SEQUENCE, DerError, Element, encode
from adapters.anchors.pinned import PinnedKey
from adapters.anchors.timestamp import token_of
from adapters.anchors.timestamp_token import TokenError
from adapters.anchors.witness_book import WitnessBook
from adapters.crypto.notary import FileNotary
from application import checkpoints, verification
from application.signed_documents import CHECKPOINT, MANIFEST, canonical, signed
from domain.errors import InvalidInputError
from entrypoints.offline.command import run
from tests.house import build_house

NESTED = b"[" * 30_000
ZEROS = "00" * 32


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def notary(tmp_path: Path) -> FileNotary:
    return FileNotary.open(tmp_path / "k" / "notary.json")


def verdict(folder: Path, content: bytes, notary: FileNotary, *more: str) -> int:
    key, file = folder / "key.json", folder / "file"
    key.write_bytes(canonical(dict(notary.public_jwk)))
    file.write_bytes(content)
    return run([str(file), "--key", str(key), *more])


def raw_envelope(notary: FileNotary, kind: str, payload: bytes) -> dict[str, Any]:
    """What ``signed`` would not make: any bytes, under a right signature."""
    header = {"alg": "EdDSA", "jwk": {n: notary.public_jwk[n] for n in ("crv", "kty", "x")}, "kid": notary.key_id}
    protected, body = encoded(canonical(header | {"typ": kind})), encoded(payload)
    return {"payload": body, "protected": protected, "signature": encoded(notary.sign(f"{protected}.{body}".encode()))}


@pytest.mark.parametrize("size", ["1e400", "-1", "1.5", "true", '"7"', "9223372036854775808", "[]", "null", "1" * 4000])
def test_a_checkpoint_whose_size_is_no_number_proves_nothing(tmp_path: Path, notary: FileNotary, size: str) -> None:
    payload = f'{{"number":1,"root":"{ZEROS}","size":{size}}}'.encode()
    envelope = raw_envelope(notary, CHECKPOINT, payload)
    proof = {"format": "faceauth-consistency-proof/1", "from": envelope, "to": envelope, "path": []}

    assert verdict(tmp_path, canonical(proof), notary) == 2
    assert verdict(tmp_path, json.dumps([envelope]).encode(), notary) == 2


@pytest.mark.parametrize("number", ['"1"', "null", "1e400", "[1]", "true"])
def test_a_chain_whose_numbers_are_none_is_not_genuine(tmp_path: Path, notary: FileNotary, number: str) -> None:
    first = raw_envelope(notary, CHECKPOINT, f'{{"number":{number},"root":"{ZEROS}","size":1}}'.encode())
    second = signed(notary, CHECKPOINT, {"number": 2, "root": ZEROS, "size": 2, "previous": checkpoints.digest(first)})

    assert verdict(tmp_path, json.dumps([first, second]).encode(), notary) == 1


@pytest.mark.parametrize("position", ["1e400", "-1", str(1 << 70), "true", '"1"'])
def test_a_proof_of_an_event_at_no_place_proves_nothing(tmp_path: Path, notary: FileNotary, position: str) -> None:
    envelope = json.dumps(signed(notary, CHECKPOINT, {"number": 1, "root": ZEROS, "size": 1}))
    entry = f'{{"position":{position},"stream":"{"0" * 32}","version":1,"topic":"t","state_sha256":"{ZEROS}"}}'
    proof = f'{{"format":"faceauth-inclusion-proof/1","checkpoint":{envelope},"entry":{entry},"index":0,"path":[]}}'

    assert verdict(tmp_path, proof.encode(), notary) == 2


@pytest.mark.parametrize(
    "name",
    ["\0", "../key.json", "/etc/hostname", "circle", "pipe", ".", "a" * 5000],
    ids=["nul", "up", "absolute", "circle", "pipe", "folder", "long"],
)
def test_a_manifest_cannot_make_it_read_what_is_no_file_of_its_folder(
    tmp_path: Path, notary: FileNotary, name: str
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "circle").symlink_to(folder / "circle")
    os.mkfifo(folder / "pipe")
    manifest = signed(notary, MANIFEST, {"files": [{"name": name, "sha256": ZEROS}]})

    assert verdict(tmp_path, canonical(manifest), notary, "--files", str(folder)) == 1


def test_words_that_have_no_utf8_are_shown_in_json_all_the_same(
    tmp_path: Path, notary: FileNotary, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = FileNotary.open(tmp_path / "o" / "notary.json")
    envelope = raw_envelope(stranger, "x", b'{"a":"\\ud800"}')
    (tmp_path / "crafted").write_bytes(canonical(envelope))

    assert run([str(tmp_path / "crafted"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["results"][0]["document"] == {"a": "\ud800"}
    assert verdict(tmp_path, canonical(envelope), notary, "--json") == 1


@pytest.mark.parametrize("part", ["payload", "protected", "signature"])
def test_a_nested_envelope_is_refused_by_the_witness_and_by_whoever_reads_checkpoints(
    tmp_path: Path, notary: FileNotary, part: str
) -> None:
    WitnessBook.pin(tmp_path, PinnedKey(notary.public_jwk))
    book = WitnessBook(tmp_path, FileNotary.open(tmp_path / "w" / "notary.json"))
    crafted = canonical(signed(notary, CHECKPOINT, {"size": 1, "root": "aa"}) | {part: encoded(NESTED)})
    house = build_house()

    with pytest.raises(InvalidInputError):
        book.take(crafted, at=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidInputError):
        checkpoints.read(replace(house.services, notary=notary), crafted)
    book.close()


def test_a_nested_checkpoint_in_the_database_is_found_and_named() -> None:
    house = build_house()
    house.enroll("ana")
    made = checkpoints.make(house.services, at=house.clock.now())
    crafted = canonical({**made, "payload": encoded(NESTED)})
    house.services.log.keep_checkpoint(2, 1, house.clock.now(), crafted)

    found = verification.verify(house.services, act=house.act())

    assert not found.sound
    assert [fault.checkpoint for fault in found.faults] == [2]


def test_numbers_without_end_in_an_authoritys_answer_are_no_answer() -> None:
    endless = encode(0x02, b"\x7f" + b"\xff" * 4000)
    with pytest.raises((DerError, TokenError)):
        token_of(encode(SEQUENCE, encode(SEQUENCE, endless)))
    with pytest.raises(DerError):
        Element(OID, b"\xff" * 60_000 + b"\x01", b"").oid()
