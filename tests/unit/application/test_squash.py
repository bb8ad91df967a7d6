"""Many changes as few: whatever the changes, the rows come out the same, in fewer steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st

from application.projections.changes import Amend, Change, Put, Remove
from application.projections.scratch import ScratchTable
from application.projections.squash import squashed

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS: Final = ("id", "a", "b")
keys, numbers = st.integers(1, 4), st.integers(0, 3)
values = st.fixed_dictionaries({}, optional={"a": numbers, "b": numbers})
changes = st.lists(
    st.one_of(
        st.builds(lambda key, row: Put("t", {"id": key}, row), keys, values),
        st.builds(lambda key, row: Amend("t", {"id": key}, row), keys, values),
        st.builds(lambda a, row: Amend("t", {"a": a}, row), numbers, values),
        st.builds(lambda key, a, row: Amend("t", {"id": key, "a": a}, row), keys, numbers, values),
        st.builds(lambda key: Remove("t", {"id": key}), keys),
        st.builds(lambda a: Remove("t", {"a": a}), numbers),
    ),
    max_size=12,
)


def rows(made: Iterable[Change]) -> list[dict[str, object]]:
    table = ScratchTable(COLUMNS)
    for change in made:
        table.apply(change)
    return list(table.rows())


@given(changes)
def test_the_rows_come_out_the_same(made: list[Change]) -> None:
    assert rows(squashed(made, lambda _: "id")) == rows(made)


def test_what_happens_to_one_row_is_told_once() -> None:
    made: list[Change] = [
        Put("t", {"id": 1}, {"a": 1}),
        Put("t", {"id": 2}, {"a": 1}),
        Amend("t", {"id": 1}, {"b": 2}),
        Amend("t", {"id": 3}, {"b": 1}),
        Amend("t", {"id": 3}, {"a": 2}),
    ]

    few = squashed(made, lambda _: "id")

    assert sorted(few, key=str) == sorted(
        [
            Put("t", {"id": 1}, {"a": 1, "b": 2}),
            Put("t", {"id": 2}, {"a": 1}),
            Amend("t", {"id": 3}, {"b": 1, "a": 2}),
        ],
        key=str,
    )


def test_tables_do_not_know_of_each_other() -> None:
    made: list[Change] = [Put("t", {"id": 1}, {"a": 1}), Remove("other", {"a": 1}), Amend("t", {"id": 1}, {"a": 2})]

    assert squashed(made, lambda _: "id") == [Remove("other", {"a": 1}), Put("t", {"id": 1}, {"a": 2})]
