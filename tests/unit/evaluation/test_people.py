"""Who is enrolled, who is a mate, who a stranger: for every way of laying pictures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from application.evaluation.acquiring import Picture
from application.evaluation.people import Cast, cast
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path


def album(folder: Path, **people: list[int]) -> dict[str, list[Picture]]:
    """Pictures whose content is the person and the take, filed under that folder."""
    found: dict[str, list[Picture]] = {}
    for person, takes in people.items():
        for place, take in enumerate(takes):
            path = folder / person / f"{place}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{person} {take}")
            found.setdefault(person, []).append(Picture(f"{person}/{place}.jpg", path, person))
    return found


def sizes(roles: Cast) -> tuple[dict[str, int], dict[str, int]]:
    return {p: len(s) for p, s in roles.gallery.items()}, {p: len(s) for p, s in roles.probes.items()}


def test_in_one_folder_who_has_a_picture_to_spare_is_enrolled_and_the_others_are_strangers(tmp_path: Path) -> None:
    both = album(tmp_path, ana=[1, 2, 3], bia=[1, 2], caio=[1])
    roles = cast(both, both, captures=2, same_folder=True)

    assert sizes(roles) == ({"ana": 2}, {"ana": 1, "bia": 2, "caio": 1})
    assert (roles.mates, roles.strangers, roles.too_few) == (1, 3, 2)


def test_only_listed_people_are_enrolled_and_the_others_are_strangers(tmp_path: Path) -> None:
    both = album(tmp_path, ana=[1, 2, 3], bia=[1, 2, 3], caio=[1])
    roles = cast(both, both, captures=2, only=["ana", "caio", "dora"], same_folder=True)

    assert sizes(roles) == ({"ana": 2}, {"ana": 1, "bia": 3, "caio": 1})
    assert (roles.too_few, roles.absent) == (1, 1)


def test_two_folders_may_hold_enrolment_and_probes_apart(tmp_path: Path) -> None:
    gallery = album(tmp_path / "gallery", ana=[1, 2], bia=[1, 2])
    probes = album(tmp_path / "probes", ana=[3], caio=[1, 2])

    assert sizes(cast(gallery, probes, captures=2)) == ({"ana": 2, "bia": 2}, {"ana": 1, "caio": 2})


def test_a_copy_of_an_enrolment_picture_is_no_probe_whatever_its_name(tmp_path: Path) -> None:
    gallery = album(tmp_path / "gallery", ana=[1, 2, 3])
    probes = album(tmp_path / "probes", ana=[9, 2, 3], caio=[1])

    # The third picture did not enrol: as a probe it is as good as a new one.
    assert sizes(cast(gallery, probes, captures=2))[1] == {"ana": 2, "caio": 1}


@pytest.mark.parametrize(
    ("probes", "fault"),
    [({"ana": [1, 2], "caio": [1]}, "anybody of the gallery"), ({"ana": [3]}, "stranger")],
)
def test_probes_of_one_kind_only_measure_nothing(tmp_path: Path, probes: dict[str, list[int]], fault: str) -> None:
    with pytest.raises(InvalidInputError, match=fault):
        cast(album(tmp_path / "g", ana=[1, 2]), album(tmp_path / "p", **probes), captures=2)


def test_a_gallery_in_which_nobody_has_enough_pictures_says_what_to_do(tmp_path: Path) -> None:
    both = album(tmp_path, ana=[1, 2])

    with pytest.raises(InvalidInputError, match="--enroll-captures"):
        cast(both, both, captures=5)
