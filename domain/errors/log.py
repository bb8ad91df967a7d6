"""Refusals about the log of events."""

from __future__ import annotations

from domain.errors.base import FaceauthError


class LogBrokenError(FaceauthError):
    """Events, log or checkpoints are not what the service wrote: nothing is signed over them."""

    code = "log_broken"
