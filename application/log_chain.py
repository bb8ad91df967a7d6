"""The chain of checkpoints: which of them say something of the log as it is now, and what is wrong with the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from application.checkpoints import digest, pages_of, read
from application.ports.event_log import LogReading
from application.services import Services
from application.verification_result import CHECKPOINT_MISMATCH, CHECKPOINT_REMOVED, Fault
from domain.errors import InvalidInputError


@dataclass(slots=True)
class Chain:
    """``roots``: by size, the (number, root) that the log must have had there. ``restores``: what notes tell."""

    roots: dict[int, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))
    numbers: int = 0
    faults: list[Fault] = field(default_factory=list)
    restores: list[Mapping[str, Any]] = field(default_factory=list)
    remembered: tuple[int, int, bytes] | None = None


def load(services: Services, reading: LogReading, against: Sequence[bytes], known: Mapping[str, Any]) -> Chain:
    """Return the chain, checked for itself: signatures, numbers, each naming the one before.

    ``against`` are checkpoints that were kept elsewhere, ``known`` is what the service remembers outside the database.
    Raises ``InvalidInputError`` for one of ``against`` that this service did not sign.
    """
    chain, documents, names = Chain(), dict[int, dict[str, Any]](), dict[int, str]()
    previous: str | None = None
    expected = 1
    for number, envelope in pages_of(reading):
        while expected < number and expected + 100 > number:
            chain.faults.append(_removed(expected, "it is not in the database"))
            expected += 1
            previous = None
        try:
            parsed, document = read(services, envelope)
        except InvalidInputError:
            chain.faults.append(_mismatch(number, "its signature does not fit"))
            previous = None
        else:
            if document["number"] != number or (previous is not None and document["previous"] != previous):
                chain.faults.append(_mismatch(number, "it does not name the one before it"))
            documents[number], previous = document, digest(parsed)
            names[number] = previous
        expected = number + 1
    chain.numbers = expected - 1
    _compare_remembered(chain, names, known.get("checkpoint"))
    for envelope in against:
        parsed, document = read(services, envelope)
        number = int(document["number"])
        if names.get(number) != digest(parsed):
            chain.faults.append(_removed(number, "the one that was kept elsewhere is not the one in the database"))
        documents.setdefault(number, document)
    _apply(chain, documents)
    if chain.remembered is not None and chain.remembered[0] >= chain.numbers:
        number, size, root = chain.remembered
        chain.roots[size].append((number, root))
    return chain


def _compare_remembered(chain: Chain, names: Mapping[int, str], known: object) -> None:
    if isinstance(known, dict) and names.get(known["number"]) != known["digest"]:
        reason = "the service remembers another one outside the database"
        fault = _removed(int(known["number"]), reason)
        if fault.checkpoint not in {one.checkpoint for one in chain.faults}:
            chain.faults.append(fault)
        chain.remembered = int(known["number"]), int(known["size"]), bytes.fromhex(known["root"])


def _apply(chain: Chain, documents: Mapping[int, Mapping[str, Any]]) -> None:
    """Leave out what the newest restore, of which a signed checkpoint tells, put out of force."""
    replaced: list[list[int]] = []
    for number in sorted(documents):
        if restore := documents[number].get("restore"):
            replaced = [[first, min(last, number - 1)] for first, last in restore["replaced"]]
            chain.restores.append({"number": number, "at": documents[number]["at"], **restore})
    for number, document in documents.items():
        if not any(first <= number <= last for first, last in replaced):
            chain.roots[int(document["size"])].append((number, bytes.fromhex(document["root"])))


def _removed(number: int, reason: str) -> Fault:
    return Fault(CHECKPOINT_REMOVED, f"checkpoint {number}: {reason}", checkpoint=number)


def _mismatch(number: int, reason: str) -> Fault:
    return Fault(CHECKPOINT_MISMATCH, f"checkpoint {number}: {reason}", checkpoint=number)
