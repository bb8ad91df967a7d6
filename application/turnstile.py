"""Lockout on the way of an attempt by face: looked at before it starts, held while it is judged, told how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from application import lockout
from application.outcome import LOCKED_OUT, NOT_RECOGNISED, PASSWORD, Outcome
from application.services import Services
from domain.act import Act
from domain.attempt import Attempt
from domain.errors import FaceauthError, LockedOutError
from domain.policies.liveness import CHALLENGE_FAILED, LIVENESS_FAILED, PRESENTATION_ATTACK

FAILURES: Final = {
    NOT_RECOGNISED: True,
    PRESENTATION_ATTACK: False,
    CHALLENGE_FAILED: False,
    LIVENESS_FAILED: False,
}
"""What counts as a failure, and whether a live person was there by then.

A face that is not recognised counts the same whatever the reason is (nobody's, no consent, not active, another
department's): the client hears the same, and the count must not tell them apart. Pictures of too low a quality, time
that ran out and a client that left are no failures to authenticate: nothing was compared, and nothing learned. They are
attempts all the same, for the rate.
"""


@dataclass(frozen=True, slots=True)
class Turnstile:
    """What one attempt by face goes through."""

    services: Services
    department: str
    address: str

    def look(self, attempt: Attempt, *, act: Act) -> None:
        """Raise ``LockedOutError`` before an attempt starts; write the first of each wait into the history."""
        try:
            lockout.look(self.services, self._origin(), act=act)
        except LockedOutError as error:
            if error.first:
                attempt.refuse(code=LOCKED_OUT, reason=LOCKED_OUT, next_step=PASSWORD, act=act)
                attempt.offer_fallback(method=PASSWORD, act=act)
                self.services.store.save(attempt)
            raise

    def through(
        self, claim: str | None, device_id: UUID | None, judge: Callable[[], Outcome], act: Callable[[], Act]
    ) -> Outcome:
        """Judge whoever claims to be ``claim``, on a device that proved itself, while a slot is held; count the end.

        Raises ``LockedOutError`` before, and whatever ``judge`` raises.
        """
        origin = self._claimed(claim, device_id)
        lockout.check(self.services, origin, act=act())
        try:
            outcome = judge()
        except FaceauthError:
            lockout.undecided(self.services, origin, act=act())
            raise
        if outcome.admission is not None:
            lockout.succeeded(self.services, replace(origin, subject_id=outcome.admission.subject_id), act=act())
        elif outcome.code in FAILURES:
            lockout.failed(self.services, origin, act=act(), pad_passed=FAILURES[outcome.code])
        else:
            lockout.undecided(self.services, origin, act=act())
        return outcome

    def _claimed(self, claim: str | None, device_id: UUID | None) -> lockout.Origin:
        origin = replace(self._origin(), device_id=device_id)
        if claim is None:
            return origin
        digest = self.services.vault.digest("username", claim)
        return replace(origin, subject_id=self.services.store.claimant("username", digest), claim_digest=digest)

    def _origin(self) -> lockout.Origin:
        return lockout.Origin(lockout.FACE, self.department, self.address)
