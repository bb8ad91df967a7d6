"""What our SCIM can do, as it says itself (RFC 7643, sections 5 to 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from scim2_models import EnterpriseUser, ResourceType, ServiceProviderConfig, User

LISTS: Final = ("ServiceProviderConfig", "ResourceTypes", "Schemas")
MAX_RESULTS: Final = 100
"""Users of one answer."""

KEPT: Final = frozenset({"userName", "displayName", "name", "formatted", "givenName", "familyName", "active"})
"""Attributes of a user that are described, being those that we keep."""

_LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def described(name: str, which: str | None, base: str) -> dict[str, Any] | None:
    """Return the description of that name, or the one of them that is asked for; None where there is none such."""
    if name == LISTS[0]:
        return _configuration(base)
    documents = {document["id"]: document for document in (_types(base) if name == LISTS[1] else _schemas(base))}
    if which is None:
        return listed([*documents.values()], total=len(documents), start=1)
    return documents.get(which)


def listed(resources: Sequence[dict[str, Any]], *, total: int, start: int) -> dict[str, Any]:
    """Return a list response (RFC 7644, section 3.4.2)."""
    shown: dict[str, Any] = {
        "schemas": [_LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
    }
    return {**shown, "Resources": list(resources)} if resources else shown


def _configuration(base: str) -> dict[str, Any]:
    configuration = ServiceProviderConfig.model_validate(
        {
            "patch": {"supported": True},
            "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": True, "maxResults": MAX_RESULTS},
            "changePassword": {"supported": False},
            "sort": {"supported": False},
            "etag": {"supported": True},
            "authenticationSchemes": [
                {
                    "type": "oauthbearertoken",
                    "name": "Bearer token",
                    "description": "A token with the role provisioner",
                    "primary": True,
                }
            ],
        }
    )
    return {**configuration.model_dump(), "meta": _meta(LISTS[0], f"{base}/{LISTS[0]}")}


def _types(base: str) -> list[dict[str, Any]]:
    document = ResourceType.from_resource(User[EnterpriseUser]).model_dump()
    return [{**document, "meta": _meta("ResourceType", f"{base}/ResourceTypes/User")}]


def _schemas(base: str) -> list[dict[str, Any]]:
    return [
        {
            **(document := model.to_schema().model_dump()),
            "attributes": [_trimmed(a) for a in document["attributes"] if a["name"] in kept],
            "meta": _meta("Schema", f"{base}/Schemas/{document['id']}"),
        }
        for model, kept in ((User, KEPT), (EnterpriseUser, {"department"}))
    ]


def _trimmed(attribute: dict[str, Any]) -> dict[str, Any]:
    inner = attribute.get("subAttributes")
    return attribute if inner is None else {**attribute, "subAttributes": [a for a in inner if a["name"] in KEPT]}


def _meta(kind: str, location: str) -> dict[str, str]:
    return {"resourceType": kind, "location": location}
