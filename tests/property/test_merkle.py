"""The Merkle maths against published vectors and an independent implementation."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from domain.merkle import EMPTY_ROOT, TILE, Frontier, Tree, consistent, included, leaf_hash

# The test data of RFC 6962's reference implementation (certificate-transparency-go, merkle tests), roots of 1 to 8.
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]  # fmt: skip


class Kept:
    """Leaves and the subtrees that a log keeps of them."""

    def __init__(self, count: int) -> None:
        self.levels: dict[int, list[bytes]] = {0: []}
        self.frontier = Frontier()
        self.roots = [EMPTY_ROOT]
        for number in range(count):
            self.add(leaf_hash(b"%d" % number))

    def add(self, leaf: bytes) -> None:
        self.levels[0].append(leaf)
        self.frontier.append(leaf, self.emit)
        self.roots.append(self.frontier.root)

    def emit(self, level: int, index: int, root: bytes) -> None:
        assert index == len(self.levels.setdefault(level, []))
        self.levels[level].append(root)

    def tree(self, size: int | None = None) -> Tree:
        return Tree(
            len(self.levels[0]) if size is None else size,
            lambda level, start, stop: self.levels.get(level, [])[start:stop],
        )


BIG = Kept(3 * TILE + 77)
HUGE = Kept(TILE * TILE + 3)


def test_the_roots_are_those_of_the_standard() -> None:
    frontier = Frontier()
    assert frontier.root == hashlib.sha256(b"").digest()
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        frontier.append(leaf_hash(entry))
        assert frontier.root.hex() == root


@given(st.integers(1, 60), st.data())
def test_an_independent_implementation_agrees_on_every_root_and_proof(size: int, data: st.DataObject) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for number in range(size):
        oracle.append_entry(b"%d" % number)
    tree, index = BIG.tree(size), data.draw(st.integers(0, size - 1))
    former = data.draw(st.integers(1, size))

    assert tree.root() == oracle.get_root(size) == BIG.roots[size]
    theirs = oracle.prove_inclusion(index + 1, size)
    verify_inclusion(tree.leaf(index), tree.root(), theirs)
    ours = tree.inclusion(index)
    assert included(tree.leaf(index), index, size, tree.root(), ours)
    if size > 1:
        assert [tree.leaf(index), *ours] == theirs.path
    grown = oracle.prove_consistency(former, size)
    verify_consistency(BIG.roots[former], tree.root(), grown)
    assert consistent(former, BIG.roots[former], size, tree.root(), tree.consistency(former))


@settings(max_examples=300)
@given(st.integers(1, len(BIG.levels[0])), st.data())
def test_what_is_in_the_tree_is_proven_and_nothing_else(size: int, data: st.DataObject) -> None:
    tree, index = BIG.tree(size), data.draw(st.integers(0, size - 1))
    leaf, root, path = tree.leaf(index), BIG.roots[size], tree.inclusion(index)

    assert tree.root() == root
    assert included(leaf, index, size, root, path)
    assert not included(leaf_hash(b"other"), index, size, root, path)
    assert not included(leaf, index + 1, size, root, path)
    assert not included(leaf, index, size, BIG.roots[size - 1], path)
    assert not included(leaf, index, size, root, [*path, leaf])
    assert not included(leaf, -1, size, root, path)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not included(leaf, index, size, root, [*path[:at], bytes(32), *path[at + 1 :]])
        assert not included(leaf, index, size, root, path[:-1])
        assert not included(leaf, index, size, root, [*path[:at], path[at][:-1], *path[at + 1 :]])


@settings(max_examples=300)
@given(st.integers(1, len(BIG.levels[0])), st.data())
def test_a_tree_grew_from_its_former_selves_and_from_no_other(size: int, data: st.DataObject) -> None:
    tree, former = BIG.tree(size), data.draw(st.integers(1, size))
    root, path = BIG.roots[size], tree.consistency(former)

    assert consistent(former, BIG.roots[former], size, root, path)
    assert consistent(0, EMPTY_ROOT, size, root, [])
    assert not consistent(0, EMPTY_ROOT, size, root, [root])
    assert not consistent(former, bytes(32), size, root, path)
    assert not consistent(former, BIG.roots[former], size, bytes(32), path)
    assert not consistent(former, BIG.roots[former], size, root, [*path, root])
    assert not consistent(size + 1, root, size, root, path)
    if former != size:
        assert not consistent(former + 1, BIG.roots[former], size, root, path)
        assert not consistent(former, BIG.roots[former], size, root, [])
        at = data.draw(st.integers(0, len(path) - 1))
        assert not consistent(former, BIG.roots[former], size, root, [*path[:at], bytes(32), *path[at + 1 :]])


@given(st.integers(0, 600), st.integers(0, 200))
def test_a_tree_goes_on_from_its_frontier(size: int, more: int) -> None:
    begun = Frontier()
    for leaf in BIG.levels[0][:size]:
        begun.append(leaf)
    later = Frontier(begun.size, begun.hashes)
    for leaf in BIG.levels[0][size : size + more]:
        later.append(leaf)
    assert later.root == BIG.roots[size + more]
    assert [stop - start for start, stop, _ in later.ranges()] == sorted(
        (1 << level for level in range(12) if (size + more) >> level & 1), reverse=True
    )


def test_subtrees_of_65536_leaves_are_kept_and_used() -> None:
    size = TILE * TILE + 3
    reads: list[tuple[int, int, int]] = []

    def read(level: int, start: int, stop: int) -> list[bytes]:
        reads.append((level, start, stop))
        return HUGE.levels[level][start:stop]

    tree = Tree(size, read)
    path = tree.inclusion(70)

    assert [len(HUGE.levels[level]) for level in (8, 16)] == [TILE, 1]
    assert included(HUGE.levels[0][70], 70, size, HUGE.roots[size], path)
    assert sorted(reads) == [(0, 0, 256), (0, 65536, 65539), (8, 0, 256)]
    assert consistent(300, HUGE.roots[300], size, HUGE.roots[size], tree.consistency(300))


def test_a_hash_that_is_missing_is_said_and_not_made_up() -> None:
    with pytest.raises(LookupError):
        Tree(10, lambda _level, _start, _stop: []).inclusion(3)
    with pytest.raises(LookupError):
        BIG.tree(5).inclusion(5)
    for former in (0, 6):
        with pytest.raises(LookupError):
            BIG.tree(5).consistency(former)
    with pytest.raises(ValueError, match="frontier"):
        Frontier(3, [bytes(32)])
    with pytest.raises(ValueError, match="frontier"):
        Frontier(1, [bytes(31)])


@given(st.integers(0, 600), st.integers(0, 600))
@settings(max_examples=25, deadline=None)
def test_many_leaves_at_once_make_the_tree_that_they_make_one_by_one(before: int, count: int) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(before + count)]
    slowly, quickly = Frontier(), Frontier()
    told_slowly: list[tuple[int, int, bytes]] = []
    told: list[tuple[int, int, bytes]] = []
    for leaf in leaves:
        slowly.append(leaf, lambda *node: told_slowly.append(node))

    quickly.extend(leaves[:before], lambda *node: told.append(node))
    quickly.extend(leaves[before:], lambda *node: told.append(node))

    assert (quickly.size, quickly.hashes) == (slowly.size, slowly.hashes)
    assert told == told_slowly


def test_a_wide_tree_keeps_the_same_subtrees_however_it_came_to_be() -> None:
    told: list[tuple[int, int, bytes]] = []

    Frontier().extend(HUGE.levels[0], lambda *node: told.append(node))

    kept = {level: [root for at, _, root in told if at == level] for level, _, _ in told}
    assert kept == {level: roots for level, roots in HUGE.levels.items() if level}
