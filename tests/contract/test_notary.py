"""What every notary promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.crypto.notary import FileNotary
from adapters.memory.notary import MemoryNotary
from application.signed_documents import CONSENT_RECEIPT, STATEMENT, opened, signed
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.notary import Notary

DOCUMENT = {"subject": "0001", "texto": "médica", "n": [1, None, True]}


@pytest.fixture(params=["file", "memory"])
def notary(request: pytest.FixtureRequest, tmp_path: Path) -> Notary:
    return MemoryNotary() if request.param == "memory" else FileNotary.open(tmp_path / "k" / "notary.json")


def test_a_signature_is_64_bytes_and_only_for_its_message(notary: Notary) -> None:
    signature = notary.sign(b"one")
    assert len(signature) == 64
    assert notary.sign(b"one") == signature
    assert notary.verify(b"one", signature)
    assert not notary.verify(b"two", signature)
    assert not notary.verify(b"one", signature[:-1])
    assert not notary.verify(b"one", b"")


def test_a_signed_document_opens_as_what_it_was(notary: Notary) -> None:
    envelope = signed(notary, STATEMENT, DOCUMENT)
    assert opened(notary, STATEMENT, envelope) == DOCUMENT


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "e30"},
        {"document": {}},
        {"signature": ""},
        {"signature": "é"},
        {"protected": "e30"},
        {"payload": None},
    ],
)
def test_a_changed_document_does_not_open(notary: Notary, change: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        opened(notary, STATEMENT, signed(notary, STATEMENT, DOCUMENT) | change)


def test_a_document_of_one_kind_does_not_pass_for_another(notary: Notary) -> None:
    with pytest.raises(InvalidInputError):
        opened(notary, CONSENT_RECEIPT, signed(notary, STATEMENT, DOCUMENT))


def test_somebody_elses_signature_is_none(notary: Notary) -> None:
    with pytest.raises(InvalidInputError):
        opened(notary, STATEMENT, signed(MemoryNotary(), STATEMENT, DOCUMENT))


def test_the_key_stays_the_same_and_its_file_closed(tmp_path: Path) -> None:
    path = tmp_path / "k" / "notary.json"
    first, second = FileNotary.open(path), FileNotary.open(path)
    assert first.key_id == second.key_id
    assert second.verify(b"m", first.sign(b"m"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert "d" not in first.public_jwk
