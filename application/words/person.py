"""Why somebody was refused, as that person is told it: why, never how near they came or which test saw through a fake.

Whatever speaks of an attack is one sentence (docs/adr/0034); the officer reads the words of the exact reason.
"""

from __future__ import annotations

from typing import Final

from application.words import Words
from application.words.codes import CODES
from application.words.reasons import REASONS, reason_words

NO_LIFE: Final = Words(
    "não ficou comprovado que uma pessoa viva estava diante da câmera",
    "it was not shown that a live person was in front of the camera",
)
ATTACKS: Final = frozenset({"presentation_attack", "liveness_failed"})
TOLD: Final = frozenset(
    [
        "gallery_empty",
        "below_threshold",
        "margin_too_small",
        "claim_not_found",
        "consent_missing",
        "consent_renewal_needed",
        "enrollment_inactive",
        "account_inactive",
        "erased",
        "not_found",
        "seal_broken",
        "device_state",
        "template_replaced",
        "unknown_user",
        "other_department",
        "wrong_password",
        "password_too_short",
        "temporary_password",
        "other_username",
        "locked_out",
        "rate_limited",
        "too_small",
        "too_close",
        "off_centre",
        "too_dark",
        "too_bright",
        "blurred",
        "look_straight",
        "face_covered",
        "eyes_closed",
        "no_face",
        "many_faces",
        "invalid_image",
        "image_too_large",
        "unsupported_image_format",
        "unfit",
        "no_frame",
        "no_frames",
        "too_few_usable_frames",
        "no_steady_face",
        "no_straight_look_at_the_end",
        "client_gone",
        "service_interrupted",
        "second_factor_missing",
        "device_missing",
        "device_silent",
        "device_unknown",
        "device_revoked",
        "device_of_another_department",
    ]
)
"""Exact reasons that help the person and no attacker."""

WITHHELD: Final = frozenset(REASONS) - TOLD
"""All others: many of them say which test saw through what was shown."""

OTHER: Final = Words("outro motivo técnico", "another technical reason")


def of_code(code: str | None) -> Words:
    """Return what the client was told by that code."""
    return NO_LIFE if code in ATTACKS else CODES.get(code or "", OTHER)


def for_person(code: str | None, reason: str | None) -> Words:
    """Return why somebody was refused: the exact reason where it helps, what the client heard where it would teach."""
    return reason_words(reason) if reason is not None and reason in TOLD else of_code(code or reason)
