"""Working copies of pictures and vectors, overwritten when the work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    ArrayT = TypeVar("ArrayT", bound=NDArray[Any])


class Scratch:
    """Arrays of one computation, of any shape and dtype: filled with zeros at the end of the block, whatever happens.

    What libraries copy inside themselves is out of its reach.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._arrays: list[NDArray[Any]] = []

    def keep(self, array: ArrayT) -> ArrayT:
        """Take note of an array of this computation and return it. It must own what it shows, or show nobody else's."""
        self._arrays.append(array)
        return array

    def __enter__(self) -> Self:
        """Enter."""
        return self

    def __exit__(self, *_: object) -> None:
        """Overwrite."""
        for array in self._arrays:
            array.fill(0)
