"""What codes and events mean, in plain words: Portuguese first, English second."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One sentence in both languages."""

    pt: str
    en: str

    @property
    def both(self) -> str:
        """Return both on one line."""
        return f"{self.pt} / {self.en}"

    def document(self) -> dict[str, str]:
        """Return them as JSON values."""
        return {"pt-BR": self.pt, "en": self.en}

    def with_values(self, **values: object) -> Words:
        """Return the sentence with values put into its braces."""
        return Words(self.pt.format(**values), self.en.format(**values))
