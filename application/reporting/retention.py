"""How long what is kept, as documents state it: the table of the policies in force, and what is never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from application.reporting.facts import Text
from application.retention import policies
from application.services import Services


@dataclass(frozen=True, slots=True)
class Period:
    """A category of data, how long it is kept, on what ground, what ends it; ``enforced`` as in the policies."""

    category: str
    name: Text
    kept: Text
    ground: Text
    at_end: Text
    enforced: str


IMAGES: Final = Period(
    "images",
    ("imagens da câmera", "camera images"),
    ("nunca gravadas", "never stored"),
    ("LGPD art. 6, III (necessidade)", "LGPD art. 6, III (necessity)"),
    ("apagadas da memória ao fim da tentativa", "wiped from memory when the attempt ends"),
    "never_stored",
)


def periods(services: Services) -> list[Period]:
    """Return the periods in force, as ``faceauth retention show`` prints them."""
    return [
        IMAGES,
        *(
            Period(
                line["category"],
                (line["what"], line["what_en"]),
                (line["period"], line["period_en"]),
                (line["basis"], line["basis_en"]),
                (line["at_end"], line["at_end_en"]),
                line["enforced"],
            )
            for line in policies(services)
        ),
    ]
