"""Event attributes to JSON and back, for registered value classes only."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import DatetimeAsISO, DecimalAsStr, JSONTranscoder, Transcoding, UUIDAsHex

if TYPE_CHECKING:
    from collections.abc import Sequence


class DataclassTranscoding(Transcoding):
    """A frozen dataclass as the mapping of its fields, under its class name: that name is stored history, pin it.

    A field that is added later needs a default, so that older rows still decode.
    """

    def __init__(self, cls: type[Any]) -> None:
        """Prepare for one class. Raises ``ValueError`` for anything but a frozen dataclass."""
        if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            raise ValueError(f"{cls.__qualname__} is not a frozen dataclass")
        self.type = cls
        self.name = cls.__name__
        self._fields = tuple(f.name for f in dataclasses.fields(cls))

    def encode(self, obj: Any) -> dict[str, Any]:
        """Return the fields; values inside are encoded in turn."""
        return {name: getattr(obj, name) for name in self._fields}

    def decode(self, data: dict[str, Any]) -> Any:
        """Build the value again, its own checks included."""
        return self.type(**data)


class FaithfulTranscoder(JSONTranscoder):
    """JSON that refuses to write what it would not read back as it was.

    Plain JSON turns a tuple into a list and integer keys into strings without a word; here that is a ``TypeError`` at
    the moment of writing.
    """

    def __init__(self, values: Sequence[type[Any]]) -> None:
        """Register identifiers, times and the given frozen dataclasses."""
        super().__init__()
        for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO(), *map(DataclassTranscoding, values)):
            if transcoding.name in self.names:
                raise ValueError(f"two value classes are called {transcoding.name}")
            self.register(transcoding)

    def encode(self, obj: Any) -> bytes:
        """Return UTF-8 JSON. Raises ``TypeError`` for a value that would not survive the way back."""
        data = super().encode(obj)
        if self.decode(data) != obj:
            raise TypeError("an event attribute does not survive JSON (a tuple, a set, a key that is no string?)")
        return data
