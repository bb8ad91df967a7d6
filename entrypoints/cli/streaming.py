"""One JSON document with a long list in it, written as it comes: nothing is held but one item."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TextIO


class Stream:
    """``{...head, "name": [items], "complete": true}``, each item on a line of its own.

    "complete" is missing, and so is the end of the document, where the command was cut off.
    """

    def __init__(self, out: TextIO, name: str, head: Mapping[str, Any]) -> None:
        """Write to ``out``; ``head`` comes before the list."""
        self._out = out
        self._name = name
        self._head = head
        self._first = True

    def __enter__(self) -> Self:
        """Write the head."""
        begun = "".join(f"{json.dumps(key)}: {_json(value)},\n" for key, value in self._head.items())
        self._out.write(f"{{{begun}{json.dumps(self._name)}: [\n")
        return self

    def write(self, item: Any) -> None:
        """Write one item."""
        self._out.write(("" if self._first else ",\n") + _json(item))
        self._first = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trail: TracebackType | None
    ) -> None:
        """End the document, unless it is not whole."""
        if kind is None:
            self._out.write('\n],\n"complete": true}\n')


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
