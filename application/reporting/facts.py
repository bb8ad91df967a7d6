"""What documents are made from that no event holds: who answers for it, what is installed, how it is set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Text = tuple[str, str]
"""Brazilian Portuguese first, English second."""

UNSTATED: Text = ("não informado", "not stated")


@dataclass(frozen=True, slots=True)
class Responsible:
    """Controller and encarregado as the hospital publishes them; "" where a setting is missing."""

    controller: str = ""
    controller_contact: str = ""
    encarregado: str = ""
    encarregado_contact: str = ""
    substitute: str = ""

    @property
    def missing(self) -> list[str]:
        """Names of the settings that are still to be filled in."""
        settings = {
            "FACEAUTH_CONTROLLER_NAME": self.controller,
            "FACEAUTH_CONTROLLER_CONTACT": self.controller_contact,
            "FACEAUTH_ENCARREGADO_NAME": self.encarregado,
            "FACEAUTH_ENCARREGADO_CONTACT": self.encarregado_contact,
            "FACEAUTH_ENCARREGADO_SUBSTITUTE": self.substitute,
        }
        return [name for name, value in settings.items() if not value]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A system that personal data goes to or is asked from: what kind, its name or host, what it gets."""

    kind: str
    name: str
    receives: Text


@dataclass(frozen=True, slots=True)
class Package:
    """A dependency as it is installed."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class Model:
    """A network as it is installed: SHA-256 (hex) of the file that runs, licence as its card states it."""

    name: str
    role: str
    sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a document: its name and SHA-256 (hex)."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """This installation. ``measures`` are security measures in force, as label and value.

    ``evaluations`` are the last evaluations made on this machine by kind, each with ``measured_at``; ``shipped`` says
    what the thresholds rest on that come with the program. ``findings`` of the doctor: name, state, detail; None where
    it was not asked.
    """

    responsible: Responsible
    software: str
    schema: int
    measures: Sequence[tuple[Text, str]]
    recipients: Sequence[Recipient]
    packages: Sequence[Package] = ()
    models: Sequence[Model] = ()
    evaluations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shipped: Sequence[tuple[Text, str]] = ()
    findings: Sequence[tuple[str, str, str]] | None = None
    attachments: Sequence[Attachment] = ()


def moment(at: datetime | None) -> str:
    """Return a time as documents print it, "" for none."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
