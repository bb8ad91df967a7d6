"""Handing the history over."""

from __future__ import annotations

from domain.errors.base import DomainRuleError, FaceauthError


class ExportError(FaceauthError):
    """An export cannot be written or resumed; the message says where and what to do."""

    code = "export_failed"


class ExportTooLargeError(DomainRuleError):
    """More than one answer may hold; the message says how to ask for less, or how to get all of it."""

    code = "export_too_large"
