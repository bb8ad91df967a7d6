"""Who is enrolled from which pictures, and who then comes before the camera."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    from application.evaluation.acquiring import Picture


@dataclass(frozen=True, slots=True)
class Cast:
    """The roles of an identification: nobody is probed with a picture that enrolled anybody.

    ``gallery`` maps each person to enrol to the pictures for it; ``probes`` maps everybody who has other pictures to
    those: people of the gallery are mates, everybody else a stranger. ``too_few`` counts people (of the list, or of the
    gallery's folder) who have too few pictures to be enrolled, ``absent`` listed people who have none.
    """

    gallery: Mapping[str, Sequence[Picture]]
    probes: Mapping[str, Sequence[Picture]]
    too_few: int
    absent: int

    @property
    def mates(self) -> int:
        """Count of probe pictures of enrolled people."""
        return sum(len(pictures) for person, pictures in self.probes.items() if person in self.gallery)

    @property
    def strangers(self) -> int:
        """Count of probe pictures of everybody else."""
        return sum(len(pictures) for pictures in self.probes.values()) - self.mates


def cast(
    gallery: Mapping[str, Sequence[Picture]],
    probes: Mapping[str, Sequence[Picture]],
    *,
    captures: int,
    only: Sequence[str] | None = None,
    same_folder: bool = False,
) -> Cast:
    """Give everybody their role.

    The first ``captures`` pictures of a person enrol; ``only`` restricts the gallery to these people. Where one folder
    is both gallery and probes and nobody is listed, a person needs one picture more, to be found by: who has no more is
    a stranger. Raises ``InvalidInputError`` where nobody can be enrolled, or no probe is left of mates or strangers.
    """
    listed = list(gallery if only is None else only)
    needed = captures + 1 if same_folder and only is None else captures
    enrolled = {p: list(gallery[p])[:captures] for p in listed if len(gallery.get(p, ())) >= needed}
    if not enrolled:
        raise InvalidInputError(
            f"nobody has {needed} pictures in the gallery: enrol from fewer with --enroll-captures, or add pictures"
        )
    used = {_content(picture.path) for pictures in enrolled.values() for picture in pictures}
    left = {person: [p for p in pictures if _content(p.path) not in used] for person, pictures in probes.items()}
    roles = Cast(
        gallery=enrolled,
        probes={person: pictures for person, pictures in left.items() if pictures},
        too_few=sum(0 < len(gallery.get(person, ())) < needed for person in listed),
        absent=sum(person not in gallery for person in listed),
    )
    if not roles.mates:
        raise InvalidInputError(
            "no probe shows anybody of the gallery: folders of one person need one name in both, and other pictures"
        )
    if not roles.strangers:
        raise InvalidInputError("no probe shows a stranger: add folders of people who are not in the gallery")
    return roles


def _content(path: Path) -> bytes:
    """Return a digest of the file: a copy of an enrolment picture under another name is no probe."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
