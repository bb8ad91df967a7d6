"""The hospital's identity provider, from the settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from adapters.identity.absent import AbsentIdentityProvider
from adapters.identity.documents import ProviderDocuments
from adapters.identity.grants import Grants
from adapters.identity.oidc import OidcProvider, Trust
from adapters.identity.public_keys import CachedKeys, usable_keys
from application.departments import check_department
from application.ports.clock import Clock
from application.ports.identity import IdentityProvider
from domain.errors import ConfigurationError, InvalidInputError
from domain.roles import EVERYWHERE, STAFF_ROLES
from entrypoints.settings import Settings

MAX_ENTRIES: Final = 1000


def open_identity(
    settings: Settings,
    *,
    clock: Clock,
    digest: Callable[[str, str], str],
    on_fault: Callable[[Exception], None],
    eager: bool,
) -> IdentityProvider:
    """Return the configured provider, or one that vouches for nobody; ``eager`` asks for its keys in the background.

    Never waits for the network: a provider that is down keeps nothing from starting. Raises ``ConfigurationError``.
    """
    if not settings.idp_issuer and not settings.idp_audience:
        return AbsentIdentityProvider()
    if not settings.idp_issuer or not settings.idp_audience:
        raise ConfigurationError("set FACEAUTH_IDP_ISSUER and FACEAUTH_IDP_AUDIENCE, both or neither")
    if settings.idp_issuer == settings.issuer:
        raise ConfigurationError("FACEAUTH_IDP_ISSUER must not be FACEAUTH_ISSUER: nobody else signs our tokens")
    trust = Trust(
        issuer=settings.idp_issuer,
        audience=settings.idp_audience,
        grants=Grants(
            roles=role_map(settings.idp_role_map),
            roles_claim=settings.idp_roles_claim,
            department_claim=settings.idp_department_claim,
            departments=department_map(settings.idp_department_map),
        ),
        types=frozenset(kind.lower() for kind in settings.idp_token_types),
        clock_skew=timedelta(seconds=settings.idp_clock_skew_seconds),
    )
    documents = ProviderDocuments(settings.idp_issuer, ca_file=settings.idp_ca_file)
    keys = CachedKeys(documents.key_set, clock=clock, on_fault=on_fault)
    if eager:
        keys.refresh()
    return OidcProvider(trust, keys=keys, clock=clock, digest=digest)


def count_keys(settings: Settings) -> int | None:
    """Return how many usable keys the provider publishes now, None where none is configured.

    Waits for the network. Raises ``ConfigurationError``, ``UnavailableError``.
    """
    if not settings.idp_issuer:
        return None
    return len(usable_keys(ProviderDocuments(settings.idp_issuer, ca_file=settings.idp_ca_file).key_set()))


def role_map(text: str) -> dict[str, frozenset[str]]:
    """Return our roles by the provider's word: ``word=role,...``, or JSON with a role or a list of them for each word.

    Raises ``ConfigurationError`` for a role that no token of the provider may have.
    """
    found: dict[str, frozenset[str]] = {}
    for word, role in _pairs(text, "FACEAUTH_IDP_ROLE_MAP"):
        if role not in STAFF_ROLES:
            raise ConfigurationError(f"FACEAUTH_IDP_ROLE_MAP: the roles are {', '.join(sorted(STAFF_ROLES))}")
        found[word] = found.get(word, frozenset()) | {role}
    return found


def department_map(text: str) -> dict[str, str]:
    """Return our department, or "*", by the provider's word, in the same form. Raises ``ConfigurationError``."""
    found: dict[str, str] = {}
    for word, department in _pairs(text, "FACEAUTH_IDP_DEPARTMENT_MAP"):
        try:
            named = department if department == EVERYWHERE else check_department(department)
        except InvalidInputError as error:
            raise ConfigurationError(f"FACEAUTH_IDP_DEPARTMENT_MAP: {error}") from None
        if found.setdefault(word, named) != named:
            raise ConfigurationError("FACEAUTH_IDP_DEPARTMENT_MAP: a word means one department")
    return found


def _pairs(text: str, variable: str) -> Iterator[tuple[str, str]]:
    text = text.strip()
    pairs = list(_from_json(text, variable)) if text.startswith("{") else [_split(part) for part in _parts(text)]
    if len(pairs) > MAX_ENTRIES or not all(word and meaning for word, meaning in pairs):
        raise ConfigurationError(
            f"{variable} is word=meaning,word=meaning or a JSON object, up to {MAX_ENTRIES} of them"
        )
    yield from pairs


def _parts(text: str) -> list[str]:
    return [part for part in text.split(",") if part.strip()]


def _split(part: str) -> tuple[str, str]:
    # From the right: the provider's word may be a distinguished name, ours has no equals sign.
    word, _, meaning = part.rpartition("=")
    return word.strip(), meaning.strip()


def _from_json(text: str, variable: str) -> Iterable[tuple[str, str]]:
    try:
        document: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{variable} begins like JSON and is none") from None
    for word, meanings in document.items():
        for meaning in meanings if isinstance(meanings, list) else [meanings]:
            yield word, meaning if isinstance(meaning, str) else ""
