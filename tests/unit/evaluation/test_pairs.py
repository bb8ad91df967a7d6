"""Lists of pairs as people write them, and where they go wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from application.evaluation.pairs import Pair, Shot, parse_pairs, spread
from application.evaluation.pictures import ids_in, people_in, pictures_of_pairs
from domain.errors import InvalidInputError

LFW = "2\t1\nAna\t1\t4\nAna\t1\tBia\t2\nBia\t1\t2\nBia\t1\tCaio\t1\n"


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_the_lfw_format_has_folds_and_both_kinds_of_pairs() -> None:
    pairs = parse_pairs(LFW)

    assert pairs[0] == Pair(Shot("Ana", 1), Shot("Ana", 4), genuine=True, fold=0, line=2)
    assert pairs[1] == Pair(Shot("Ana", 1), Shot("Bia", 2), genuine=False, fold=0, line=3)
    assert [pair.fold for pair in pairs] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "text", [LFW.replace("\t", " "), LFW.replace("\n", "\r\n"), "\ufeff" + LFW, "# list\n\n" + LFW]
)
def test_spaces_other_line_ends_marks_and_comments_do_no_harm(text: str) -> None:
    assert [(p.first, p.second, p.genuine, p.fold) for p in parse_pairs(text)] == [
        (p.first, p.second, p.genuine, p.fold) for p in parse_pairs(LFW)
    ]


def test_a_count_alone_makes_no_folds() -> None:
    assert {pair.fold for pair in parse_pairs("1\nAna 1 2\nAna 1 Bia 1\n")} == {None}


def test_paths_with_a_label_are_pairs_too() -> None:
    pairs = parse_pairs("ana/a.jpg ana/b.jpg 1\nana/a.jpg\tbia/foto 1.png\t0\n")

    assert pairs[0] == Pair(Shot("ana/a.jpg"), Shot("ana/b.jpg"), genuine=True, fold=None, line=1)
    assert pairs[1].second.name == "bia/foto 1.png"
    assert [pair.genuine for pair in pairs] == [True, False]
    assert pairs[0].first.subject == pairs[0].second.subject == "ana"


@pytest.mark.parametrize(
    "line", ["Ana 1", "Ana 1 x", "Ana 1 Bia x", "a.jpg b.jpg 2", "a b c d e", "Ana -1 2", "9" * 40]
)
def test_a_line_that_is_no_pair_is_named_by_its_number(line: str) -> None:
    with pytest.raises(InvalidInputError, match="line 3 "):
        parse_pairs(f"2\nAna 1 2\n{line}\n")


@pytest.mark.parametrize("line", ["/etc/a.jpg b.jpg 1", "a.jpg ../b.jpg 0"])
def test_a_path_does_not_lead_out_of_the_folder(line: str) -> None:
    with pytest.raises(InvalidInputError, match=r"line 1 .*leads out"):
        parse_pairs(line)


@pytest.mark.parametrize("text", ["", "\n\n", "10 300\n", "# nothing\n"])
def test_an_empty_list_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        parse_pairs(text)


def test_a_list_that_was_cut_short_is_noticed() -> None:
    with pytest.raises(InvalidInputError, match="holds 3 pairs, its first line says 4"):
        parse_pairs("".join(LFW.splitlines(keepends=True)[:-1]))


def test_a_limit_takes_pairs_from_all_over_the_list() -> None:
    pairs = parse_pairs(LFW)

    assert spread(pairs, 2) == [pairs[0], pairs[2]]
    assert spread(pairs, None) == spread(pairs, 9) == pairs


@pytest.mark.parametrize(
    "name", ["Ana/Ana_0004.jpg", "Ana/Ana_0004.PNG", "deep/er/Ana/Ana_4.jpeg", "Ana_0004.jpg", "Ana/0004.webp"]
)
def test_the_fourth_picture_of_ana_is_found_however_it_is_filed(tmp_path: Path, name: str) -> None:
    pairs = [Pair(Shot("Ana", 4), Shot("Ana", 4), genuine=True, fold=None, line=1)]

    assert pictures_of_pairs(pairs, touch(tmp_path, name))[Shot("Ana", 4)].path == tmp_path / name


def test_a_name_with_an_accent_is_found_in_either_spelling(tmp_path: Path) -> None:
    pairs = [Pair(Shot("Jo\u00e3o", 1), Shot("Jo\u00e3o", 1), genuine=True, fold=None, line=1)]

    assert pictures_of_pairs(pairs, touch(tmp_path, "Joa\u0303o/Joa\u0303o_0001.jpg"))


def test_missing_pictures_are_counted_and_the_first_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"3 of the pictures .* line 2 "):
        pictures_of_pairs(parse_pairs(LFW), touch(tmp_path, "Ana/Ana_0001.jpg", "Bia/Bia_0001.jpg"))


def test_people_are_folders_and_everything_is_in_order(tmp_path: Path) -> None:
    people = people_in(touch(tmp_path, "bia/2.jpg", "bia/1.png", "ana/x.jpg", "ana/notes.txt", ".git/y.jpg"))

    assert {person: [p.name for p in pictures] for person, pictures in people.items()} == {
        "ana": ["ana/x.jpg"],
        "bia": ["bia/1.png", "bia/2.jpg"],
    }


def test_folders_that_say_nothing_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="is not a folder"):
        people_in(tmp_path / "nowhere")
    with pytest.raises(InvalidInputError, match="holds no picture"):
        people_in(tmp_path)
    with pytest.raises(InvalidInputError, match="belongs to nobody"):
        people_in(touch(tmp_path, "loose.jpg"))


def test_a_list_of_people_has_each_once_and_no_empty_line(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("Bia\n\n# comment\nAna\nBia\n")

    assert ids_in(tmp_path / "ids.txt") == ["Bia", "Ana"]


@pytest.mark.parametrize(("content", "fault"), [(b"\n", "names nobody"), (b"\xff\xfe\xff", "UTF-8")])
def test_a_list_of_nobody_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "ids.txt").write_bytes(content)

    with pytest.raises(InvalidInputError, match=fault):
        ids_in(tmp_path / "ids.txt")
