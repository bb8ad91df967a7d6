"""What is known of a clip before it is shown: whether somebody lives in it, and which movements it performs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.errors import InvalidInputError
from domain.policies.movement import BLINK, COME_CLOSER, LOOK_DOWN, LOOK_UP, MOVEMENTS, TURN_LEFT, TURN_RIGHT

BONA_FIDE: Final = "bona_fide"
SUFFIXES: Final = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})

LIVE_WORDS: Final = frozenset({"real", "live", "bona", "bonafide", "genuine"})
ATTACK_WORDS: Final = frozenset({"fake", "attack", "attacks", "spoof", "replay", "print", "mask", "screen", "photo"})
FOLDER_ATTACKS: Final = frozenset({"fake", "attack", "attacks", "spoof"})
"""A folder called replay or print often holds both."""

STEP_KEYS: Final = ("challenge", "challenges", "sequence", "challenge_sequence", "movements", "steps", "actions")
NAME_KEYS: Final = ("name", "step", "movement", "action", "challenge")
OTHER_NAMES: Final = {
    "left": TURN_LEFT,
    "look_left": TURN_LEFT,
    "right": TURN_RIGHT,
    "look_right": TURN_RIGHT,
    "up": LOOK_UP,
    "down": LOOK_DOWN,
    "closer": COME_CLOSER,
    "approach": COME_CLOSER,
    "close_eyes": BLINK,
}


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip to be shown: ``name`` below its folder; ``species`` is bona_fide or a kind of attack.

    ``steps`` are the movements that it performs, in order; none for a clip that is judged passively. ``assumed`` where
    neither its name nor its sidecar says what it is: then it counts as bona fide.
    """

    name: str
    path: Path
    species: str
    steps: tuple[str, ...] = ()
    assumed: bool = False

    @property
    def attack(self) -> bool:
        """Whether nobody who is shown may get in."""
        return self.species != BONA_FIDE


def clips_in(folder: Path) -> list[Clip]:
    """Return the clips below a folder, by name, with what their sidecars say. Raises ``InvalidInputError``."""
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is not a folder: name the one that holds the clips")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise InvalidInputError(f"{folder} holds no clip ({', '.join(sorted(SUFFIXES))})")
    return [_clip(path, path.relative_to(folder)) for path in paths]


def _clip(path: Path, name: Path) -> Clip:
    sidecar = _sidecar(path)
    species = _said(sidecar) or _named(name)
    return Clip(name.as_posix(), path, species or BONA_FIDE, _steps(sidecar, path), assumed=species is None)


def _sidecar(path: Path) -> Mapping[str, Any]:
    """Return ``clip.json`` or ``clip.mp4.json``; a bare list is the movements."""
    for beside in (path.with_suffix(".json"), path.with_name(path.name + ".json")):
        if beside.is_file():
            try:
                document = json.loads(beside.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise InvalidInputError(f"{beside} cannot be read as JSON: mend it or take it away") from error
            if isinstance(document, list):
                return {"challenge": document}
            if isinstance(document, dict):
                return document
            raise InvalidInputError(f"{beside} holds neither an object nor a list of movements")
    return {}


def _said(sidecar: Mapping[str, Any]) -> str | None:
    """Return the species that a sidecar states: ``attack`` (true, false or a species), ``species`` or ``label``."""
    attack = sidecar.get("attack", sidecar.get("is_attack"))
    if attack is False or sidecar.get("live") is True or sidecar.get(BONA_FIDE) is True:
        return BONA_FIDE
    named = sidecar.get("species", attack if isinstance(attack, str) else sidecar.get("label"))
    if isinstance(named, str) and named:
        return BONA_FIDE if _words(named) & LIVE_WORDS else named
    return "attack" if attack is True or sidecar.get("live") is False else None


def _named(name: Path) -> str | None:
    """Return the species that a clip's name says, or else the folders it lies in; None where they say nothing."""
    words = _words(name.stem)
    if words & LIVE_WORDS:
        return BONA_FIDE
    if words & ATTACK_WORDS:
        return min(words & ATTACK_WORDS)
    folders = {word for part in name.parts[:-1] for word in _words(part)}
    if folders & FOLDER_ATTACKS:
        return min(folders & FOLDER_ATTACKS)
    return BONA_FIDE if folders & LIVE_WORDS else None


def _steps(sidecar: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    stated: Any = next((sidecar[key] for key in STEP_KEYS if sidecar.get(key)), [])
    if isinstance(stated, str):
        stated = re.split(r"[,;\s]+", stated.strip())
    if not isinstance(stated, list):
        raise InvalidInputError(f"the sidecar of {path} states its movements as something other than a list")
    return tuple(_step(one, path) for one in stated)


def _step(stated: Any, path: Path) -> str:
    if isinstance(stated, dict):
        stated = next((stated[key] for key in NAME_KEYS if key in stated), None)
    name = re.sub(r"[\s-]+", "_", str(stated).strip().lower())
    name = OTHER_NAMES.get(name, name)
    if name not in MOVEMENTS:
        raise InvalidInputError(f"the sidecar of {path} asks for {stated!r}: known are {', '.join(MOVEMENTS)}")
    return name


def _words(text: str) -> set[str]:
    return set(re.split(r"[^a-z]+", text.lower()))
