"""Attempts, sessions, devices and the credentials that open something."""

from __future__ import annotations

from domain.errors.base import DomainRuleError, InvalidInputError, NotAllowedError


class AttemptStateError(DomainRuleError):
    """The attempt is over, or not that far yet."""

    code = "attempt_state"


class SessionStateError(DomainRuleError):
    """The session is not open."""

    code = "session_state"


class DeviceStateError(DomainRuleError):
    """The device is not, or no longer, one that we know."""

    code = "device_state"


class PairingRefusedError(NotAllowedError):
    """A pairing code that is wrong, used, or over: never said which."""

    code = "pairing_refused"


class TooManyGuessesError(NotAllowedError):
    """More tries within a minute, or more open codes, than there may be."""

    code = "too_many_guesses"


class TokenInvalidError(NotAllowedError):
    """A token that is expired, forged, of another audience or not a token."""

    code = "invalid_token"


class LinkRefusedError(NotAllowedError):
    """A sign-in link of the console that is wrong, used, or over: never said which."""

    code = "link_refused"


class OriginRefusedError(NotAllowedError):
    """A form that did not come from our own page, or from one of an earlier sign-in."""

    code = "origin_refused"


class LockedOutError(NotAllowedError):
    """Too many failures: wait ``retry_after_s`` seconds; None where only an administrator or another way in helps."""

    code = "locked_out"

    def __init__(self, retry_after_s: int | None, *, first: bool = False) -> None:
        """Say how long to wait; ``first``: nobody was turned away since that wait began, so this one is recorded."""
        super().__init__("too many failures: wait, or use another way in")
        self.retry_after_s = retry_after_s
        self.first = first


class LockoutStateError(DomainRuleError):
    """The lockout is over."""

    code = "lockout_state"


class RateLimitedError(NotAllowedError):
    """Too many attempts from one place, whatever became of them: wait ``retry_after_s`` seconds."""

    code = "rate_limited"

    def __init__(self, retry_after_s: int) -> None:
        """Say how long to wait."""
        super().__init__("too many attempts: wait")
        self.retry_after_s = retry_after_s


class WrongPasswordError(NotAllowedError):
    """No such username, a wrong password, or an account that may not sign in: never said which."""

    code = "wrong_password"


class PasswordRejectedError(DomainRuleError):
    """A new password that is too short, too long, or among the first to be guessed; the message says which."""

    code = "password_rejected"


class PasswordChangeRequiredError(NotAllowedError):
    """The password is right, but temporary: it opens nothing until its owner has chosen another one."""

    code = "password_change_required"


class PasswordsOffError(DomainRuleError):
    """Nobody signs in with a password here."""

    code = "passwords_off"


class PasswordsElsewhereError(DomainRuleError):
    """Passwords are kept by the hospital's directory or identity provider: that is where they are set."""

    code = "passwords_elsewhere"


class FaceRequiredError(NotAllowedError):
    """In that department a password opens nothing by itself: the face comes first."""

    code = "face_required"


class TicketInvalidError(NotAllowedError):
    """No such ticket, or one that is used, expired, or of another attempt or department: the face comes first again."""

    code = "invalid_ticket"


class GrantInvalidError(NotAllowedError):
    """A refresh token that is unknown, spent, of another client or key, or of a session that is over."""

    code = "invalid_grant"


class RefreshReusedError(GrantInvalidError):
    """A refresh token came a second time: two hold it, one of whom should not. Its session is over."""

    code = "refresh_reused"


class ClientUnknownError(NotAllowedError):
    """No such client, a revoked one, or not its secret."""

    code = "invalid_client"


class ClientTakenError(DomainRuleError):
    """The id of a client that there is, or was."""

    code = "client_taken"


class ProofInvalidError(TokenInvalidError):
    """No proof, or no good one, of the key that a token is bound to (RFC 9449)."""

    code = "invalid_dpop_proof"


class AudienceInvalidError(InvalidInputError):
    """An audience that the client may take no tokens for (RFC 8707, section 2)."""

    code = "invalid_target"
