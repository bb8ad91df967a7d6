"""Folders of pictures, as people lay them out: one folder per person, files in it numbered or not."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from application.evaluation.acquiring import Picture
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from application.evaluation.pairs import Pair, Shot

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""What the service's decoder reads."""

PERSON_A_FOLDER: Final = "lay the pictures out as one folder per person: DIR/Name/picture.jpg"


def people_in(folder: Path) -> dict[str, list[Picture]]:
    """Return the pictures of each person, everything sorted by name; folders without pictures are passed over.

    Raises ``InvalidInputError`` for a folder that is not there, holds no picture, or holds pictures of nobody.
    """
    people: dict[str, list[Picture]] = {}
    for name, path in _files(folder):
        person, _, rest = name.partition("/")
        if not rest:
            raise InvalidInputError(f"{path} belongs to nobody: {PERSON_A_FOLDER}")
        people.setdefault(person, []).append(Picture(name, path, person))
    if not people:
        raise InvalidInputError(f"{folder} holds no picture: {PERSON_A_FOLDER}")
    return people


def ids_in(path: Path) -> list[str]:
    """Return the people that a list names, one a line, in order, each once. Raises ``InvalidInputError``."""
    names = [_composed(line.strip()) for line in text_of(path).splitlines()]
    names = [name for name in dict.fromkeys(names) if name and not name.startswith("#")]
    if not names:
        raise InvalidInputError(f"{path} names nobody: write one person a line, named as their folder is")
    return names


def text_of(path: Path) -> str:
    """Return the text of a UTF-8 file. Raises ``InvalidInputError`` where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path} is not a text in UTF-8") from None


def pictures_of_pairs(pairs: Iterable[Pair], folder: Path) -> Mapping[Shot, Picture]:
    """Return the picture of every shot that the pairs name.

    The fourth picture of Ana is looked for as Ana/Ana_0004, then under every other spelling of that number, in the
    folder or deeper, with any suffix of a picture. Raises ``InvalidInputError``, naming the line of the first pair
    whose picture is missing and how many are.
    """
    shelf: dict[str, tuple[str, Path]] = {}
    for name, path in _files(folder):
        for key in _keys(name):
            shelf.setdefault(key, (name, path))
    if not shelf:
        raise InvalidInputError(f"{folder} holds no picture")
    found: dict[Shot, Picture] = {}
    missing: dict[Shot, int] = {}
    for pair in pairs:
        for shot in (pair.first, pair.second):
            place = shelf.get(_wanted(shot))
            if place is None:
                missing.setdefault(shot, pair.line)
            else:
                found[shot] = Picture(place[0], place[1], shot.subject)
    if missing:
        raise InvalidInputError(
            f"{len(missing)} of the pictures of these pairs are not in {folder}: the first is named in line "
            f"{min(missing.values())} of the list"
        )
    return found


def _keys(name: str) -> Iterator[str]:
    """Yield under what a file can be asked for: its path, its path without suffix, and its person and number."""
    yield name
    stem = name.rpartition(".")[0]
    yield stem
    person, _, file = stem.rpartition("/")
    base, _, number = file.rpartition("_")
    if number.isascii() and number.isdigit():
        yield f"{base}\0{int(number)}"
        yield f"{person.rpartition('/')[2]}\0{int(number)}"
    elif file.isascii() and file.isdigit():
        yield f"{person.rpartition('/')[2]}\0{int(file)}"


def _wanted(shot: Shot) -> str:
    return _composed(shot.name if shot.number is None else f"{shot.name}\0{shot.number}")


def _files(folder: Path) -> list[tuple[str, Path]]:
    """Return (path inside the folder, path) of all pictures, sorted; hidden files and folders are passed over."""
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is not a folder")
    found = []
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                found.append((_composed(path.relative_to(folder).as_posix()), path))
    return sorted(found)


def _composed(name: str) -> str:
    """Return the name in one spelling: file systems and lists compose accents differently (NFC, NFD)."""
    return unicodedata.normalize("NFC", name)
