"""Who answers for the processing: the hospital and its encarregado, as its settings name them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Controller:
    """The controller and the encarregado (LGPD art. 41), as published; blank where the hospital has not said."""

    name: str = ""
    contact: str = ""
    encarregado_name: str = ""
    encarregado_contact: str = ""
    encarregado_substitute: str = ""
