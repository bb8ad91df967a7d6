"""What one check of ``faceauth doctor`` says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it stands, and what to do if it does not stand well."""

    name: str
    state: State
    detail: str
    remedy: str = ""

    def document(self) -> dict[str, str]:
        """Return it as JSON values."""
        return asdict(self)
