"""Lists of pairs: the format of "Labeled Faces in the Wild", and a plain one with a label on every line.

LFW (vis-www.cs.umass.edu/lfw/README.txt): the first line says folds and pairs per fold, or a count alone; then, fold by
fold, pairs of one person (``name i j``) and as many of two people (``name1 i name2 j``). Plain: ``path path 1`` for one
person, ``path path 0`` for two, paths relative to the folder of pictures. Columns stand between tabs, commas or spaces;
empty lines and lines that begin with ``#`` are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

WHAT_TO_WRITE: Final = "write 'name i j', 'name1 i name2 j' or 'path path 0|1'"
MATED_COLUMNS: Final = 3
NON_MATED_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture as a list names it: the ``number``-th of a person, or, without a number, a path."""

    name: str
    number: int | None = None

    @property
    def subject(self) -> str:
        """Whom it shows, as far as the list says: the person, or the folder that the path lies in (else the path)."""
        return self.name if self.number is not None else self.name.rpartition("/")[0] or self.name


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, whether they are of one person, the fold (None: the list has none) and the line, from 1."""

    first: Shot
    second: Shot
    genuine: bool
    fold: int | None
    line: int


def parse_pairs(text: str) -> list[Pair]:
    """Return the pairs of a list. Raises ``InvalidInputError`` with the number of the line that is at fault."""
    rows = [
        (number, _columns(line))
        for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    header = _header(rows[0][1]) if rows else None
    pairs = [_pair(number, columns) for number, columns in (rows[1:] if header else rows)]
    if not pairs:
        raise InvalidInputError(f"the list of pairs is empty: {WHAT_TO_WRITE}, one pair a line")
    return pairs if header is None else _folded(pairs, header)


def spread(pairs: Sequence[Pair], limit: int | None) -> list[Pair]:
    """Return at most ``limit`` pairs, evenly spread: a list has its folds and its kinds of pairs one after another."""
    if limit is None or limit >= len(pairs):
        return list(pairs)
    return [pairs[place * len(pairs) // limit] for place in range(limit)]


def _columns(line: str) -> list[str]:
    separator = "\t" if "\t" in line else "," if "," in line else None
    return [column.strip() for column in line.strip().split(separator)]


def _header(columns: list[str]) -> list[int] | None:
    return [int(column) for column in columns] if len(columns) <= 2 and all(map(_counts, columns)) else None  # noqa: PLR2004


def _pair(line: int, columns: list[str]) -> Pair:
    match columns:
        case [name, i, j] if name and _counts(i) and _counts(j):
            return Pair(Shot(name, int(i)), Shot(name, int(j)), True, None, line)
        case [one, i, other, j] if one and other and _counts(i) and _counts(j):
            return Pair(Shot(one, int(i)), Shot(other, int(j)), one == other, None, line)
        case [first, second, "0" | "1" as label] if first and second:
            return Pair(Shot(_inside(first, line)), Shot(_inside(second, line)), label == "1", None, line)
    raise InvalidInputError(f"line {line} of the list of pairs is not a pair: {WHAT_TO_WRITE}")


def _inside(path: str, line: int) -> str:
    parts = path.replace("\\", "/").split("/")
    if path.startswith("/") or ".." in parts:
        raise InvalidInputError(f"line {line} of the list of pairs leads out of the folder of pictures")
    return "/".join(part for part in parts if part not in {"", "."})


def _counts(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9  # noqa: PLR2004 - no picture has a longer number


def _folded(pairs: list[Pair], header: list[int]) -> list[Pair]:
    """Number the folds; a header that says something else than the file holds is a file cut short."""
    folds, each = (header[0], header[1]) if len(header) == 2 else (1, header[0])  # noqa: PLR2004 - folds and pairs
    promised = {folds * each, 2 * folds * each}
    if len(pairs) not in promised:
        raise InvalidInputError(
            f"the list of pairs holds {len(pairs)} pairs, its first line says {max(promised)}: it was cut short"
        )
    if folds == 1:
        return pairs
    size = len(pairs) // folds
    return [Pair(p.first, p.second, p.genuine, place // size, p.line) for place, p in enumerate(pairs)]
