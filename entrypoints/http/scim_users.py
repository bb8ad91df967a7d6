"""SCIM users (RFC 7643, section 4.1) and the few of their attributes that we keep; the others are taken and dropped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from scim2_models import Context, EnterpriseUser, Meta, Name, PatchOp, SCIMException, ScimPolicy, User

from application.provisioning import Profile, Provisioned
from domain.errors import InvalidInputError

ScimUser = User[EnterpriseUser]
CORE: Final = str(User.__schema__)
ENTERPRISE: Final = str(EnterpriseUser.__schema__)
PATCH: Final = str(PatchOp.__schema__)

MAX_OPERATIONS: Final = 100
_KEPT: Final = frozenset({"schemas", "username", "externalid", "displayname", "name", "active", ENTERPRISE.lower()})
_DROPPED: Final = frozenset(
    {
        *(str(info.alias or name).lower().replace("_", "") for name, info in User.model_fields.items()),
        *(name.replace("_", "") for name in ("employee_number", "cost_center", "organization", "division", "manager")),
    }
) - {*_KEPT, "id", "department"}
"""Attributes that a user may have and we do not want to know (LGPD art. 6, III: no more than is needed)."""

_LENIENT: Final = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)
_ROOT: Final = re.compile(r"[A-Za-z$][\w$-]*")


class ScimRefusedError(InvalidInputError):
    """What cannot be taken, with its ``scimType`` (RFC 7644, table 9)."""

    def __init__(self, detail: str, scim_type: str) -> None:
        """Take both."""
        super().__init__(detail)
        self.scim_type = scim_type


def document(raw: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises ``ScimRefusedError``."""
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise ScimRefusedError("the body is a JSON object", "invalidSyntax")
    return parsed


def user_of(given: Mapping[str, Any], context: Context) -> ScimUser:
    """Return the user that a body of POST or PUT describes. Raises ``ScimRefusedError``."""
    kept = {name: value for name, value in given.items() if name.lower() in _KEPT}
    try:
        return ScimUser.model_validate(kept, scim_ctx=context, scim_policy=_LENIENT)
    except ValidationError as error:
        raise _refused(error) from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ScimRefusedError("the body is no user", "invalidSyntax") from None


def patched(user: ScimUser, given: Mapping[str, Any]) -> ScimUser:
    """Return the user after a PATCH (RFC 7644, section 3.5.2), dialects included. Raises ``ScimRefusedError``."""
    operations = next((value for name, value in given.items() if name.lower() == "operations"), None)
    if not isinstance(operations, list) or not 0 < len(operations) <= MAX_OPERATIONS:
        raise ScimRefusedError(f"a PATCH has 1 to {MAX_OPERATIONS} operations", "invalidSyntax")
    wanted = [kept for operation in operations if (kept := _kept(operation)) is not None]
    if not wanted:
        return user
    after: ScimUser = user.model_copy(deep=True)
    try:
        patch = PatchOp[ScimUser].model_validate(
            {"schemas": [PATCH], "Operations": wanted}, scim_ctx=Context.RESOURCE_PATCH_REQUEST
        )
        patch.patch(after)
    except ValidationError as error:
        raise _refused(error) from None
    except SCIMException as error:
        raise ScimRefusedError(error.detail, error.scim_type or "invalidValue") from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ScimRefusedError("the operations cannot be applied", "invalidValue") from None
    return after


def profile_of(user: ScimUser, *, department: str | None) -> Profile:
    """Return what we keep of a user; ``department`` serves where the user has none. Raises ``ScimRefusedError``."""
    extension = user[EnterpriseUser]
    named = (extension.department if extension is not None else None) or department
    if not user.user_name:
        raise ScimRefusedError("userName is needed", "invalidValue")
    if not named:
        raise ScimRefusedError(f"{ENTERPRISE}:department is needed", "invalidValue")
    return Profile(
        user_id=user.external_id or user.user_name,
        username=user.user_name,
        display_name=_display_name(user),
        department=named.strip(),
        active=user.active is not False,
    )


def as_user(provisioned: Provisioned, base: str) -> ScimUser:
    """Return an account as a user; ``base`` is the address that SCIM begins at."""
    profile = provisioned.profile
    user = ScimUser(
        id=str(provisioned.subject_id),
        external_id=profile.user_id,
        user_name=profile.username,
        display_name=profile.display_name,
        name=Name(formatted=profile.display_name),
        active=profile.active,
        meta=Meta(
            resource_type="User",
            created=provisioned.created_at,
            last_modified=provisioned.changed_at,
            location=f"{base}/Users/{provisioned.subject_id}",
            version=etag(provisioned),
        ),
    )
    user[EnterpriseUser] = EnterpriseUser(department=profile.department)
    return user


def etag(provisioned: Provisioned) -> str:
    """Return the version of a user as an entity tag."""
    return f'W/"{provisioned.version}"'


def as_document(user: ScimUser) -> dict[str, Any]:
    """Return a user as JSON values."""
    shown: dict[str, Any] = user.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return shown


def renamed(before: ScimUser, after: ScimUser) -> ScimUser:
    """Let a new ``name`` be the display name where only that was changed: an account has one name to show."""
    old, new = before.name, after.name
    if old is None or new is None or after.display_name != before.display_name or new == old:
        return after
    if new.formatted != old.formatted:
        after.display_name = new.formatted
    elif new.given_name and new.family_name:
        after.display_name = f"{new.given_name} {new.family_name}"
    return after


def _display_name(user: ScimUser) -> str:
    name = user.name
    parts = (name.given_name, name.family_name) if name is not None else ()
    together = " ".join(part for part in parts if part)
    formatted = name.formatted if name is not None else None
    return user.display_name or formatted or together or user.user_name or ""


def _kept(operation: object) -> dict[str, Any] | None:
    """Return an operation as far as it is about what we keep, None where it is about nothing of that."""
    if not isinstance(operation, Mapping):
        raise ScimRefusedError("an operation is a JSON object", "invalidSyntax")
    lowered = {str(name).lower(): value for name, value in operation.items()}
    kept: dict[str, Any] = {name: lowered[name] for name in ("op", "path", "value") if name in lowered}
    path, value = kept.get("path"), kept.get("value")
    if path:
        return None if not isinstance(path, str) or _is_dropped(path) else kept
    if not isinstance(value, Mapping):
        return kept
    inner = {
        name: item for name, item in value.items() if not _is_dropped(name) and name.lower() not in {"schemas", "id"}
    }
    if isinstance(extension := inner.get(ENTERPRISE), Mapping):
        inner[ENTERPRISE] = {name: item for name, item in extension.items() if name.lower() == "department"}
    return {**kept, "value": inner} if inner else None


def _is_dropped(path: str) -> bool:
    lowered = path.lower()
    for urn in (ENTERPRISE.lower(), CORE.lower()):
        if lowered.startswith(f"{urn}:"):
            lowered = lowered.removeprefix(f"{urn}:")
            break
    else:
        if lowered.startswith("urn:") and lowered not in _KEPT:
            return True  # an extension of somebody else's
    root = _ROOT.match(lowered)
    return root is not None and root[0] in _DROPPED


def _refused(error: ValidationError) -> ScimRefusedError:
    first = error.errors(include_url=False, include_input=False)[0]
    kind = str(first.get("ctx", {}).get("scim_type") or "invalidValue")
    return ScimRefusedError(first["msg"], kind)
