"""A witness keeps what it was shown, and says so when it is shown something else later."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.anchors.pinned import PinnedKey
from adapters.anchors.witness import HttpWitness
from adapters.anchors.witness_book import BOOK, MOST_BYTES, WitnessBook
from adapters.crypto.notary import FileNotary
from adapters.identity.exchange import HttpExchange
from application.signed_documents import CHECKPOINT, WITNESS_RECEIPT, canonical, opened, signed
from domain.errors import (
    ConfigurationError,
    InProgressError,
    InvalidInputError,
    UnavailableError,
    WitnessConflictError,
)
from entrypoints.witness.server import create_witness

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2030, 1, 1, 8, 0, tzinfo=UTC)
TOKEN = "a-token-of-the-witness"


@dataclass
class Place:
    """A house that signs checkpoints, and a witness in a folder."""

    house: FileNotary
    witness: FileNotary
    folder: Path
    book: WitnessBook

    def checkpoint(self, size: int, root: str = "aa", **more: Any) -> bytes:
        return canonical(signed(self.house, CHECKPOINT, {"size": size, "root": root} | more))

    def reopened(self) -> WitnessBook:
        self.book.close()
        self.book = WitnessBook(self.folder, self.witness)
        return self.book


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "witness"
    folder.mkdir()
    house = FileNotary.open(tmp_path / "house.json")
    witness = FileNotary.open(folder / "notary.json")
    WitnessBook.pin(folder, PinnedKey(house.public_jwk))
    place = Place(house, witness, folder, WitnessBook(folder, witness))
    yield place
    place.book.close()


def test_a_receipt_names_the_checkpoint_and_is_signed(place: Place) -> None:
    receipt, new = place.book.take(place.checkpoint(3, "ab"), at=NOW)

    document = opened(PinnedKey(place.witness.public_jwk), WITNESS_RECEIPT, receipt)
    assert new
    assert (document["size"], document["root"], document["at"]) == (3, "ab", NOW.isoformat())
    assert document["log_key"] == place.house.key_id


def test_a_log_that_grows_is_taken_and_what_is_known_gets_its_receipt_again(place: Place) -> None:
    first, second = place.checkpoint(3), place.checkpoint(5)
    receipt, _ = place.book.take(first, at=NOW)
    place.book.take(second, at=NOW)

    assert place.book.take(first, at=NOW) == (receipt, False)
    assert place.book.take(place.checkpoint(5, at="later"), at=NOW)[1]
    assert place.reopened().take(first, at=NOW) == (receipt, False)


@pytest.mark.parametrize(("size", "root"), [(4, "aa"), (0, "aa"), (5, "ab")])
def test_a_log_that_was_cut_or_made_anew_is_refused_also_after_a_restart(place: Place, size: int, root: str) -> None:
    place.book.take(place.checkpoint(5), at=NOW)
    with pytest.raises(WitnessConflictError):
        place.book.take(place.checkpoint(size, root), at=NOW)
    with pytest.raises(WitnessConflictError):
        place.reopened().take(place.checkpoint(size, root), at=NOW)


@pytest.mark.parametrize(
    "made",
    [
        lambda _: b"",
        lambda _: b"\xff",
        lambda _: b"[]",
        lambda _: b"[" * 50_000,
        lambda place: canonical(signed(place.witness, CHECKPOINT, {"size": 1, "root": "aa"})),
        lambda place: canonical(signed(place.house, WITNESS_RECEIPT, {"size": 1, "root": "aa"})),
        lambda place: place.checkpoint(1).replace(b'"size":1', b'"size":2'),
        lambda place: place.checkpoint(-1),
        lambda place: place.checkpoint(1, ""),
        lambda place: canonical(signed(place.house, CHECKPOINT, {"size": True, "root": "aa"})),
        lambda place: canonical(signed(place.house, CHECKPOINT, {"root": "aa"})),
    ],
)
def test_what_the_log_did_not_sign_as_a_checkpoint_is_refused(place: Place, made: Callable[[Place], bytes]) -> None:
    with pytest.raises(InvalidInputError):
        place.book.take(made(place), at=NOW)
    assert (place.folder / BOOK).read_bytes() == b""


def test_a_line_that_was_cut_off_goes_and_one_that_was_changed_stops(place: Place) -> None:
    place.book.take(place.checkpoint(1), at=NOW)
    place.book.take(place.checkpoint(2), at=NOW)
    path = place.folder / BOOK
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert place.reopened().newest is not None
    assert path.read_bytes() == whole[: whole.index(b"\n") + 1]

    path.write_bytes(whole.replace(b'\\"size\\":1', b'\\"size\\":0'))
    with pytest.raises(ConfigurationError, match="byte 0"):
        place.reopened()


def test_a_book_belongs_to_one_process_and_one_log(place: Place, tmp_path: Path) -> None:
    with pytest.raises(InProgressError):
        WitnessBook(place.folder, place.witness)
    other = PinnedKey(FileNotary.open(tmp_path / "other.json").public_jwk)
    with pytest.raises(ConfigurationError, match="another log"):
        WitnessBook.pin(place.folder, other)
    WitnessBook.pin(place.folder, PinnedKey(place.house.public_jwk))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}', '{"kty": "EC"}'])
def test_what_is_no_key_is_pinned_nowhere(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="X cannot"):
        PinnedKey.read(path, "X")


@pytest.fixture
def client(place: Place) -> Iterator[TestClient]:
    with TestClient(create_witness(place.book, place.witness, TOKEN, lambda: NOW)) as client:
        yield client


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_over_http_it_answers_201_then_200_and_409_for_a_contradiction(place: Place, client: TestClient) -> None:
    def post(body: bytes) -> httpx.Response:
        answer: httpx.Response = client.post("/checkpoints", content=body, headers=bearer())
        return answer

    assert [post(place.checkpoint(5)).status_code for _ in range(2)] == [201, 200]
    conflict = post(place.checkpoint(4))
    assert (conflict.status_code, conflict.json()["code"]) == (409, "witness_conflict")
    assert client.get("/checkpoints/newest", headers=bearer()).json()["document"]["size"] == 5
    assert client.get("/key").json()["kid"] == place.witness.key_id


def test_nobody_posts_or_reads_without_the_token_and_nothing_is_endless(place: Place, client: TestClient) -> None:
    for headers in ({}, bearer("guess"), bearer(""), {"authorization": TOKEN}, bearer("ção")):
        encoded = {name: value.encode() for name, value in headers.items()}
        assert client.post("/checkpoints", content=place.checkpoint(1), headers=encoded).status_code == 401
        assert client.get("/checkpoints/newest", headers=encoded).status_code == 401
    assert client.get("/checkpoints/newest", headers=bearer()).status_code == 404
    assert client.post("/checkpoints", content=b"0" * (MOST_BYTES + 1), headers=bearer()).status_code == 413
    assert client.post("/checkpoints", content=b"junk", headers=bearer()).status_code == 422


def anchored(answer: Callable[[httpx.Request], httpx.Response], **more: Any) -> HttpWitness:
    exchange = HttpExchange(transport=httpx.MockTransport(answer))
    return HttpWitness("https://witness.example/checkpoints", exchange, timeout_s=5, **more)


def test_the_adapter_brings_back_the_receipt_of_a_real_witness(
    place: Place, client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")

    def pass_on(asked: httpx.Request) -> httpx.Response:
        answer = client.post("/checkpoints", content=asked.content, headers=dict(asked.headers))
        return httpx.Response(answer.status_code, content=answer.content)

    key = PinnedKey(place.witness.public_jwk)
    anchor = anchored(pass_on, token_file=tmp_path / "token", key=key)
    proof = anchor.anchor(place.checkpoint(5))

    assert opened(key, WITNESS_RECEIPT, json.loads(proof))["size"] == 5
    assert anchor.name == "witness"
    with pytest.raises(InvalidInputError, match="contradicts"):
        anchor.anchor(place.checkpoint(4))
    (tmp_path / "token").unlink()
    with pytest.raises(UnavailableError, match="credential"):
        anchor.anchor(place.checkpoint(6))


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"", "500"),
        (302, b"", "302"),
        (401, b"", "401"),
        (201, b"", "not one for this checkpoint"),
        (201, b"[]", "not one for this checkpoint"),
        (201, b'{"document": {"sha256": "00"}}', "not one for this checkpoint"),
        (201, b"[" * 60_000, "not one for this checkpoint"),
        (201, b"0" * (MOST_BYTES + 1), "201"),
    ],
)
@pytest.mark.parametrize("pinned", [True, False])
def test_a_witness_that_answers_otherwise_is_unavailable(
    place: Place, status: int, body: bytes, why: str, pinned: bool
) -> None:
    key = PinnedKey(place.witness.public_jwk) if pinned else None
    with pytest.raises(UnavailableError, match=why):
        anchored(lambda _: httpx.Response(status, content=body), key=key).anchor(place.checkpoint(1))


def test_a_receipt_of_another_witness_or_for_another_checkpoint_is_none(place: Place, tmp_path: Path) -> None:
    receipt, _ = place.book.take(place.checkpoint(1), at=NOW)
    other = PinnedKey(FileNotary.open(tmp_path / "other.json").public_jwk)

    def say(_: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json=receipt)

    with pytest.raises(UnavailableError):
        anchored(say, key=other).anchor(place.checkpoint(1))
    with pytest.raises(UnavailableError):
        anchored(say, key=PinnedKey(place.witness.public_jwk)).anchor(place.checkpoint(2))
