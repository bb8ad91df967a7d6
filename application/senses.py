"""What evidence is gathered with: a part of the services, which the instrument brings by itself."""

from __future__ import annotations

from typing import Protocol

from application.ports.challenges import Challenges
from application.ports.clock import Clock
from application.ports.vision import FrameJudge
from application.services import Policies


class Senses(Protocol):
    """What a witness needs of the services."""

    @property
    def judge(self) -> FrameJudge:
        """Vision."""
        ...

    @property
    def policies(self) -> Policies:
        """The rules in force."""
        ...

    @property
    def challenges(self) -> Challenges:
        """Where movements are drawn from."""
        ...

    @property
    def clock(self) -> Clock:
        """Tells when frames arrive."""
        ...
