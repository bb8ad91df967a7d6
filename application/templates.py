"""Templates on their way in and out of the vault: transformed, quantised, sealed, and back."""

from __future__ import annotations

from uuid import UUID

from application.ports.vault import TemplateVault, template_binding
from domain.biometrics import Embedding, SealedTemplate
from domain.errors import SealBrokenError
from domain.template_code import decode, encode


def seal_template(vault: TemplateVault, subject_id: UUID, template_id: UUID, template: Embedding) -> SealedTemplate:
    """Return a transformed template as it is stored. Raises ``KeyDestroyedError``, ``ValueError`` for a plain one."""
    if not template.transform:
        raise ValueError("a template goes through a transform before it is sealed")
    binding = template_binding(subject_id, template_id, template.model, template.transform)
    return SealedTemplate(template_id, template.model, vault.seal(binding, encode(template)), template.transform)


def open_template(vault: TemplateVault, subject_id: UUID, template: SealedTemplate) -> Embedding:
    """Return a stored template in the transform that it was sealed in; the caller wipes it.

    Raises ``KeyDestroyedError``, and ``SealBrokenError`` for anything that is not what was sealed there.
    """
    binding = template_binding(subject_id, template.template_id, template.model, template.transform)
    raw = vault.unseal(binding, template.sealed)
    try:
        return decode(template.model, template.transform, raw)
    except ValueError:
        raise SealBrokenError("a sealed template does not hold a vector") from None
