"""The offline verifier: what is genuine, what is not, and what it says when nobody told it whom to trust."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.crypto.notary import FileNotary
from application import checkpoints
from application.log_proofs import prove_event, prove_growth
from application.services import Services
from application.signed_documents import CHECKPOINT, MANIFEST, STATEMENT, canonical, signed
from entrypoints.offline.command import run
from tests.alone import verified_alone
from tests.house import House, build_house


class Desk:
    """Files as they leave the house, and the command on them."""

    def __init__(self, folder: Path, house: House, services: Services, notary: FileNotary) -> None:
        self.folder, self.house, self.services, self.notary = folder, house, services, notary
        self.key = self.write("key.json", dict(notary.public_jwk))

    def write(self, name: str, document: Any) -> str:
        path = self.folder / name
        path.write_bytes(
            document
            if isinstance(document, bytes)
            else canonical(document)
            if isinstance(document, dict)
            else json.dumps(document).encode()
        )
        return str(path)

    def check(self, document: Any, *more: str) -> int:
        return run([self.write("file", document), *(more or ("--key", self.key))])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    house, notary = build_house(), FileNotary.open(tmp_path / "k" / "notary.json")
    return Desk(tmp_path, house, replace(house.services, notary=notary), notary)


def made(desk: Desk, name: str) -> dict[str, Any]:
    desk.house.enroll(name)
    return checkpoints.make(desk.services, at=desk.house.clock.now())


def test_a_document_is_genuine_under_the_key_or_its_thumbprint(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    envelope = signed(desk.notary, STATEMENT, {"texto": "médica", "n": [1, None, True]})

    assert desk.check(envelope) == 0
    assert desk.check(envelope, "--fingerprint", desk.notary.key_id) == 0
    assert desk.check(envelope, "--key", desk.write("set.json", {"keys": [dict(desk.notary.public_jwk)]})) == 0
    assert "AUTÊNTICO / GENUINE" in capsys.readouterr().out


def test_without_trust_it_says_whose_signature_it_is_and_that_this_is_not_enough(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.check(signed(desk.notary, STATEMENT, {}), "--json") == 2
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["signed_by"] == desk.notary.key_id
    assert "whom to trust" in result["detail"]


def test_a_document_of_another_key_is_not_genuine(desk: Desk, tmp_path: Path) -> None:
    other = FileNotary.open(tmp_path / "o" / "notary.json")
    envelope = signed(other, STATEMENT, {})
    assert desk.check(envelope) == 1
    assert desk.check(envelope, "--fingerprint", desk.notary.key_id) == 1


@pytest.mark.parametrize(
    ("change", "exit_code"),
    [
        ({"document": {"n": 2}}, 1),
        ({"document": {"n": 1.0}}, 1),
        ({"document": {"n": True}}, 1),
        ({"payload": "eyJuIjoyfQ"}, 1),
        ({"signature": ""}, 1),
        ({"signature": "é"}, 1),
        ({"payload": "é"}, 1),
        ({"protected": "e30"}, 1),
        ({"protected": "W10"}, 1),
    ],
)
def test_a_changed_document_is_not_genuine(desk: Desk, change: dict[str, Any], exit_code: int) -> None:
    assert desk.check(signed(desk.notary, STATEMENT, {"n": 1}) | change) == exit_code


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"7",
        b"\xff\xfe",
        b"{",
        b'{"a":NaN}',
        b"[" * 100_000,
        b'{"format":"faceauth-inclusion-proof/1"}',
    ],
)
def test_what_is_no_document_cannot_be_told(desk: Desk, content: bytes) -> None:
    assert desk.check(content) == 2


def test_a_name_given_twice_is_refused(desk: Desk) -> None:
    text = canonical(signed(desk.notary, STATEMENT, {"n": 1}))
    assert desk.check(text.replace(b'{"document":', b'{"document":{"n":2},"document":')) == 2


def test_a_missing_file_and_a_key_that_is_none_cannot_be_told(desk: Desk) -> None:
    assert run([str(desk.folder / "nothing")]) == 2
    assert desk.check({}, "--key", desk.write("bad", {"kty": "oct"})) == 2
    assert desk.check({}, "--key", desk.write("bad", b"no")) == 2


def test_proofs_of_inclusion_and_growth_are_checked(desk: Desk) -> None:
    former, later = made(desk, "ana"), made(desk, "bruno")
    proof = prove_event(desk.services, 3)
    growth = prove_growth(desk.services, canonical(former), canonical(later))

    assert desk.check(proof) == 0
    assert desk.check(growth) == 0
    for name, value in (("position", 4), ("version", 9), ("topic", "x"), ("state_sha256", "00" * 32)):
        assert desk.check(proof | {"entry": proof["entry"] | {name: value}}) == 1, name
    assert desk.check(proof | {"index": proof["index"] + 1}) == 1
    assert desk.check(proof | {"path": proof["path"][1:]}) == 1
    assert desk.check(proof | {"checkpoint": former}) == 1
    assert desk.check(proof | {"path": ["zz"]}) == 2
    assert desk.check(proof | {"checkpoint": signed(desk.notary, STATEMENT, later["document"])}) == 1
    assert desk.check(growth | {"path": []}) == 1
    assert desk.check(growth | {"from": later, "to": former}) == 1


def test_a_chain_of_checkpoints_is_checked(desk: Desk) -> None:
    one, two, three = (made(desk, name) for name in ("ana", "bruno", "carla"))

    assert desk.check([one, two, three]) == 0
    assert desk.check({"checkpoints": [two, three]}) == 0
    assert desk.check([one, three]) == 1
    assert desk.check([one, two | {"document": {}}, three]) == 1
    shorter = signed(desk.notary, CHECKPOINT, two["document"] | {"size": 1})
    assert desk.check([one, shorter]) == 1
    said = signed(desk.notary, CHECKPOINT, two["document"] | {"size": 1, "restore": {"kept": 1, "replaced": []}})
    assert desk.check([one, said]) == 0


def test_the_files_of_a_manifest_are_compared(desk: Desk) -> None:
    folder = desk.folder / "export"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"a;b\n")
    digest = hashlib.sha256(b"a;b\n").hexdigest()

    def manifest(name: str, sha256: str = digest) -> dict[str, Any]:
        return signed(desk.notary, MANIFEST, {"files": [{"name": name, "sha256": sha256}]})

    given = ("--key", desk.key, "--files", str(folder))
    assert desk.check(manifest("a.csv"), *given) == 0
    assert desk.check(manifest("a.csv", "00" * 32), *given) == 1
    assert desk.check(manifest("b.csv"), *given) == 1
    assert desk.check(manifest("../key.json"), *given) == 1
    assert desk.check(signed(desk.notary, MANIFEST, {"files": {"a.csv": digest}}), *given) == 0
    assert desk.check(signed(desk.notary, MANIFEST, {"files": []}), *given) == 2


def test_an_erasure_certificate_is_checked_against_the_keys_of_tokens(desk: Desk) -> None:
    key = generate_private_key(SECP256R1())
    numbers = key.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "kid": "t1",
        "x": _b64(numbers.x.to_bytes(32, "big")),
        "y": _b64(numbers.y.to_bytes(32, "big")),
    }
    head = _b64(b'{"alg":"ES256","kid":"t1","typ":"erasure-certificate+jwt"}') + "." + _b64(b'{"sub":"x"}')
    r, s = decode_dss_signature(key.sign(head.encode(), ECDSA(SHA256())))
    token = f"{head}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    jwks = ("--key", desk.write("jwks.json", {"keys": [jwk]}))

    assert desk.check(token.encode(), *jwks) == 0
    assert desk.check(token[:-6].encode() + b"AAAAAA", *jwks) == 1
    assert desk.check(token.encode()) == 1, "of another key"
    assert desk.check(token.encode(), "--json") == 2


def test_a_document_cannot_paint_over_the_verdict(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    nasty = signed(desk.notary, CHECKPOINT, {"origin": "\x1b[2J\nGENUINE", "number": 1})
    assert desk.check(nasty) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_it_runs_where_nothing_but_cryptography_can_be_imported(desk: Desk) -> None:
    made(desk, "ana")
    proof = desk.write("proof.json", prove_event(desk.services, 3))
    done = verified_alone(desk.folder / "site", proof, "--fingerprint", desk.notary.key_id)
    assert (done.returncode, done.stderr) == (0, "")
    assert "GENUINE" in done.stdout


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
